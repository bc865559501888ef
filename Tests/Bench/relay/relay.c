// P3 and P4: a whole redirected connection, and the one call that tells where it wanted to go.
//   relay origin PORT                 echoes one byte a connection
//   relay relay PORT MODE DESTINATION MODE: wfp, original-dst (SO_ORIGINAL_DST) or fixed
//   relay client PORT COUNT           connects, one byte there and back; prints the median and the 99th percentile in
//   us
// The relay prints on SIGTERM the median time of its query in ns; --hot N adds loops of N queries on one
// connection, with the buffer on the stack and on the heap.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../../include/wfpshim/wfp_ioctl.h"

static volatile sig_atomic_t stopped;
static const struct linger no_wait = {1, 0};  // no TIME_WAIT: the ports last

static void stop(int number) {
  (void)number;
  stopped = 1;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double median(double *values, int count) {
  if (count == 0) return 0;
  qsort(values, (size_t)count, sizeof *values, by_value);
  return values[count / 2];
}

static struct sockaddr_in local(const char *port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  return address;
}

static int listen_on(const char *port) {
  struct sockaddr_in address = local(port);
  int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 128) != 0) {
    perror(port);
    exit(1);
  }
  puts("ready");
  fflush(stdout);
  return fd;
}

static int origin(const char *port) {
  int listener = listen_on(port);
  while (!stopped) {
    char byte;
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) continue;
    while (recv(fd, &byte, 1, 0) == 1) send(fd, &byte, 1, MSG_NOSIGNAL);
    close(fd);
  }
  return 0;
}

static double query_times[1 << 20];
static int query_count;

static int find_destination(int fd, const char *mode, struct sockaddr_in *destination, char *records, uint32_t *size) {
  if (strcmp(mode, "wfp") == 0) {
    char context[256];
    struct wfp_ioctl first = {.out = records, .out_size = 1024}, second = {.out = context, .out_size = sizeof context};
    if (ioctl(fd, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, &first) != 0) return -1;
    *size = first.bytes_returned;
    double before = now();
    int result = ioctl(fd, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, &second);
    double after = now();
    if (result != 0) return -1;
    if (query_count < 1 << 20) query_times[query_count++] = after - before;
    memcpy(destination, context, sizeof *destination);
  } else if (strcmp(mode, "original-dst") == 0) {
    socklen_t length = sizeof *destination;
    double before = now();
    int result = getsockopt(fd, SOL_IP, SO_ORIGINAL_DST, destination, &length);
    double after = now();
    if (result != 0) return -1;
    if (query_count < 1 << 20) query_times[query_count++] = after - before;
  }
  return 0;
}

// One connection: as a proxy that serves one after the other would.
static void serve(int fd, const char *mode, struct sockaddr_in destination) {
  char records[1024], byte;
  uint32_t size = 0;
  if (find_destination(fd, mode, &destination, records, &size) != 0) return;
  int out = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(out, SOL_SOCKET, SO_LINGER, &no_wait, sizeof no_wait);
  struct wfp_ioctl set = {.in = records, .in_size = size};
  if (size && ioctl(out, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, &set) != 0) perror("set");
  if (connect(out, (struct sockaddr *)&destination, sizeof destination) == 0)
    while (recv(fd, &byte, 1, 0) == 1)
      if (send(out, &byte, 1, MSG_NOSIGNAL) != 1 || recv(out, &byte, 1, 0) != 1 ||
          send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
        break;
  close(out);
}

static double hot_loop(int fd, const char *mode, void *buffer, int count) {
  double before = now();
  for (int i = 0; i < count; i++) {
    if (strcmp(mode, "wfp") == 0) {
      struct wfp_ioctl query = {.out = buffer, .out_size = 256};
      if (ioctl(fd, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, &query) != 0) return -1;
    } else {
      socklen_t length = sizeof(struct sockaddr_in);
      if (getsockopt(fd, SOL_IP, SO_ORIGINAL_DST, buffer, &length) != 0) return -1;
    }
  }
  return (now() - before) / count;
}

static int relay(const char *port, const char *mode, const char *destination, int hot) {
  int listener = listen_on(port);
  double stack_time = 0, heap_time = 0;
  while (!stopped) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) continue;
    if (hot && !stack_time) {
      char stack[256], *heap = malloc(1 << 20);
      stack_time = hot_loop(fd, mode, stack, hot);
      heap_time = hot_loop(fd, mode, heap + (1 << 19), hot);
      free(heap);
    }
    serve(fd, mode, local(destination));
    close(fd);
  }
  printf("%.1f %.1f %.1f\n", median(query_times, query_count), stack_time, heap_time);
  return 0;
}

static int client(const char *port, int count) {
  struct sockaddr_in address = local(port);
  double *times = calloc((size_t)count, sizeof *times);
  for (int i = 0; i < count; i++) {
    char byte = 'x';
    double before = now();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &no_wait, sizeof no_wait);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 || send(fd, &byte, 1, 0) != 1 ||
        recv(fd, &byte, 1, 0) != 1) {
      perror("client");
      return 1;
    }
    times[i] = (now() - before) / 1000;
    close(fd);
  }
  double middle = median(times, count);  // it sorts them
  printf("%.3f %.3f\n", middle, times[(size_t)count * 99 / 100]);
  return 0;
}

int main(int argc, char **argv) {
  struct sigaction action = {.sa_handler = stop};  // without SA_RESTART: accept returns
  sigaction(SIGTERM, &action, NULL);
  if (argc >= 3 && strcmp(argv[1], "origin") == 0) return origin(argv[2]);
  if (argc >= 5 && strcmp(argv[1], "relay") == 0) return relay(argv[2], argv[3], argv[4], argc > 6 ? atoi(argv[6]) : 0);
  if (argc >= 4 && strcmp(argv[1], "client") == 0) return client(argv[2], atoi(argv[3]));
  return 2;
}
