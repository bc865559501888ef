#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <unistd.h>

#include "../support/include/probe.h"
#include "table.h"

static int made(int family, int type, int protocol) {
  int fd = socket(family, type | SOCK_CLOEXEC, protocol);
  return fd < 0 ? -2 : fd;
}

static int connect_local(int fd, int to) {
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  if (getsockname(to, (struct sockaddr *)&address, &length) != 0) return -1;
  return connect(fd, (struct sockaddr *)&address, length);
}

// Both ends of a TCP connection that no filter matches: [0] dialled, [1] accepted.
static int plain_pair(int ends[2]) {
  uint16_t port;
  int listener = probe_listen("127.0.0.1", "0", 1, &port);
  ends[0] = made(AF_INET, SOCK_STREAM, 0);
  if (connect_local(ends[0], listener) != 0) return -2;
  ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  close(listener);
  return ends[1];
}

// An accepted socket whose peer has reset it, the error not yet read.
static int reset_by_peer(void) {
  int ends[2];
  if (plain_pair(ends) < 0) return -2;
  struct linger now = {1, 0};
  setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(ends[0]);
  struct pollfd polled = {ends[1], POLLIN, 0};
  poll(&polled, 1, -1);
  return ends[1];
}

static int connected_udp(void) {
  int to = made(AF_INET, SOCK_DGRAM, 0), fd = made(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(to, (struct sockaddr *)&any, sizeof any) != 0 || connect_local(fd, to) != 0) return -2;
  return fd;
}

// What is no socket, or no open descriptor.
static int no_socket(const char *kind) {
  int ends[2];
  if (strcmp(kind, "closed") == 0) return -1;
  if (strcmp(kind, "never") == 0) return 987654;
  if (strcmp(kind, "null") == 0) return open("/dev/null", O_RDWR | O_CLOEXEC);
  if (strcmp(kind, "file") == 0) return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (strcmp(kind, "epoll") == 0) return epoll_create1(EPOLL_CLOEXEC);
  if (strcmp(kind, "pipe") == 0) return pipe2(ends, O_CLOEXEC) == 0 ? ends[1] : -2;
  return -3;
}

int socket_of_kind(const char *kind) {
  static const struct {
    const char *name;
    int family, type, protocol;
  } simple[] = {
      {"tcp", AF_INET, SOCK_STREAM, 0},
      {"tcp6", AF_INET6, SOCK_STREAM, 0},
      {"nonblocking", AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0},
      {"udp", AF_INET, SOCK_DGRAM, 0},
      {"udp6", AF_INET6, SOCK_DGRAM, 0},
      {"unix", AF_UNIX, SOCK_STREAM, 0},
      {"unix-datagram", AF_UNIX, SOCK_DGRAM, 0},
      {"unix-packet", AF_UNIX, SOCK_SEQPACKET, 0},
      {"netlink", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE},
      {"vsock", AF_VSOCK, SOCK_STREAM, 0},
      {"packet", AF_PACKET, SOCK_DGRAM, 0},
      {"raw-icmp", AF_INET, SOCK_RAW, IPPROTO_ICMP},
      {"raw-raw", AF_INET, SOCK_RAW, IPPROTO_RAW},
      {"raw-tcp", AF_INET, SOCK_RAW, IPPROTO_TCP},
      {"raw-udp", AF_INET6, SOCK_RAW, IPPROTO_UDP},
      {"ping", AF_INET, SOCK_DGRAM, IPPROTO_ICMP},
      {"udplite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE},
      {"mptcp", AF_INET, SOCK_STREAM, 262},
      {"sctp", AF_INET, SOCK_STREAM, IPPROTO_SCTP},
  };
  for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
    if (strcmp(kind, simple[i].name) == 0) return made(simple[i].family, simple[i].type, simple[i].protocol);
  int ends[2];
  uint16_t port;
  if (strcmp(kind, "listener") == 0) return probe_listen("127.0.0.1", "0", 1, &port);
  if (strcmp(kind, "listener6") == 0) return probe_listen("::", "0", 0, &port);
  if (strcmp(kind, "accepted") == 0) return plain_pair(ends);
  if (strcmp(kind, "dialled") == 0) return plain_pair(ends) < 0 ? -2 : ends[0];
  if (strcmp(kind, "reset") == 0) return reset_by_peer();
  if (strcmp(kind, "udp-connected") == 0) return connected_udp();
  if (strcmp(kind, "unix-pair") == 0)
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0 ? ends[0] : -2;
  if (strcmp(kind, "connecting") == 0) {  // a listener whose queue is full leaves the next one in SYN_SENT
    int full = made(AF_INET, SOCK_STREAM, 0), fd = made(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(full, (struct sockaddr *)&any, sizeof any) != 0 || listen(full, 0) != 0) return -2;
    int tries = 0, first;
    do {
      first = fd;
      if (connect_local(fd, full) != 0 && errno != EINPROGRESS) return -2;
      struct pollfd polled = {fd, POLLOUT, 0};
      if (poll(&polled, 1, 200) == 0) return first;
      fd = made(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    } while (++tries < 8);
    return -2;
  }
  return no_socket(kind);
}
