// What a traced process tells of each hooked call: one event of fixed size, appended to the file that WFPSHIM_TRACE
// names (`wfpctl trace`). It never leaves the machine, and reader and writer are of one version.
#ifndef WFP_TRACE_H
#define WFP_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "wfp_layout.h"
#include "wfp_process.h"
#include "wfp_system.h"

#define WFP_TRACE_MAGIC 0x31545057u  // "WPT1"
#define WFP_TRACE_HOPS 16u

enum { WFP_TRACE_CONNECT = 1, WFP_TRACE_SEND = 2, WFP_TRACE_ACCEPT = 3, WFP_TRACE_IOCTL = 4 };

// What the shim made of a call.
enum {
  WFP_TRACE_DIRECT = 0,  // nothing: as without the shim
  WFP_TRACE_REDIRECTED = 1,
  WFP_TRACE_BLOCKED = 2,
  WFP_TRACE_NOT_LISTENING = 3,  // a filter redirects it, and no endpoint listens
  WFP_TRACE_OVER_LIMIT = 4,     // of hops
  WFP_TRACE_CLAIMED = 5,        // an accepted socket that a flow was published for
  WFP_TRACE_TOO_LATE = 6,       // records for a socket that is past connect
  WFP_TRACE_REFUSED = 7,        // for another reason: the error tells
};

struct wfp_trace_hop {
  uint32_t provider_name, filter_name;  // interned
  uint32_t flags;                       // of the hop
};

struct wfp_trace_event {
  uint32_t magic;
  uint16_t call, outcome;
  uint64_t began;      // ns since 1970
  uint64_t duration;   // ns, the kernel's time included
  uint64_t filter_id;  // which decided; 0: none
  uint32_t pid, thread;
  int32_t descriptor;
  int32_t result;   // 0 or -errno
  uint32_t code;    // WFP_TRACE_IOCTL: the control code
  uint32_t length;  // and the bytes that it returned or wants
  uint32_t application_pid, application_path;
  uint32_t hop_count;  // of the lineage; the first WFP_TRACE_HOPS are given
  uint32_t is_datagram;
  struct wfp_address destination;  // what the application dialled
  struct wfp_address peer;         // where it goes, or came from
  uint8_t flow_id[16];             // of the last hop
  char program[32];                // the last part of the executable's path, cut
  struct wfp_trace_hop hops[WFP_TRACE_HOPS];
};
_Static_assert(sizeof(struct wfp_trace_event) == 368, "struct wfp_trace_event");

static inline struct wfp_trace_hop *_Nonnull wfp_trace_hops(struct wfp_trace_event *_Nonnull event) {
  return event->hops;
}
static inline char *_Nonnull wfp_trace_program(struct wfp_trace_event *_Nonnull event) { return event->program; }

// When a call begins: 0 where nobody traces.
static inline uint64_t wfp_trace_began(void) {
  return __builtin_expect(wfp_process()->trace_path != 0, 0) ? wfp_now(CLOCK_MONOTONIC) : 0;
}

// An errno as a program's source has it; NULL for a number that none has. Of glibc, for readers of a trace.
extern const char *_Nullable strerrorname_np(int number);
static inline const char *_Nullable wfp_error_name(int32_t number) { return strerrorname_np(number); }

#endif
