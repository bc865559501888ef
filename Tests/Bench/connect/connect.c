// P2: a connect() that no filter matches: `connect COUNT`. Prints the median and the 99th
// percentile in us, with a further word the longest. Connects to a listener of its
// own and accepts outside of the timing.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 1000;
  double *times = calloc((size_t)count, sizeof *times);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 16) != 0) return 1;
  if (getsockname(listener, (struct sockaddr *)&address, &length) != 0) return 1;
  struct linger reset = {1, 0};  // no TIME_WAIT: the ports last
  for (int i = 0; i < count; i++) {
    struct timespec before, after;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    clock_gettime(CLOCK_MONOTONIC, &before);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) return 1;
    clock_gettime(CLOCK_MONOTONIC, &after);
    close(accept(listener, NULL, NULL));
    close(fd);
    times[i] = (double)(after.tv_sec - before.tv_sec) * 1e6 + (double)(after.tv_nsec - before.tv_nsec) / 1e3;
  }
  qsort(times, (size_t)count, sizeof *times, by_value);
  if (argc > 2)
    printf("%.4f\n", times[count - 1]);
  else
    printf("%.4f %.4f\n", times[count / 2], times[(size_t)count * 99 / 100]);
  return 0;
}
