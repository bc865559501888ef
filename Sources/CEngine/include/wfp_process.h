// What one process remembers. Static storage, because hooked paths may not allocate; inherited by fork, gone
// after exec. Words that several threads write are atomics.
#ifndef WFP_PROCESS_H
#define WFP_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "wfp_layout.h"

#define WFP_PATH_MAX 4096u
#define WFP_OWN_PATH_MAX 1024u
#define WFP_DESCRIPTORS 65536u  // descriptors above this are not watched for close (the engine repairs itself)
#define WFP_HELD_BUCKETS 64u
#define WFP_HELD_PER_BUCKET 8u
#define WFP_SERVED_MAX 32u
#define WFP_MAPPINGS 16u

enum { WFP_NOT_ATTACHED = 0, WFP_ATTACHED = 1, WFP_REFUSED = 2 };

// One mapped engine file. Written once, then read by all threads.
struct wfp_mapping {
  void *_Nullable header;
  void *_Nullable flow_header;
  size_t header_length, flow_length;
  uint64_t allocated;  // bytes of the flow region that the file is known to have
  uint64_t device, inode;
};

// A claimed flow that this process holds (SPEC S4.4), found by the destination that was dialled.
struct wfp_held {
  uint64_t slot_and_generation;  // slot number + 1 in bits 0-23, generation above; 0 empty
  uint64_t destination;          // hash of address and port
  uint64_t hops;                 // the flow's lineage
};

// An endpoint on which this process listens or has accepted (SPEC S4.3).
struct wfp_served {
  uint64_t state;  // 0 empty, 1 being written, 2 valid
  uint64_t cookie;
  struct wfp_address address;
  uint32_t pid;  // who called listen
};

// A datagram socket on which IP_WFP_REDIRECT_CONTEXT or _RECORDS was set (SPEC S8.2).
enum { WFP_WANTS_CONTEXT = 1, WFP_WANTS_RECORDS = 2 };
#define WFP_WISHES_MAX 64u
struct wfp_wish {
  uint64_t cookie;  // 0 empty
  uint64_t wants;
};

struct wfp_process {
  // Settings, read once at load. Strings are offsets into `text`, 0 none.
  uint32_t engine_path;  // none: the user's engine in /dev/shm
  uint32_t log_path;
  uint32_t text_used;
  uint32_t trace_path;
  uint64_t log_descriptor;  // descriptor + 1; 0: none, or a path
  uint64_t required;
  uint64_t loaded;

  // The engine. mapping + 1 of the one in force; 0: none.
  uint64_t current;
  uint64_t looked_up;    // second in which the path was last compared with the mapping
  uint64_t attach_lock;  // 0, or the pid while a thread attaches; the others wait for it, but not for ever
  uint64_t refusal;      // errno + 1 for which the engine was refused; 0: it was not
  uint64_t next_mapping;

  // The executable (ALE_APP_ID), and who the process is, computed anew after fork.
  uint64_t path_length;
  uint64_t path_number;  // interned; 0: not yet
  uint64_t identity_pid, start_ticks, start_time;
  uint64_t pid_namespace;
  uint64_t clock_offset, tick_offset;  // of the time namespace: nanoseconds, clock ticks

  uint64_t log_window, log_count;
  uint64_t takes_datagrams;  // 1: this process has UDP redirects, or serves an endpoint of UDP (SPEC S10.6)
  struct wfp_mapping mappings[WFP_MAPPINGS];
  // All strings behind each other: a start that touches few pages is a fast one (DESIGN P1).
  char text[2 * WFP_PATH_MAX];
  char path[WFP_OWN_PATH_MAX];  // of the executable
  uint64_t descriptors[WFP_DESCRIPTORS / 64];
  uint64_t informed[WFP_DESCRIPTORS / 64];  // sockets on which the shim switched IP_PKTINFO on
  struct wfp_wish wishes[WFP_WISHES_MAX];
  struct wfp_held held[WFP_HELD_BUCKETS * WFP_HELD_PER_BUCKET];
  struct wfp_served served[WFP_SERVED_MAX];
};

struct wfp_process *_Nonnull wfp_process(void);

// Swift imports fixed arrays as tuples; their elements are reached through these.
static inline char *_Nonnull wfp_text(uint32_t at) { return wfp_process()->text + at; }
static inline char *_Nonnull wfp_own_path(void) { return wfp_process()->path; }
static inline struct wfp_mapping *_Nonnull wfp_mappings(void) { return wfp_process()->mappings; }
static inline uint64_t *_Nonnull wfp_descriptor_words(void) { return wfp_process()->descriptors; }
static inline uint64_t *_Nonnull wfp_informed_words(void) { return wfp_process()->informed; }
static inline struct wfp_wish *_Nonnull wfp_wishes(void) { return wfp_process()->wishes; }
static inline struct wfp_held *_Nonnull wfp_held_flows(void) { return wfp_process()->held; }
static inline struct wfp_served *_Nonnull wfp_served_endpoints(void) { return wfp_process()->served; }

#endif
