// The engine file: the state that all processes which take part share (the Base Filtering Engine's role).
//
//   header page            written by wfpctl alone; preloaded processes map it and the policy read-only
//   policy buffers 0, 1    two compiled policies (wfp_policy.h); the header's generation says which is in force
//   flow header page       counters and cursors that every participant writes
//   segment 0..7           flow slots, blocks, index; segment k is 2^k times the size of segment 0
//   (later policy buffers) larger ones, appended
//
// Rules: allocated in full when it is made or grown, never shrunk, replaced by rename (SPEC S10.5). Every
// number is native-endian: the file never leaves the machine. Offsets are from the start of the file.
#ifndef WFP_LAYOUT_H
#define WFP_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#define WFP_ENGINE_MAGIC 0x454e49474e455057  // "WPENGINE"
#define WFP_ENGINE_VERSION 4u
#define WFP_PAGE 4096u
#define WFP_POLICY_BUFFER_SIZE 262144u
#define WFP_SEGMENTS 8u               // a million flows
#define WFP_DEFAULT_SEGMENT_LIMIT 6u  // a quarter of one: address space in every process
#define WFP_SEGMENT0_FLOWS 4096u
#define WFP_BLOCK_SIZE 128u
#define WFP_BLOCKS_PER_FLOW 4u      // blocks of a segment = flows x this
#define WFP_INDEX_PER_FLOW 8u       // index entries of a segment = flows x this
#define WFP_BUCKET 8u               // index entries in a bucket: one cache line
#define WFP_POLICY_REACH 33554432u  // room for larger policy buffers behind the last segment
#define WFP_STRINGS_SIZE 131072u    // arena of interned paths and names
#define WFP_STRING_BUCKETS 4096u
#define WFP_CONTEXT_MAX 65536u  // SPEC S2.16
#define WFP_HOPS_MAX 64u        // upper bound of a policy's hopLimit
#define WFP_DEFAULT_HOP_LIMIT 16u

// An address as the application dialled it: port in network order, IPv4 in the first four bytes.
struct wfp_address {
  uint16_t family;  // 0 none, else AF_INET or AF_INET6 (Linux's numbers)
  uint16_t port;
  uint32_t flow_info;
  uint32_t scope_id;
  uint8_t bytes[16];
};
_Static_assert(sizeof(struct wfp_address) == 28, "struct wfp_address");

// The original application of a connection (ALE_ORIGINAL_APP_ID and what belongs to it).
struct wfp_application {
  uint64_t start_time;  // ns since 1970
  uint32_t pid, uid, gid, session;
  uint32_t path;  // interned; 0 unknown
  uint32_t is_root;
};
_Static_assert(sizeof(struct wfp_application) == 32, "struct wfp_application");

enum { WFP_HOP_INHERITED = 1 };  // counts for the hop limit, not for the redirect state (SPEC S4.4)

// One redirect in a chain.
struct wfp_hop {
  uint8_t flow_id[16];   // random, unguessable
  uint8_t provider[16];  // the redirect handle: the provider's GUID in memory order
  uint64_t filter_id;
  uint64_t time;                        // ns since 1970
  uint32_t provider_name, filter_name;  // interned
  uint32_t flags;
  uint32_t reserved;
};
_Static_assert(sizeof(struct wfp_hop) == 64, "struct wfp_hop");

// The redirect records blob: this header, then hop_count hops, oldest first. Opaque to its users.
#define WFP_RECORDS_MAGIC 0x52504657u  // "WFPR"
struct wfp_records {
  uint32_t magic;
  uint16_t version, hop_count;
  uint32_t size;  // of the whole blob
  uint32_t reserved;
  uint8_t mac[16];  // SipHash-2-4-128 under the engine's key over the blob with this field zero
  struct wfp_application application;
};
_Static_assert(sizeof(struct wfp_records) == 64, "struct wfp_records");
_Static_assert(sizeof(struct wfp_records) + sizeof(struct wfp_hop) <= 256, "SPEC S2.16: one hop");
_Static_assert(sizeof(struct wfp_records) + 8 * sizeof(struct wfp_hop) <= 1024, "SPEC S2.16: eight hops");
#define WFP_RECORDS_MAX 4160u
_Static_assert(WFP_RECORDS_MAX == sizeof(struct wfp_records) + WFP_HOPS_MAX * sizeof(struct wfp_hop), "records");

