// A client that its peer commands: `peer HOST PORT [--churn N]`. It connects and obeys each byte that comes: `f` sends
// FIN and reads on, `r` resets the connection. Ends with the connection. --churn: N connections, one after the other,
// each until the peer ends it.
#define _GNU_SOURCE  // strerrorname_np
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static int dial(char **argv) {
  struct sockaddr_storage to;
  socklen_t length = probe_address(argv[1], argv[2], &to);
  int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&to, length) != 0) {
    probe_say("connect %s", strerrorname_np(errno));
    exit(1);
  }
  return fd;
}

int main(int argc, char **argv) {
  char byte;
  if (argc < 3) return 2;
  int churn = atoi(probe_option(argc, argv, "--churn", "0"));
  for (int i = 0; i < churn; i++) {
    int fd = dial(argv);
    while (recv(fd, &byte, 1, 0) > 0) continue;
    close(fd);
  }
  if (churn) {
    probe_say("churned %d", churn);
    return 0;
  }
  int fd = dial(argv);
  probe_say("connected");
  while (recv(fd, &byte, 1, 0) > 0) {
    if (byte == 'f') shutdown(fd, SHUT_WR);
    if (byte == 'r') {
      struct linger now = {1, 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      close(fd);
      return 0;
    }
  }
  return 0;
}
