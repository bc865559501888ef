// Sends the bytes of a file as it is told: `sender HOST PORT FILE COMMAND...`, one line `COMMAND done` each.
//   send A B    bytes A to B of the file, at once          bytes A B   the same, each in a segment of its own
//   wait        until SIGUSR1 comes                        fin, reset  ends the stream
//   answer N    reads N bytes and says them as text
// After the last command it reads until its peer ends the connection.
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static uint8_t content[1 << 18];

static void run(int fd, const char *command) {
  size_t from = 0, to = 0, step = 1;
  char what[16] = "";
  sscanf(command, "%15s %zu %zu", what, &from, &to);
  if (strcmp(what, "send") == 0) step = to - from;
  if (strcmp(what, "send") == 0 || strcmp(what, "bytes") == 0) {
    for (size_t at = from; at < to; at += step)
      if (probe_send_all(fd, content + at, step) != 0) probe_die("send");
  } else if (strcmp(what, "wait") == 0) {
    sigset_t set;
    int number;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigwait(&set, &number);
  } else if (strcmp(what, "fin") == 0) {
    shutdown(fd, SHUT_WR);
  } else if (strcmp(what, "reset") == 0) {
    struct linger now = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
  } else if (strcmp(what, "answer") == 0) {
    char text[256] = "";
    if (probe_receive_all(fd, text, from) != 0) snprintf(text, sizeof text, "nothing");
    probe_say("answer %s", text);
  } else {
    errno = EINVAL;
    probe_die(command);
  }
  probe_say("%s done", command);
}

// A proxy that was just started does not say when it listens.
static int dial(struct sockaddr_storage *to, socklen_t length) {
  for (int i = 0;; i++) {
    int fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)to, length) == 0) return fd;
    if (errno != ECONNREFUSED || i == 3000) probe_die("connect");
    close(fd);
    usleep(10000);
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int file = open(argv[3], O_RDONLY | O_CLOEXEC);
  if (file < 0 || read(file, content, sizeof content) < 0) probe_die(argv[3]);
  struct sockaddr_storage to, own;
  socklen_t length = probe_address(argv[1], argv[2], &to);
  int fd = dial(&to, length), on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  length = sizeof own;
  getsockname(fd, (struct sockaddr *)&own, &length);
  probe_say("connected %u", ntohs(((struct sockaddr_in *)&own)->sin_port));
  for (int i = 4; i < argc; i++) run(fd, argv[i]);
  char byte;
  while (recv(fd, &byte, 1, 0) > 0) continue;
  return 0;
}