// A slot's state word: state in bits 0-3, and
//   FREE, CARRYING, PUBLISHED, CLAIMED: generation in bits 4-63;
//   BUSY (one process is changing it):  its owner's mark (below) in bits 4-57, low 6 bits of the generation
//   in bits 58-63. A BUSY slot whose owner is dead is taken over by the next participant.
// A process's mark: pid in bits 0-21, low 16 bits of its start time (clock ticks) in bits 22-37, low 16 bits of
// its pid namespace's inode in bits 38-53. 0 where /proc did not say.
enum {
  WFP_FREE = 0,
  WFP_BUSY = 1,
  WFP_CARRYING = 2,   // a socket on which records were set (stage 6), not redirected
  WFP_PUBLISHED = 3,  // redirected, not yet accepted (stage 3)
  WFP_CLAIMED = 4,    // accepted by its redirect service (stage 4)
};
enum { WFP_HINT_CLIENT_CLOSED = 1, WFP_HINT_ACCEPTED_CLOSED = 2 };
enum {
  WFP_FLOW_FAITHFUL = 1,     // the app's getpeername tells the proxy's address
  WFP_FLOW_UNREAD = 2,       // made of a PROXY header that still stands in the accepted socket's stream
  WFP_FLOW_DATAGRAM = 4,     // UDP
  WFP_FLOW_ADDRESSED = 8,    // UDP without connect: one of the flows of its socket, known by its destination
  WFP_FLOW_CONNECTING = 16,  // published, and the real connect has not been made: the kernel knows of no connection
};

// A client socket that takes part: one that carries records, or whose connect was redirected.
struct wfp_flow {
  uint64_t state;
  uint64_t generation;
  uint64_t client_cookie;    // SO_COOKIE of the application's socket
  uint64_t accepted_cookie;  // SO_COOKIE of the service's socket; 0 until it is claimed
  uint64_t netns;            // SO_NETNS_COOKIE
  uint64_t published;        // ns since 1970
  uint32_t hints;
  uint32_t flags;
  uint32_t block, block_count;  // attachment: hops, then the context

  uint16_t hop_count;                  // hops in the attachment
  uint16_t set_hop_count;              // of these, how many came with SIO_SET (the first ones)
  uint32_t sequence;                   // of the publication: which of two flows is newer (clocks differ, and are set)
  uint32_t context_length;             // bytes behind the hops
  uint32_t client_pid, client_path;    // the connecting process
  uint32_t service_pid, service_path;  // the process that claimed it
  uint32_t client_mark;                // bits 22-53 of the connecting process's mark
  struct wfp_address source;           // as the service sees it; family 0 bytes when the kernel chooses it
  struct wfp_address endpoint;         // the service's endpoint that was taken
  struct wfp_address destination;      // what the application dialled
  struct wfp_address local;            // what the application had bound; family only when it had not
  struct wfp_application application;
  uint64_t claimed;  // ns since 1970; 0 until it is claimed
  // Steady time (Clock.swift). TCP: when the kernel first did not find an accepted socket that nobody closed. UDP: when
  // the application last sent.
  uint64_t unseen;
};
_Static_assert(sizeof(struct wfp_flow) == 256, "struct wfp_flow");
_Static_assert(offsetof(struct wfp_flow, hop_count) == 64, "struct wfp_flow");

// Index entry: 0 empty, else slot number + 1 in bits 0-23, kind in bits 24-31, hash in bits 32-63. A bucket
// holds eight; a key has two buckets. An entry is a hint: the slot itself says whether it is meant.
enum { WFP_KEY_TUPLE = 1, WFP_KEY_CLIENT = 2, WFP_KEY_ACCEPTED = 3, WFP_KEY_ADDRESSED = 4 };

// Where segment k lies, from the flow region's start (the flow header page). Sizes in bytes. Computed (Segments.swift):
// it stands nowhere in the file.
struct wfp_segment {
  uint64_t flows_offset, blocks_offset, block_owners_offset, index_offset;
  uint32_t flow_count, block_count, index_count, reserved;
};
_Static_assert(sizeof(struct wfp_segment) == 48, "struct wfp_segment");

// Where one of the two compiled policies lies, from the file's start.
struct wfp_policy_buffer {
  uint64_t offset;
  uint32_t capacity, size;
};

// First page of the file. Written by wfpctl under flock(2) on the file.
struct wfp_engine {
  uint64_t magic;
  uint32_t version;
  uint32_t header_size;
  uint32_t uid;                // effective uid of the owner
  uint32_t superseded;         // 1: another file stands under this name now; map that one
  uint64_t key[2];             // seals record blobs
  uint64_t policy_generation;  // buffer generation & 1 is in force; 0: no policy was ever loaded
  uint64_t policy_writing;     // generation that is being written, or was last
  struct wfp_policy_buffer policy[2];
  uint64_t flow_region_offset;  // of the flow header page
  uint64_t next_filter_id;
  uint64_t created;        // ns since 1970
  uint64_t segment_limit;  // 1 to WFP_SEGMENTS: the table grows to so many, and participants map so many
};
_Static_assert(sizeof(struct wfp_engine) <= WFP_PAGE, "engine header");
_Static_assert(offsetof(struct wfp_engine, policy) == 56, "engine header");

// A service that accepted on an endpoint a moment ago (Listeners.swift). Hints: overwritten at will.
#define WFP_LISTENERS 64u
struct wfp_listener {
  uint64_t key;      // hash of endpoint and network namespace; 0 empty or being written
  uint64_t seen;     // steady time
  uint64_t process;  // pid, and the low half of its pid namespace's inode above
};
_Static_assert(sizeof(struct wfp_listener) == 24, "struct wfp_listener");

