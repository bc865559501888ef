// A compiled policy: what wfpctl makes of all loaded sets and every preloaded process walks (DESIGN D4).
// One image, position-independent: every offset counts from the image's start, strings are offset + length,
// all tables are 8-aligned. A reader checks each offset against the image's size before it follows it.
#ifndef WFP_POLICY_H
#define WFP_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "wfp_layout.h"

#define WFP_POLICY_MAGIC 0x4c4f5057u  // "WPOL"
#define WFP_POLICY_VERSION 2u

struct wfp_range {
  uint32_t offset, length;
};  // bytes

struct wfp_table {
  uint32_t offset, count;
};

struct wfp_policy {
  uint32_t magic, version;
  uint32_t size;
  uint32_t accepts;  // WFP_ACCEPTS_* of all providers together, WFP_JUDGES_DATAGRAMS
  struct wfp_table sets, providers, sublayers, filters;
};

enum {  // wfp_policy_set.flags: the file's options
  WFP_SET_PEER_NAME_FAITHFUL = 1,
  WFP_SET_OTHER_PERMIT = 2,  // redirectedByOther: permit
  WFP_SET_REQUIRES_PRIVILEGE = 4,
};

struct wfp_policy_set {
  struct wfp_range name, source;  // source: the file's text, from which wfpctl compiles again
  uint32_t hop_limit, flags;
  uint64_t loaded;  // ns since 1970
  uint64_t first_filter_id;
};

enum { WFP_ACCEPTS_PRELOAD = 1, WFP_ACCEPTS_REDIRECT = 2, WFP_ACCEPTS_TPROXY = 4, WFP_ACCEPTS_PROXY_V2 = 8 };
enum { WFP_JUDGES_DATAGRAMS = 65536 };  // some filter may redirect or block what is sent without connect

struct wfp_provider {
  uint8_t guid[16];  // memory order
  struct wfp_range name;
  uint32_t interned_name;  // in the engine's string arena
  uint32_t set;            // index
  uint32_t accepts;
  uint32_t has_context;        // 0: records only
  struct wfp_table endpoints;  // struct wfp_address
  struct wfp_table fields;     // struct wfp_field
};

// Which filters name a number, without asking all of them. The ranges of all filters cut the numbers into pieces; piece
// n is leaf n of a binary tree that lies as a heap does (root 1, then 2n and 2n + 1; the leaves are its second half). A
// filter stands in the fewest nodes that cover its ranges, so all that name a number stand between its leaf and the
// root.
struct wfp_index_bound {
  uint64_t high, low;  // host order; IPv4 in the upper half of high, a port in low
};
struct wfp_index {
  struct wfp_table bounds;  // struct wfp_index_bound: where each piece begins, ascending
  struct wfp_table nodes;   // struct wfp_table: uint32_t, places in the sublayer's filters, ascending
};

struct wfp_sublayer {  // in no particular order
  struct wfp_range name;
  uint32_t weight, set;
  struct wfp_table filters;  // struct wfp_filter, heaviest first
  uint32_t is_indexed;       // 0: they are few, and asked one after the other
  uint32_t reserved;
  struct wfp_table others;  // uint32_t: places of those that stand in no index
  struct wfp_index ports, ipv4, ipv6;
};

enum { WFP_ACTION_PERMIT = 1, WFP_ACTION_BLOCK = 2, WFP_ACTION_REDIRECT = 3 };
enum {
  WFP_FILTER_PERMIT_IF_UNREGISTERED = 1,
  WFP_FILTER_NAMES_UDP = 2,  // ip_protocol: udp. A redirect filter that does not concerns TCP alone.
};

struct wfp_filter {
  uint64_t id, weight, name_hash;  // FNV-1a, 64 bits, of the name
  struct wfp_range name;
  uint32_t interned_name;
  uint32_t action, flags;
  uint32_t provider;  // index, with WFP_ACTION_REDIRECT
  struct wfp_table conditions;
};

