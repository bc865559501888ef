// A redirect service in C over plain ioctl(2): `relay HOST PORT`, under the preload. Its provider's context is
// [ {sockaddr_storage: remote} ]: where the application wanted to go.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wfpshim/wfp_ioctl.h"

static int copy(int from, int to) {
  char data[65536];
  ssize_t count = read(from, data, sizeof data);
  if (count == 0) shutdown(to, SHUT_WR);
  for (ssize_t sent = 0; sent < count;) {
    ssize_t part = write(to, data + sent, (size_t)(count - sent));
    if (part < 0) return -1;
    sent += part;
  }
  return count > 0 ? 1 : (int)count;
}

static void relay(int client, int server) {
  struct pollfd ends[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
  while ((ends[0].fd >= 0 || ends[1].fd >= 0) && poll(ends, 2, -1) > 0)
    for (int i = 0; i < 2; i++) {
      if (ends[i].fd < 0 || !ends[i].revents) continue;
      int result = copy(ends[i].fd, i == 0 ? server : client);
      if (result < 0) return;
      if (result == 0) ends[i].fd = -1;
    }
}

static void serve(int client) {
  char records[4160];
  struct sockaddr_storage destination;
  struct wfp_ioctl first = {.out = records, .out_size = sizeof records};
  struct wfp_ioctl second = {.out = &destination, .out_size = sizeof destination};
  if (ioctl(client, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, &first) != 0 ||
      ioctl(client, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, &second) != 0) {
    perror("query");
    return;
  }
  int server = socket(destination.ss_family, SOCK_STREAM, 0);
  // Before connect: whose connection it continues.
  struct wfp_ioctl set = {.in = records, .in_size = first.bytes_returned};
  if (ioctl(server, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, &set) != 0 ||
      connect(server, (struct sockaddr *)&destination, sizeof destination) != 0) {
    perror("connect on");
  } else {
    char host[INET6_ADDRSTRLEN];
    int is4 = destination.ss_family == AF_INET;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&destination;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&destination;
    inet_ntop(destination.ss_family, is4 ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr, host, sizeof host);
    printf("relaying to %s port %d\n", host, ntohs(is4 ? v4->sin_port : v6->sin6_port));
    relay(client, server);
  }
  close(server);
}

int main(int argc, char **argv) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (argc < 3 || inet_pton(AF_INET, argv[1], &address.sin_addr) != 1) return 2;
  address.sin_port = htons((uint16_t)atoi(argv[2]));
  if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 64) != 0) return 1;
  if (getsockname(listener, (struct sockaddr *)&address, &length) != 0) return 1;
  setlinebuf(stdout);
  signal(SIGCHLD, SIG_IGN);  // a process for each connection, which nobody waits for
  signal(SIGPIPE, SIG_IGN);
  printf("listening %d\n", ntohs(address.sin_port));
  for (;;) {
    int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    if (fork() == 0) {
      close(listener);
      serve(client);
      exit(0);
    }
    close(client);
  }
}
