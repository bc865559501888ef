// The redirect service of `make transparency` and `make soak`: `relay [PORT]`. One thread, epoll, any number of
// connections; it passes on what it sees: data, half-close, and a reset for a destination that refuses or resets.
// It listens on the port of every address, says `listening PORT`, and at SIGTERM `flows N refused N lost N` (N
// connections that reached their destination, that did not, that came without context).
#define _GNU_SOURCE  // accept4
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../include/wfpshim/wfp_ioctl.h"

enum { ROOM = 16384 };

// A direction: what was read from `fd` and is to be written to the other side's.
struct side {
  struct pair *pair;
  int fd, read_end, passed_end;
  uint32_t events;  // that epoll was asked for
  size_t start, end;
  char data[ROOM];
};
struct pair {
  struct pair *next;
  int connecting, over;
  struct side sides[2];  // the client's, the destination's
};

static int poller, listener;
static struct pair *spares, *ended;
static unsigned long flows, refused, lost;
static volatile sig_atomic_t stopped;

static void stop(int number) {
  (void)number;
  stopped = 1;
}

static void finish(struct pair *pair, int reset) {
  if (pair->over) return;
  pair->over = 1;
  for (int i = 0; i < 2; i++) {
    struct linger now = {1, 0};
    if (pair->sides[i].fd < 0) continue;
    if (reset) setsockopt(pair->sides[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(pair->sides[i].fd);
  }
  pair->next = ended;  // events of this round may still name it
  ended = pair;
}

static void ask(struct side *side, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = side};
  if (events == side->events) return;
  epoll_ctl(poller, side->events == ~0u ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, side->fd, &event);
  side->events = events;
}

static int failed(ssize_t n) { return n < 0 && errno != EAGAIN && errno != EINTR; }

// Moves what can be moved from one side to the other. Returns -1 when the pair has to be reset.
static int move(struct side *from, struct side *to) {
  for (;;) {
    if (from->start == from->end && !from->read_end) {
      ssize_t n = recv(from->fd, from->data, ROOM, 0);
      if (failed(n)) return -1;
      if (n < 0) return 0;
      from->read_end = n == 0;
      from->start = 0;
      from->end = (size_t)n;
    }
    if (from->start < from->end) {
      ssize_t n = send(to->fd, from->data + from->start, from->end - from->start, MSG_NOSIGNAL);
      if (failed(n)) return -1;
      if (n < 0) return 0;
      from->start += (size_t)n;
    }
    if (from->start == from->end && from->read_end) {
      if (!from->passed_end) shutdown(to->fd, SHUT_WR);
      from->passed_end = 1;
      return 0;
    }
  }
}

static uint32_t wanted(const struct side *own, const struct side *other) {
  uint32_t events = 0;
  if (own->start == own->end && !own->read_end) events |= EPOLLIN;
  if (other->start < other->end) events |= EPOLLOUT;
  return events;
}

static void advance(struct pair *pair) {
  struct side *client = &pair->sides[0], *server = &pair->sides[1];
  if (pair->connecting) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(server->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error) {
      refused++;
      return finish(pair, 1);
    }
    struct tcp_info info = {0};
    length = sizeof info;
    getsockopt(server->fd, IPPROTO_TCP, TCP_INFO, &info, &length);
    if (info.tcpi_state == TCP_SYN_SENT) return;
    pair->connecting = 0;
    flows++;
  }
  if (move(client, server) != 0 || move(server, client) != 0) return finish(pair, 1);
  if (client->passed_end && server->passed_end) return finish(pair, 0);
  ask(client, wanted(client, server));
  ask(server, wanted(server, client));
}

// A socket on its way to the destination that the context (two sockaddr_storage) names; -1 when there is none.
static int dial(int client) {
  char records[4160];
  struct sockaddr_storage context[2];
  struct wfp_ioctl first = {.out = records, .out_size = sizeof records}, second = {.out = context};
  second.out_size = sizeof context;
  if (ioctl(client, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, &first) != 0 ||
      ioctl(client, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, &second) != 0)
    return lost++, -1;
  int fd = socket(context[0].ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return lost++, -1;
  struct wfp_ioctl set = {.in = records, .in_size = first.bytes_returned};
  socklen_t length = context[0].ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  if (ioctl(fd, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, &set) == 0 &&
      (connect(fd, (struct sockaddr *)&context[0], length) == 0 || errno == EINPROGRESS))
    return fd;
  close(fd);
  return refused++, -1;
}

static struct pair *take(void) {
  struct pair *pair = spares;
  if (pair) spares = pair->next;
  return pair ? pair : malloc(sizeof *pair);
}

static void accept_one(void) {
  int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
  if (client < 0) return;
  int server = dial(client);
  struct pair *pair = server < 0 ? NULL : take();
  if (!pair) {
    struct linger now = {1, 0};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(client);
    if (server >= 0) close(server);
    return;
  }
  pair->connecting = 1;
  pair->over = 0;
  for (int i = 0; i < 2; i++) {
    struct side *side = &pair->sides[i];
    side->pair = pair;
    side->fd = i ? server : client;
    side->read_end = side->passed_end = 0;
    side->events = ~0u;
    side->start = side->end = 0;
    setsockopt(side->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ask(&pair->sides[0], 0);
  ask(&pair->sides[1], EPOLLOUT);
}

static int listen_on(const char *port) {
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port))};
  socklen_t length = sizeof address;
  int off = 0, fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 8192) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
    perror("relay");
    exit(1);
  }
  printf("listening %u\n", ntohs(address.sin6_port));
  fflush(stdout);
  return fd;
}

int main(int argc, char **argv) {
  struct sigaction action = {.sa_handler = stop};
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  sigaction(SIGTERM, &action, NULL);
  poller = epoll_create1(EPOLL_CLOEXEC);
  listener = listen_on(argc > 1 ? argv[1] : "0");
  struct epoll_event own = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &own);
  while (!stopped) {
    int n = epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < n; i++) {
      struct side *side = events[i].data.ptr;
      if (!side) {
        accept_one();
      } else if (!side->pair->over) {
        // A reset is heard even where nothing is asked for; what was sent before it is still there to be passed on.
        int is_reset = events[i].events & EPOLLERR && !side->pair->connecting;
        advance(side->pair);
        if (is_reset) finish(side->pair, 1);
      }
    }
    while (ended) {
      struct pair *pair = ended;
      ended = pair->next;
      pair->next = spares;
      spares = pair;
    }
  }
  printf("flows %lu refused %lu lost %lu\n", flows, refused, lost);
  return 0;
}