// Who takes the PROXY header of an accepted socket (HeaderLock.swift); the lock is chosen by the socket's cookie.
#define WFP_HEADER_LOCKS 64u
struct wfp_header_lock {
  uint64_t owner;  // 0 free
  uint64_t since;  // steady time; 0 until the owner has written it
};
_Static_assert(sizeof(struct wfp_header_lock) == 16, "struct wfp_header_lock");

// What has happened since the engine was made. Those up to WFP_COUNT_LOOPS are also counted for each provider.
enum {
  WFP_COUNT_PUBLISHED = 0,
  WFP_COUNT_CLAIMED = 1,
  WFP_COUNT_EXPIRED = 2,    // over, and its slot given back
  WFP_COUNT_LOST = 3,       // over, and no service had accepted it
  WFP_COUNT_WITHDRAWN = 4,  // published, and then the real connect failed
  WFP_COUNT_REFUSED = 5,    // connects that failed because no endpoint was listening
  WFP_COUNT_LOOPS = 6,      // connects that failed at the hop limit
  WFP_COUNT_BLOCKED = 7,    // connects that a filter blocks
  WFP_COUNT_REPAIRED = 8,   // slots taken over from a killed process
  WFP_COUNT_FULL = 9,       // connects and SETs that failed because the table was full
  WFP_COUNT_EVICTED = 10,   // flows taken from a process that had too many of a full table (Eviction.swift)
  WFP_COUNTS = 16,
  WFP_COUNTS_PER_PROVIDER = 7,
};
#define WFP_COUNTED_PROVIDERS 16u
// One cache line: services of different providers do not share any.
struct wfp_provider_counts {
  uint64_t name;  // interned; 0: not taken yet
  uint64_t counts[WFP_COUNTS_PER_PROVIDER];
};
_Static_assert(sizeof(struct wfp_provider_counts) == 64, "struct wfp_provider_counts");

// First page of the flow region, followed by the string arena.
struct wfp_flow_header {
  uint64_t segment_count;  // segments that are allocated and initialised
  uint64_t cursor;         // where the next search for a free slot begins
  uint64_t block_cursor;
  uint64_t published;  // not 0: there was a flow
  uint64_t strings_used;
  uint64_t index_depth;  // how often a key's buckets were full: so many further pairs are searched (Index.swift)
  uint64_t source_window, source_count;  // redirected connects of the running 64 s (Source.swift)
  struct wfp_listener listeners[WFP_LISTENERS];
  struct wfp_header_lock header_locks[WFP_HEADER_LOCKS];
  uint64_t evicting;  // mark of the process that looks for flows to take away; 0: none
  uint64_t sequence;  // of the newest publication; wraps
  uint64_t reserved[6];
  uint64_t counts[WFP_COUNTS];  // lines that no lookup reads
  struct wfp_provider_counts provider_counts[WFP_COUNTED_PROVIDERS];
};
static inline uint64_t *_Nonnull wfp_evicting(struct wfp_flow_header *_Nonnull header) { return &header->evicting; }
static inline uint64_t *_Nonnull wfp_counts(struct wfp_flow_header *_Nonnull header) { return header->counts; }
static inline struct wfp_provider_counts *_Nonnull wfp_provider_counts_of(struct wfp_flow_header *_Nonnull header) {
  return header->provider_counts;
}
static inline uint64_t *_Nonnull wfp_counts_of(struct wfp_provider_counts *_Nonnull row) { return row->counts; }
static inline struct wfp_header_lock *_Nonnull wfp_header_locks(struct wfp_flow_header *_Nonnull header) {
  return header->header_locks;
}
static inline struct wfp_listener *_Nonnull wfp_listeners(struct wfp_flow_header *_Nonnull header) {
  return header->listeners;
}
_Static_assert(sizeof(struct wfp_flow_header) <= WFP_PAGE, "flow header");
_Static_assert(offsetof(struct wfp_flow_header, counts) % 64 == 0, "counters have lines of their own");
_Static_assert(offsetof(struct wfp_flow_header, provider_counts) % 64 == 0, "so has each provider");

// The string arena: WFP_STRING_BUCKETS offsets (u32, from the arena's start, 0 empty), then strings
// (u32 length, bytes, padding to 4), append-only. An interned string is the offset of its length word.
#define WFP_STRINGS_OFFSET 4096u  // from the flow region's start
#define WFP_STRINGS_FIRST 16384u
#define WFP_SEGMENT0_OFFSET 135168u
_Static_assert(WFP_STRINGS_OFFSET == WFP_PAGE, "the arena follows the flow header");
_Static_assert(WFP_STRINGS_FIRST == WFP_STRING_BUCKETS * 4u, "strings follow the buckets");
_Static_assert(WFP_SEGMENT0_OFFSET == WFP_STRINGS_OFFSET + WFP_STRINGS_SIZE, "segment 0 follows the arena");

#endif
