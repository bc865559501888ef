// Connections for `make soak`, many or long-lived ones; each client prints a line and goes on at a line on stdin.
//   connections origin PORT                           echoes
//   connections turn PORT COUNT PHASES THREADS        COUNT connections in all, one word there and back on each
//   connections hold PORT COUNT SOURCE DESTINATION    COUNT connections at once, used once more at the next line
//   connections crowd PORT COUNT THREADS              each thread COUNT connections; says how they ended
#define _GNU_SOURCE  // accept4
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

static struct sockaddr_in destination = {.sin_family = AF_INET};
static struct sockaddr_in source = {.sin_family = AF_INET};
static int share;
static unsigned long good, exhausted, reset, other;

static void require(int is_good, const char *what) {
  if (is_good) return;
  perror(what);
  exit(1);
}

static void pause_after(const char *format, unsigned long value) {
  printf(format, value);
  putchar('\n');
  fflush(stdout);
  if (getchar() == EOF) exit(0);
}

static void origin(void) {
  int poller = epoll_create1(EPOLL_CLOEXEC), listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct epoll_event event = {EPOLLIN, {.fd = listener}}, events[256];
  struct linger now = {1, 0};
  char data[4096];
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  destination.sin_addr.s_addr = INADDR_ANY;
  require(bind(listener, (struct sockaddr *)&destination, sizeof destination) == 0, "bind");
  require(listen(listener, 8192) == 0, "listen");
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  puts("ready");
  fflush(stdout);
  for (;;) {
    int n = epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        event.data.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (event.data.fd >= 0) epoll_ctl(poller, EPOLL_CTL_ADD, event.data.fd, &event);
        continue;
      }
      ssize_t got = recv(fd, data, sizeof data, MSG_DONTWAIT);
      if (got > 0 && send(fd, data, (size_t)got, MSG_NOSIGNAL) == got) continue;
      if (got < 0 && errno == EAGAIN) continue;
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);  // no TIME_WAIT: the ports last
      close(fd);
    }
  }
}

static int echo(int fd, uint32_t word) {
  uint32_t back = ~word;
  if (send(fd, &word, sizeof word, MSG_NOSIGNAL) != sizeof word) return -1;
  if (recv(fd, &back, sizeof back, MSG_WAITALL) != sizeof back) return errno = ECONNRESET, -1;
  if (back == word) return 0;
  fprintf(stderr, "another connection's data\n");
  exit(1);
}

static int open_one(uint32_t word) {
  struct linger now = {1, 0};
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  if (source.sin_addr.s_addr) {
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    require(bind(fd, (struct sockaddr *)&source, sizeof source) == 0, "bind");
  }
  if (connect(fd, (struct sockaddr *)&destination, sizeof destination) == 0 && echo(fd, word) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static void *make_share(void *number) {
  for (int i = 0; i < share; i++) {
    int fd = open_one((uint32_t)(uintptr_t)number << 24 | (uint32_t)i);
    unsigned long *count = fd >= 0 ? &good : errno == EMFILE ? &exhausted : errno == ECONNRESET ? &reset : &other;
    if (count == &other && __atomic_load_n(&other, __ATOMIC_RELAXED) == 0) perror("connection");
    __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
    if (fd >= 0) close(fd);
  }
  return NULL;
}

static void make_all(int threads) {
  pthread_t *all = calloc((size_t)threads, sizeof *all);
  for (int i = 0; i < threads; i++)
    require(pthread_create(&all[i], NULL, make_share, (void *)(uintptr_t)i) == 0, "thread");
  for (int i = 0; i < threads; i++) pthread_join(all[i], NULL);
  free(all);
}

static void turn(unsigned long count, int phases, int threads) {
  share = (int)(count / (unsigned long)phases / (unsigned long)threads);
  pause_after("ready %lu", 0);
  for (int i = 0; i < phases; i++) {
    make_all(threads);
    require(exhausted + reset + other == 0, "failed connections");
    pause_after("connections %lu", good);
  }
}

static void hold(int count, const char *from, const char *to) {
  int *all = calloc((size_t)count, sizeof *all);
  inet_pton(AF_INET, from, &source.sin_addr);
  inet_pton(AF_INET, to, &destination.sin_addr);
  for (int i = 0; i < count; i++) require((all[i] = open_one((uint32_t)i)) >= 0, "connection");
  pause_after("holding %lu", (unsigned long)count);
  for (int i = 0; i < count; i++) good += echo(all[i], (uint32_t)i * 7) == 0;
  pause_after("used %lu", good);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  destination.sin_port = htons((uint16_t)atoi(argv[2]));
  destination.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (strcmp(argv[1], "origin") == 0) origin();
  if (argc == 6 && strcmp(argv[1], "turn") == 0) turn(strtoul(argv[3], NULL, 10), atoi(argv[4]), atoi(argv[5]));
  if (argc == 6 && strcmp(argv[1], "hold") == 0) hold(atoi(argv[3]), argv[4], argv[5]);
  if (argc == 5 && strcmp(argv[1], "crowd") == 0) {
    share = atoi(argv[3]);
    make_all(atoi(argv[4]));
    printf("good %lu exhausted %lu reset %lu other %lu\n", good, exhausted, reset, other);
  }
  return 0;
}
