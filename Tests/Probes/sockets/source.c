// The application's own address, data that go with the SYN, and the families.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sockets.h"

static uint16_t port_of(int fd) {
  struct sockaddr_storage name;
  socklen_t length = sizeof name;
  getsockname(fd, (struct sockaddr *)&name, &length);
  return ntohs(((struct sockaddr_in *)&name)->sin_port);
}

static int bind_to(int fd, const char *host, uint16_t port) {
  struct sockaddr_storage name;
  char text[8];
  snprintf(text, sizeof text, "%u", port);
  socklen_t length = probe_address(host, text, &name);
  return bind(fd, (struct sockaddr *)&name, length);
}

// A free port below the ephemeral ones, so that nobody's connection takes it meanwhile.
static uint16_t free_port(const char *host) {
  for (int i = 0; i < 10000; i++) {
    uint16_t port = (uint16_t)(10000 + (getpid() * 31 + i) % 20000);
    int fd = tcp();
    int result = bind_to(fd, host, port);
    close(fd);
    if (result == 0) return port;
  }
  probe_die("no free port");
}

static void set(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof value); }

// "127.0.0.1" in the form that the target has.
static const char *own_address(void) {
  if (target.ss_family == AF_INET) return "127.0.0.1";
  return IN6_IS_ADDR_V4MAPPED(&((struct sockaddr_in6 *)&target)->sin6_addr) ? "::ffff:127.0.0.1" : "::1";
}

void bound(const char *how) {
  const char *own = own_address();
  int fd = tcp();
  uint16_t wanted = 0;
  if (strcmp(how, "fixed") == 0 || strcmp(how, "reuse") == 0) wanted = free_port(own);
  if (strcmp(how, "reuse") == 0) set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (*how >= '1' && *how <= '9') {  // that very port, and a reset at the end so that it is free at once
    wanted = (uint16_t)atoi(how);
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
  }
  if (strcmp(how, "late") == 0) set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  if (strcmp(how, "any") == 0) own = target.ss_family == AF_INET ? "0.0.0.0" : "::";
  if (strcmp(how, "other") == 0) own = target.ss_family == AF_INET ? "127.0.0.7" : "::ffff:127.0.0.7";
  probe_say("bind %s", answer(bind_to(fd, own, wanted)));
  uint16_t before = port_of(fd);
  probe_say("port before connect %s", before ? "yes" : "no");
  probe_say("connect %s", answer(connect(fd, (struct sockaddr *)&target, target_length)));
  if (before) probe_say("port %s", port_of(fd) == before && (!wanted || before == wanted) ? "kept" : "changed");
  probe_say("second bind %s", answer(bind_to(fd, own, 0)));
  probe_say("%s", echo(fd));
  hold(fd);
}

// A connect that the kernel refuses at once leaves a socket that can be bound, and connects elsewhere.
void rebind(void) {
  struct sockaddr_storage to;
  char port[8];
  snprintf(port, sizeof port, "%u", ntohs(((struct sockaddr_in *)&target)->sin_port));
  int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  socklen_t length = probe_address("::ffff:127.0.0.1", port, &to);
  probe_say("mapped %s", answer(connect(fd, (struct sockaddr *)&to, length)));
  probe_say("bind %s", answer(bind_to(fd, "::1", 0)));
  length = probe_address("::1", port, &to);
  probe_say("connect %s", answer(connect(fd, (struct sockaddr *)&to, length)));
  probe_say("%s", echo(fd));
}

// One source port on two addresses, to two destinations at the same time.
void same_port(void) {
  uint16_t port = free_port("0.0.0.0");
  int first = tcp(), second = tcp(), datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bind_to(datagrams, "127.0.0.1", port);
  probe_say("bind %s", answer(bind_to(first, "127.0.0.1", port)));
  probe_say("bind %s", answer(bind_to(second, "127.0.0.2", port)));
  probe_say("datagrams %s", answer(connect(datagrams, (struct sockaddr *)&target, target_length)));
  probe_say("connect %s", answer(connect(first, (struct sockaddr *)&target, target_length)));
  probe_say("connect %s", answer(connect(second, (struct sockaddr *)&other, other_length)));
  probe_say("%s", echo(second));
  probe_say("%s", echo(first));
}

// One source port, again and again, at once after the last connection was reset; the destinations alternate.
void reuse(void) {
  uint16_t port = free_port("127.0.0.1");
  int good = 0;
  for (int i = 0; i < 50; i++) {
    int fd = tcp();
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    struct sockaddr_storage *to = i % 2 ? &other : &target;
    if (bind_to(fd, "127.0.0.1", port) != 0 || connect(fd, (struct sockaddr *)to, target_length) != 0)
      probe_say("connect %d %s", i, strerrorname_np(errno));
    else if (strcmp(echo(fd), "echo") == 0)
      good++;
    close(fd);  // resets
  }
  probe_say("good %d", good);
}

void fast_open(const char *how) {
  char word[] = "early", received[sizeof word] = "";
  struct iovec piece = {word, sizeof word};
  struct msghdr message = {.msg_name = &target, .msg_namelen = target_length, .msg_iov = &piece, .msg_iovlen = 1};
  int fd = tcp();
  struct sockaddr *to = (struct sockaddr *)&target;
  if (strcmp(how, "option") == 0) {
    set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
    probe_say("connect %s", answer(connect(fd, to, target_length)));
    probe_say("send %s", answer(send(fd, word, sizeof word, 0)));
  } else if (strcmp(how, "sendmsg") == 0) {
    probe_say("sendmsg %s", answer(sendmsg(fd, &message, MSG_FASTOPEN)));
  } else if (strcmp(how, "nonblocking") == 0) {
    close(fd);
    fd = socket(target.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    probe_say("sendto %s", answer(sendto(fd, word, sizeof word, MSG_FASTOPEN, to, target_length)));
    struct pollfd polled = {fd, POLLOUT, 0};
    poll(&polled, 1, 30000);
    probe_say("send %s", answer(send(fd, word, sizeof word, 0)));
    polled.events = POLLIN;
    poll(&polled, 1, 30000);
  } else {
    probe_say("sendto %s", answer(sendto(fd, word, sizeof word, MSG_FASTOPEN, to, target_length)));
    probe_say("once more %s", answer(sendto(fd, word, sizeof word, MSG_FASTOPEN, to, target_length)));
  }
  probe_receive_all(fd, received, sizeof word);
  probe_say("received %s", received);
  struct sockaddr_storage peer;
  socklen_t length = sizeof peer;
  getpeername(fd, (struct sockaddr *)&peer, &length);
  probe_say("peer %s", memcmp(&peer, &target, target_length) == 0 ? "as dialled" : "other");
}

// Each family of socket, IPV6_V6ONLY on and off, against each form of address.
void families(void) {
  static const char *hosts[] = {"127.0.0.1", "::1", "::ffff:127.0.0.1"};
  char port[8];
  snprintf(port, sizeof port, "%u", ntohs(((struct sockaddr_in *)&target)->sin_port));
  for (int kind = 0; kind < 3; kind++) {
    for (int i = 0; i < 3; i++) {
      struct sockaddr_storage to;
      socklen_t length = probe_address(hosts[i], port, &to);
      int fd = socket(kind == 0 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (kind > 0) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, kind == 2);
      const char *result = answer(connect(fd, (struct sockaddr *)&to, length));
      int connected = strcmp(result, "0") == 0;
      probe_say("%s %s %s", kind == 0 ? "v4" : kind == 1 ? "dual" : "v6only", hosts[i], result);
      if (connected) probe_say("%s", echo(fd));
      close(fd);
    }
  }
}
