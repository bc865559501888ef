// P2 for UDP (SPEC S10.6): `datagram RUNS`: one datagram to a socket of the same process and back, with sendto and
// recvfrom, in us. Nothing is redirected: what is measured is what the hooks cost a process that has nothing to do with
// them.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int make_socket(struct sockaddr_in *name) {
  socklen_t length = sizeof *name;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  *name = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (bind(fd, (struct sockaddr *)name, sizeof *name) != 0 || getsockname(fd, (struct sockaddr *)name, &length) != 0)
    exit(3);
  return fd;
}

static void pass(int from, int to, const struct sockaddr_in *name) {
  char byte = 'x';
  struct sockaddr_in source;
  socklen_t length = sizeof source;
  if (sendto(from, &byte, 1, 0, (const struct sockaddr *)name, sizeof *name) != 1) exit(4);
  if (recvfrom(to, &byte, 1, 0, (struct sockaddr *)&source, &length) != 1) exit(5);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  int runs = atoi(argv[1]);
  struct sockaddr_in one_name, other_name;
  int one = make_socket(&one_name), other = make_socket(&other_name);
  double start = 0;
  for (int i = -runs / 10; i < runs; i++) {
    if (i == 0) start = now();
    pass(one, other, &other_name);
    pass(other, one, &one_name);
  }
  printf("%.4f\n", (now() - start) / runs);
  return 0;
}