enum {                      // wfp_condition.kind; all conditions of a filter must hold, of a condition one value
  WFP_IP_PROTOCOL = 1,      // values: uint32_t IPPROTO_*
  WFP_IP_REMOTE_ADDRESS,    // struct wfp_address_range
  WFP_IP_REMOTE_PORT,       // struct wfp_port_range
  WFP_IP_LOCAL_ADDRESS,     // struct wfp_address_range
  WFP_ALE_APP_ID,           // struct wfp_range: pattern with shell wildcards
  WFP_ALE_ORIGINAL_APP_ID,  // the same
  WFP_ALE_USER_ID,          // uint32_t
  WFP_LOOPBACK,             // uint32_t 0 or 1
};

struct wfp_condition {
  uint32_t kind, reserved;
  struct wfp_table values;
};

struct wfp_address_range {  // inclusive, network order; v4 in the first four bytes
  uint32_t family;
  uint8_t low[16], high[16];
  uint32_t reserved;
};

struct wfp_port_range {  // inclusive, host order
  uint16_t low, high;
};

enum {                         // wfp_field.kind: SPEC S11.5
  WFP_FIELD_LITERAL = 1,       // data
  WFP_FIELD_SOCKADDR_STORAGE,  // selector
  WFP_FIELD_SOCKADDR,          // selector
  WFP_FIELD_IPV4,              // selector
  WFP_FIELD_IPV6,
  WFP_FIELD_ADDRESS16,
  WFP_FIELD_PORT,    // selector, width, order
  WFP_FIELD_FAMILY,  // width, order, values
  WFP_FIELD_PROTOCOL,
  WFP_FIELD_PID,  // width, order
  WFP_FIELD_UID,
  WFP_FIELD_GID,
  WFP_FIELD_SESSION,
  WFP_FIELD_SCOPE_ID,
  WFP_FIELD_IS_ROOT,
  WFP_FIELD_PROCESS_CREATE_TIME,  // values: 0 filetime, 1 unix_ns
  WFP_FIELD_APP_PATH,             // size (0: as long as it is), values: 0 utf8, 1 utf16; terminate
  WFP_FIELD_FLOW_ID,              // size 8 or 16
  WFP_FIELD_RANDOM,               // size
  WFP_FIELD_FILTER_ID,            // width, order
  WFP_FIELD_FILTER_HASH,
  WFP_FIELD_PAD_TO,  // size: the offset
  WFP_FIELD_ALIGN,   // size: the alignment
};
enum { WFP_REMOTE = 0, WFP_LOCAL = 1 };
enum { WFP_ORDER_HOST = 0, WFP_ORDER_NETWORK = 1, WFP_ORDER_LITTLE = 2 };
enum { WFP_AF_LINUX = 0, WFP_AF_WINDOWS = 1, WFP_AF_IP_VERSION = 2, WFP_AF_ZERO_ONE = 3 };

struct wfp_field {
  uint16_t kind;
  uint8_t selector;  // WFP_REMOTE, WFP_LOCAL
  uint8_t width;     // bytes: 1, 2, 4, 8
  uint8_t order;
  uint8_t values;  // which family numbers, encoding or unit
  uint8_t terminate;
  uint8_t reserved;
  uint32_t size;
  uint32_t reserved2;
  struct wfp_range data;
};

_Static_assert(sizeof(struct wfp_policy) == 48, "struct wfp_policy");
_Static_assert(sizeof(struct wfp_policy_set) == 40, "struct wfp_policy_set");
_Static_assert(sizeof(struct wfp_provider) == 56, "struct wfp_provider");
_Static_assert(sizeof(struct wfp_index_bound) == 16, "struct wfp_index_bound");
_Static_assert(sizeof(struct wfp_index) == 16, "struct wfp_index");
_Static_assert(sizeof(struct wfp_sublayer) == 88, "struct wfp_sublayer");
_Static_assert(sizeof(struct wfp_filter) == 56, "struct wfp_filter");
_Static_assert(sizeof(struct wfp_condition) == 16, "struct wfp_condition");
_Static_assert(sizeof(struct wfp_address_range) == 40, "struct wfp_address_range");
_Static_assert(sizeof(struct wfp_field) == 24, "struct wfp_field");

#endif
