// A client that its peer commands: `peer HOST PORT [--churn N]`. It connects and obeys each byte that comes: `f` sends
// FIN and reads on, `r` resets the connection. Ends with the connection. --churn: N connections, one after the other,
// each until the peer ends it, from a loopback address of its own; says at the end how many connects failed beside
// these. --one-port: all from one source port.
#define _GNU_SOURCE  // strerrorname_np
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static int churn, one_port;
static struct sockaddr_in source = {.sin_family = AF_INET};

// An address of its own, so that thousands of connections do not compete for the namespace's ports.
static void bind_source(int fd) {
  int on = 1;
  socklen_t length = sizeof source;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&source, sizeof source) != 0) probe_die("bind");
  if (one_port) getsockname(fd, (struct sockaddr *)&source, &length);
}

// Returns -1 when the connect failed, with errno.
static int dial(char **argv) {
  struct sockaddr_storage to;
  socklen_t length = probe_address(argv[1], argv[2], &to);
  int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (churn) bind_source(fd);
  if (connect(fd, (struct sockaddr *)&to, length) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

int main(int argc, char **argv) {
  char byte;
  if (argc < 3) return 2;
  one_port = probe_flag(argc, argv, "--one-port");
  source.sin_addr.s_addr = htonl(0x7f020001u + ((uint32_t)getpid() & 0x1ffff));
  churn = atoi(probe_option(argc, argv, "--churn", "0"));
  int failed = 0, error = 0;
  for (int done = 0; done < churn && failed < 100;) {
    int fd = dial(argv);
    // A peer that resets before this thread wakes: the kernel's connect says so, and the connection was one.
    if (fd < 0 && errno == ECONNRESET) {
      done++;
      continue;
    }
    if (fd < 0) {
      error = errno;
      failed++;
      continue;
    }
    done++;
    while (recv(fd, &byte, 1, 0) > 0) continue;
    close(fd);
  }
  if (churn) {
    probe_say("failed %d %s", failed, failed ? strerrorname_np(error) : "-");
    return failed < 100 ? 0 : 1;
  }
  int fd = dial(argv);
  if (fd < 0) {
    probe_say("connect %s", strerrorname_np(errno));
    return 1;
  }
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
