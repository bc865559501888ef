// What the kernel knows of a socket, by its addresses: sock_diag(7).
#ifndef WFP_DIAG_H
#define WFP_DIAG_H

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "wfp_system.h"

// One exact question, one answer.
struct wfp_diag_request {
  struct nlmsghdr header;
  struct inet_diag_req_v2 body;
};
struct wfp_diag_answer {
  int32_t error;  // 0 or -errno of the kernel
  uint32_t inode;
  uint8_t state;  // TCP_*
};
static inline void wfp_diag_address(uint32_t *_Nonnull to, int32_t family, uint64_t high, uint64_t low) {
  if (family == AF_INET) {
    to[0] = htonl((uint32_t)(high >> 32));
    return;
  }
  to[0] = htonl((uint32_t)(high >> 32));
  to[1] = htonl((uint32_t)high);
  to[2] = htonl((uint32_t)(low >> 32));
  to[3] = htonl((uint32_t)low);
}
// Ports in network order, addresses as two numbers in host order, IPv4 in the upper half of the first. For UDP the
// kernel takes them the other way round, "for historical reasons" (net/ipv4/udp_diag.c).
static inline void wfp_diag_prepare(struct wfp_diag_request *_Nonnull request, int32_t protocol, int32_t family,
                                    uint16_t local_port, uint16_t remote_port, uint64_t local_high, uint64_t local_low,
                                    uint64_t remote_high, uint64_t remote_low, uint64_t cookie) {
  request->header.nlmsg_len = sizeof *request;
  request->header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request->header.nlmsg_flags = NLM_F_REQUEST;
  request->body.sdiag_family = (uint8_t)family;
  request->body.sdiag_protocol = (uint8_t)protocol;
  request->body.idiag_states = 0xffffffffu;
  request->body.id.idiag_sport = local_port;
  request->body.id.idiag_dport = remote_port;
  wfp_diag_address(request->body.id.idiag_src, family, local_high, local_low);
  wfp_diag_address(request->body.id.idiag_dst, family, remote_high, remote_low);
  request->body.id.idiag_cookie[0] = cookie ? (uint32_t)cookie : INET_DIAG_NOCOOKIE;
  request->body.id.idiag_cookie[1] = cookie ? (uint32_t)(cookie >> 32) : INET_DIAG_NOCOOKIE;
}
// Returns 0 when there was an answer.
static inline int32_t wfp_diag_receive(int32_t fd, struct wfp_diag_answer *_Nonnull answer) {
  union {
    struct nlmsghdr header;
    char bytes[512];
  } reply;
  long n = wfp_receive_bytes(fd, &reply, sizeof reply);
  if (n < (long)sizeof(struct nlmsghdr)) return -1;
  if (reply.header.nlmsg_type == NLMSG_ERROR && n >= (long)NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
    answer->error = ((struct nlmsgerr *)NLMSG_DATA(&reply.header))->error;
    return 0;
  }
  if (reply.header.nlmsg_type != SOCK_DIAG_BY_FAMILY || n < (long)NLMSG_LENGTH(sizeof(struct inet_diag_msg))) return -1;
  struct inet_diag_msg *message = (struct inet_diag_msg *)NLMSG_DATA(&reply.header);
  answer->error = 0;
  answer->inode = message->idiag_inode;
  answer->state = message->idiag_state;
  return 0;
}

#endif
