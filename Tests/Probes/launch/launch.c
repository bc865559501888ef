// Starts a program with a socket as descriptor 3, as systemd.socket(5) does: `launch HOW HOST PROGRAM ARGUMENT...`
//   listener   Accept=no: the listener, with LISTEN_FDS and LISTEN_PID; this process becomes the program
//   each       Accept=yes, and inetd: one program a connection, which is its descriptor 3; two connections, then
//              `closed`: nobody listens
// The program's LD_PRELOAD is what LAUNCH_PRELOAD says: the launcher itself may run with or without the shim.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

static void become(int fd, char **program) {
  const char *preload = getenv("LAUNCH_PRELOAD");
  char number[16];
  if (fd == 3 ? fcntl(fd, F_SETFD, 0) != 0 : dup2(fd, 3) != 3) probe_die("dup2");
  if (preload) setenv("LD_PRELOAD", preload, 1);
  setenv("LISTEN_FDS", "1", 1);
  snprintf(number, sizeof number, "%d", (int)getpid());
  setenv("LISTEN_PID", number, 1);
  execv(program[0], program);
  probe_die(program[0]);
}

int main(int argc, char **argv) {
  uint16_t port;
  if (argc < 4) return 2;
  int listener = probe_listen(argv[2], "0", 0, &port);
  probe_say("listening %u", port);
  if (strcmp(argv[1], "listener") == 0) become(listener, argv + 3);
  for (int i = 0; i < 2; i++) {
    int fd = accept(listener, NULL, NULL);
    if (fork() == 0) become(fd, argv + 3);
    close(fd);
  }
  close(listener);
  probe_say("closed");
  while (wait(NULL) > 0) continue;
  return 0;
}
