// Sends and receives at the same time, as much as is asked for, then half-closes: `stream HOST PORT [--size BYTES]
// [--hold]`. With --hold it says `holding` once the first byte came back, and goes on at SIGUSR1.
// At the end `ok BYTES` or `failed WHAT ERRNO`.
#define _GNU_SOURCE  // strerrorname_np
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static size_t size;
static int fd;

// A sequence without a short period, so that a lost or doubled piece shows.
static unsigned char byte_at(size_t i) { return (unsigned char)((i * 2654435761u) >> 13); }

static void *send_rest(void *argument) {
  (void)argument;
  unsigned char buffer[16384];
  for (size_t at = 1; at < size;) {
    size_t n = size - at < sizeof buffer ? size - at : sizeof buffer;
    for (size_t i = 0; i < n; i++) buffer[i] = byte_at(at + i);
    if (probe_send_all(fd, buffer, n) != 0) break;
    at += n;
  }
  shutdown(fd, SHUT_WR);
  return NULL;
}

static int fail(const char *what) {
  probe_say("failed %s %s", what, errno ? strerrorname_np(errno) : "-");
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  size = (size_t)atol(probe_option(argc, argv, "--size", "64"));
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, NULL);
  struct sockaddr_storage to;
  socklen_t length = probe_address(argv[1], argv[2], &to);
  fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&to, length) != 0) return fail("connect");
  unsigned char first = byte_at(0), back = (unsigned char)~first;
  if (probe_send_all(fd, &first, 1) != 0 || probe_receive_all(fd, &back, 1) != 0 || back != first)
    return fail("first byte");
  if (probe_flag(argc, argv, "--hold")) {
    int number;
    probe_say("holding");
    sigwait(&usr1, &number);
  }
  pthread_t sender;
  pthread_create(&sender, NULL, send_rest, NULL);
  size_t received = 1;
  unsigned char buffer[65536];
  ssize_t n;
  errno = 0;
  while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0) {
    for (ssize_t i = 0; i < n; i++)
      if (buffer[i] != byte_at(received + (size_t)i)) return fail("compare");
    received += (size_t)n;
  }
  if (n < 0) return fail("receive");
  pthread_join(sender, NULL);
  if (received != size) return fail("size");
  close(fd);
  probe_say("ok %zu", received);
  return 0;
}
