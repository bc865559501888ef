// Receives of the datagram probe. What came is printed, and its source where the call says it.
//
//   recvfrom|chk|recvmsg|recvmmsg|recv|read|poll S [FLAGS]    poll: POLLIN, then recv; chk: __recvfrom_chk
//   trouble S             waits for POLLERR
//   take S SIZE [FLAGS]   recvmsg with SIZE bytes for control data, which is printed: `TEXT from ADDRESS FLAGS: ...`
#define _GNU_SOURCE  // recvmmsg
#include "datagram.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../include/wfpshim/wfp_ioctl.h"
#include "probe.h"

ssize_t __recvfrom_chk(int fd, void *data, size_t size, size_t room, int flags, struct sockaddr *from,
                       socklen_t *length);

static char data[131072];

static void receive_message(struct place *place, int flags, int several) {
  struct iovec part = {data, sizeof data};
  struct mmsghdr message = {.msg_hdr = {.msg_name = &place->from, .msg_namelen = sizeof place->from}};
  message.msg_hdr.msg_iov = &part;
  message.msg_hdr.msg_iovlen = 1;
  ssize_t n = several ? recvmmsg(place->fd, &message, 1, flags, NULL) : recvmsg(place->fd, &message.msg_hdr, flags);
  if (several && n > 0) n = message.msg_len;
  place->from_length = message.msg_hdr.msg_namelen;
  say_received(n, data, &place->from, place->from_length);
}

static size_t describe(const struct cmsghdr *one, char *to, size_t room) {
  size_t size = one->cmsg_len - CMSG_LEN(0);
  const unsigned char *content = CMSG_DATA(one);
  char text[64];
  int number = 0;
  if (size >= 1) memcpy(&number, content, size < sizeof number ? size : sizeof number);
  if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_WFP_REDIRECT_CONTEXT) {
    struct sockaddr_storage remote = {0};
    context_size = size;
    memcpy(context, content, size);
    memcpy(&remote, content, size < sizeof remote ? size : sizeof remote);
    return (size_t)snprintf(to, room, " context %zu %s", size, probe_text(&remote, text));
  }
  if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_WFP_REDIRECT_RECORDS) {
    if (size <= sizeof records) memcpy(records, content, records_size = size);
    return (size_t)snprintf(to, room, " records %zu", size);
  }
  if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_PKTINFO) {
    inet_ntop(AF_INET, content + 8, text, sizeof text);
    return (size_t)snprintf(to, room, " at %s", strncmp(text, "127.", 4) == 0 ? "loopback" : text);
  }
  if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_RECVERR)
    return (size_t)snprintf(to, room, " error %s",
                            strerrorname_np((int)((struct sock_extended_err *)content)->ee_errno));
  return (size_t)snprintf(to, room, " %d/%d=%d", one->cmsg_level, one->cmsg_type, number);
}

static void take(struct place *place, size_t size, int flags) {
  static union {
    struct cmsghdr header;
    char bytes[131072];
  } control;
  char source[64], list[512] = "";
  struct iovec part = {data, sizeof data};
  struct msghdr message = {.msg_name = &place->from, .msg_namelen = sizeof place->from, .msg_iov = &part};
  message.msg_iovlen = 1;
  message.msg_control = size ? &control : NULL;
  message.msg_controllen = size;
  memset(&control, 0xa5, sizeof control);
  ssize_t n = recvmsg(place->fd, &message, flags);
  if (n < 0) return say_result(n);
  place->from_length = message.msg_namelen;
  size_t at = 0;
  for (struct cmsghdr *one = CMSG_FIRSTHDR(&message); one && at < sizeof list; one = CMSG_NXTHDR(&message, one))
    at += describe(one, list + at, sizeof list - at);
  // Nothing behind what was offered.
  const char *beyond = "";
  for (size_t i = size; i < size + 64; i++)
    if ((unsigned char)control.bytes[i] != 0xa5) beyond = " OVERRUN";
  probe_say("%.*s from %s flags%s%s:%s%s", n < 60 ? (int)n : 60, data, probe_text(&place->from, source),
            message.msg_flags & MSG_TRUNC ? " TRUNC" : "", message.msg_flags & MSG_CTRUNC ? " CTRUNC" : "", list,
            beyond);
}

int run_receive(char **words, int count) {
  if (count < 2) return 0;
  int flags = count > 2 ? atoi(words[2]) : 0;
  struct place *place = NULL;
  if (words[0][0] == 'r' || words[0][0] == 'c' || words[0][0] == 'p' || words[0][0] == 't')
    place = place_named(words[1]);
  if (strcmp(words[0], "recvfrom") == 0 || strcmp(words[0], "chk") == 0) {
    place->from_length = sizeof place->from;
    struct sockaddr *from = (struct sockaddr *)&place->from;
    ssize_t n = words[0][0] == 'r'
                    ? recvfrom(place->fd, data, sizeof data, flags, from, &place->from_length)
                    : __recvfrom_chk(place->fd, data, sizeof data, sizeof data, flags, from, &place->from_length);
    say_received(n, data, &place->from, place->from_length);
  } else if (strcmp(words[0], "recvmsg") == 0 || strcmp(words[0], "recvmmsg") == 0) {
    receive_message(place, flags, strcmp(words[0], "recvmmsg") == 0);
  } else if (strcmp(words[0], "recv") == 0) {
    say_received(recv(place->fd, data, sizeof data, flags), data, NULL, 0);
  } else if (strcmp(words[0], "read") == 0) {
    say_received(read(place->fd, data, sizeof data), data, NULL, 0);
  } else if (strcmp(words[0], "poll") == 0) {
    struct pollfd polled = {place->fd, POLLIN, 0};
    poll(&polled, 1, 10000);
    say_received(recv(place->fd, data, sizeof data, MSG_DONTWAIT), data, NULL, 0);
  } else if (strcmp(words[0], "trouble") == 0) {
    struct pollfd polled = {place->fd, 0, 0};
    poll(&polled, 1, 10000);
    probe_say("%s", polled.revents & POLLERR ? "POLLERR" : "none");
  } else if (strcmp(words[0], "take") == 0 && count > 2) {
    take(place, (size_t)atol(words[2]), count > 3 ? atoi(words[3]) : 0);
  } else {
    return 0;
  }
  return 1;
}
