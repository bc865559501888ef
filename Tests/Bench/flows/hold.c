// P7: flows that live.
//   hold sink PORT        a service's socket for UDP, which reads nothing
//   hold hold PORT COUNT ADDRESS  COUNT sockets of UDP, bound to ADDRESS (the ports of one are few) and connected to
//                                 127.0.0.1:PORT
// Both until they are ended.
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void require(int is_good, const char *what) {
  if (is_good) return;
  perror(what);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc < 3 || (argc < 5 && strcmp(argv[1], "sink") != 0)) return 2;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2])), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int is_sink = strcmp(argv[1], "sink") == 0, count = is_sink ? 1 : atoi(argv[3]);
  for (int i = 0; i < count; i++) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    require(fd >= 0, "socket");
    struct sockaddr_in own = address;
    if (!is_sink) own = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {inet_addr(argv[4])}};
    require(bind(fd, (struct sockaddr *)&own, sizeof own) == 0, "bind");
    if (!is_sink) require(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
  }
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}
