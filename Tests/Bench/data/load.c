// P8's client and origin, the same for both relays. One thread each, epoll.
//   load origin PORT                         'e': that byte back, then the end; 'b': reads to the end, then one byte
//   load connections PORT COUNT CONCURRENT   connect, 'e' there and back, end; prints connections a second
//   load bulk PORT CONNECTIONS BYTES         each sends BYTES; prints MB a second, all of it at the origin
// Every connection ends in order, the origin's side first: TIME_WAIT is on the ports that listen.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT = 4096, ROOM = 1 << 18 };
static char buffer[ROOM];
static int poller;

static void require(int is_good, const char *what) {
  if (is_good) return;
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sockaddr_in local(const char *port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  return address;
}

static void watch(int fd, uint32_t events, int command) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  require(epoll_ctl(poller, command, fd, &event) == 0, "epoll_ctl");
}

// Reads what is there. Returns 0 at the end of the connection's work.
static int serve(int fd, char *mode) {
  for (;;) {
    ssize_t count = recv(fd, buffer, ROOM, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return 1;
    if (count <= 0) {
      if (count == 0 && *mode == 'b') send(fd, "d", 1, MSG_NOSIGNAL);
      return 0;
    }
    if (*mode == 0) *mode = buffer[0];
    if (*mode == 'e') {
      send(fd, "e", 1, MSG_NOSIGNAL);
      return 0;
    }
  }
}

static int origin(const char *port) {
  static char modes[LIMIT];
  struct sockaddr_in address = local(port);
  struct epoll_event events[64];
  int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  require(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1024) == 0, port);
  watch(listener, EPOLLIN, EPOLL_CTL_ADD);
  puts("ready");
  fflush(stdout);
  for (;;) {
    int count = epoll_wait(poller, events, 64, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) continue;
        require(fd < LIMIT, "too many");
        modes[fd] = 0;
        watch(fd, EPOLLIN, EPOLL_CTL_ADD);
      }
      if (!serve(fd, &modes[fd])) close(fd);
    }
  }
}

static int dial(const struct sockaddr_in *address) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  require(fd >= 0, "socket");
  require(connect(fd, (const struct sockaddr *)address, sizeof *address) == 0, "connect");
  return fd;
}

// Connecting is over at once on loopback, so that this needs no state of its own.
static int connections(const char *port, int count, int concurrent) {
  struct sockaddr_in address = local(port);
  struct epoll_event events[64];
  int started = 0, ended = 0;
  double before = now();
  while (ended < count) {
    while (started < count && started - ended < concurrent) {
      int fd = dial(&address);
      require(send(fd, "e", 1, MSG_NOSIGNAL) == 1, "send");
      watch(fd, EPOLLIN, EPOLL_CTL_ADD);
      started++;
    }
    int ready = epoll_wait(poller, events, 64, 10000);
    require(ready > 0, "no answer");
    for (int i = 0; i < ready; i++) {
      char answer[2];
      ssize_t size = recv(events[i].data.fd, answer, sizeof answer, MSG_DONTWAIT);
      require(size >= 0 && (size == 0 || answer[0] == 'e'), "answer");
      if (size != 0) continue;
      close(events[i].data.fd);
      ended++;
    }
  }
  printf("%.1f\n", count / (now() - before));
  return 0;
}

static int bulk(const char *port, int count, long long bytes) {
  struct sockaddr_in address = local(port);
  struct epoll_event events[64];
  static long long left[LIMIT];
  memset(buffer, 'b', ROOM);
  double before = now();
  for (int i = 0; i < count; i++) {
    int fd = dial(&address);
    require(fd < LIMIT, "too many");
    left[fd] = bytes;
    watch(fd, EPOLLOUT, EPOLL_CTL_ADD);
  }
  for (int ended = 0; ended < count;) {
    int ready = epoll_wait(poller, events, 64, 10000);
    require(ready > 0, "stalled");
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (left[fd] > 0) {
        ssize_t sent = send(fd, buffer, left[fd] < ROOM ? (size_t)left[fd] : ROOM, MSG_DONTWAIT | MSG_NOSIGNAL);
        require(sent > 0 || errno == EAGAIN, "send");
        if (sent > 0) left[fd] -= sent;
        if (left[fd] > 0) continue;
        shutdown(fd, SHUT_WR);
        watch(fd, EPOLLIN, EPOLL_CTL_MOD);
      } else {
        require(recv(fd, buffer, 1, 0) == 1 && buffer[0] == 'd', "end");
        buffer[0] = 'b';
        close(fd);
        ended++;
      }
    }
  }
  printf("%.1f\n", (double)bytes * count / 1e6 / (now() - before));
  return 0;
}

int main(int argc, char **argv) {
  poller = epoll_create1(0);
  if (argc == 3 && strcmp(argv[1], "origin") == 0) return origin(argv[2]);
  if (argc == 5 && strcmp(argv[1], "connections") == 0) return connections(argv[2], atoi(argv[3]), atoi(argv[4]));
  if (argc == 5 && strcmp(argv[1], "bulk") == 0) return bulk(argv[2], atoi(argv[3]), atoll(argv[4]));
  return 2;
}
