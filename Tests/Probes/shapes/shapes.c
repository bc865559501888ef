// The two ends of a relayed connection, for proxies of every shape.
//
//   shapes origin HOST
//     A connection's first byte says what is to be done:
//       p SIZE  (eight bytes) pours SIZE bytes and waits for the end: `poured SIZE`
//       s       takes bytes to the end, compares them and answers with their number: `took SIZE`
//       r       sends the byte back and resets the connection: `reset`
//       other   sends everything back, this byte too: `echoed`, or `lost` after a reset
//   shapes half HOST PORT SIZE    p, but half-closes before it reads the first byte
//   shapes stall HOST PORT SIZE   p, but reads one byte, says `stalled` and goes on at SIGUSR1
//   shapes send HOST PORT SIZE    s
//   shapes reset HOST PORT        one byte there and back, then resets the connection
//   shapes broken HOST PORT       r, and expects the end
// A client's last line is `ok SIZE`, or `failed WHAT`.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

enum { ROOM = 1 << 16 };
static const struct linger reset = {1, 0};

// The stream's bytes from `at` on: eight bytes depend on where they stand, so that a piece that is lost, doubled or
// moved shows. `out` has room for eight more.
static const unsigned char *pattern(uint64_t at, size_t count, unsigned char *out) {
  uint64_t first = at / 8;
  for (size_t i = 0; i <= (count + 7) / 8; i++) {
    uint64_t word = (first + i + 1) * 0x9e3779b97f4a7c15u;
    memcpy(out + 8 * i, &word, 8);
  }
  return out + at % 8;
}

static int pour(int fd, uint64_t size) {
  unsigned char block[ROOM + 16];
  for (uint64_t at = 0; at < size;) {
    size_t count = size - at < ROOM ? (size_t)(size - at) : ROOM;
    if (probe_send_all(fd, pattern(at, count, block), count) != 0) return -1;
    at += count;
  }
  return 0;
}

// Compares up to the end. Returns 0, or -1 when it is broken or another byte came; *at counts.
static int take(int fd, uint64_t *at) {
  unsigned char block[ROOM + 16], buffer[ROOM];
  ssize_t count;
  while ((count = recv(fd, buffer, ROOM, 0)) > 0) {
    if (memcmp(buffer, pattern(*at, (size_t)count, block), (size_t)count) != 0) return -1;
    *at += (uint64_t)count;
  }
  return count < 0 ? -1 : 0;
}

static void echo(int fd, char first) {
  char buffer[ROOM];
  ssize_t count = 1;
  buffer[0] = first;
  do {
    if (probe_send_all(fd, buffer, (size_t)count) != 0) break;
    count = recv(fd, buffer, ROOM, 0);
  } while (count > 0);
  probe_say(count == 0 ? "echoed" : "lost");
}

static void *serve(void *argument) {
  int fd = (int)(intptr_t)argument;
  char mode = 0, byte;
  uint64_t size = 0;
  if (probe_receive_all(fd, &mode, 1) != 0) {
    probe_say("nothing");
  } else if (mode == 'p') {
    if (probe_receive_all(fd, &size, sizeof size) != 0 || pour(fd, size) != 0 || shutdown(fd, SHUT_WR) != 0)
      probe_say("failed %s", strerrorname_np(errno));
    else if (recv(fd, &byte, 1, 0) == 0)
      probe_say("poured %llu", (unsigned long long)size);
  } else if (mode == 's') {
    int result = take(fd, &size);
    probe_say("%s %llu", result == 0 ? "took" : "failed at", (unsigned long long)size);
    if (result == 0) probe_send_all(fd, &size, sizeof size);
  } else if (mode == 'r') {
    probe_send_all(fd, &mode, 1);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    probe_say("reset");
  } else {
    echo(fd, mode);
  }
  close(fd);
  return NULL;
}

static int run_origin(const char *host) {
  uint16_t port;
  int listener = probe_listen(host, "0", 1, &port);
  probe_say("listening %u", port);
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd >= 0) probe_thread(serve, (void *)(intptr_t)fd);
  }
}

static int fail(const char *what) {
  probe_say("failed %s %s", what, errno ? strerrorname_np(errno) : "-");
  return 1;
}

static int succeed(uint64_t size) {
  probe_say("ok %llu", (unsigned long long)size);
  return 0;
}

static int download(int fd, uint64_t size, int stalls, const sigset_t *signals) {
  unsigned char first, block[16];
  uint64_t at = 0;
  int number;
  if (probe_send_all(fd, "p", 1) != 0 || probe_send_all(fd, &size, sizeof size) != 0) return fail("ask");
  if (stalls) {
    if (probe_receive_all(fd, &first, 1) != 0 || first != *pattern(0, 1, block)) return fail("first");
    probe_say("stalled");
    sigwait(signals, &number);
    at = 1;
  } else if (shutdown(fd, SHUT_WR) != 0) {
    return fail("shutdown");
  }
  errno = 0;
  if (take(fd, &at) != 0 || at != size) return fail("take");
  return succeed(at);
}

static int upload(int fd, uint64_t size) {
  uint64_t answer = 0;
  char more;
  if (probe_send_all(fd, "s", 1) != 0 || pour(fd, size) != 0 || shutdown(fd, SHUT_WR) != 0) return fail("send");
  errno = 0;
  if (probe_receive_all(fd, &answer, sizeof answer) != 0 || answer != size) return fail("answer");
  return recv(fd, &more, 1, 0) == 0 ? succeed(size) : fail("end");
}

static int one_byte(int fd, char mode) {
  char back = 0;
  if (probe_send_all(fd, &mode, 1) != 0) return fail("send");
  // The reset may overtake the byte.
  if (probe_receive_all(fd, &back, 1) != 0 ? mode != 'r' : back != mode) return fail("receive");
  if (mode == 'r')
    while (recv(fd, &back, 1, 0) > 0) continue;
  else
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(fd);
  return succeed(1);
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "origin") == 0) return run_origin(argv[2]);
  if (argc < 4) return 2;
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, NULL);
  struct sockaddr_storage to;
  socklen_t length = probe_address(argv[2], argv[3], &to);
  uint64_t size = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
  int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&to, length) != 0) return fail("connect");
  if (strcmp(argv[1], "half") == 0) return download(fd, size, 0, &usr1);
  if (strcmp(argv[1], "stall") == 0) return download(fd, size, 1, &usr1);
  if (strcmp(argv[1], "send") == 0) return upload(fd, size);
  if (strcmp(argv[1], "reset") == 0) return one_byte(fd, 'e');
  if (strcmp(argv[1], "broken") == 0) return one_byte(fd, 'r');
  return 2;
}
