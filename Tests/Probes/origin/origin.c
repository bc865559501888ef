// An echo server (RFC 862) that says who came: `origin HOST PORT`.
#include <stdint.h>
#include <unistd.h>

#include "probe.h"

static void *echo(void *argument) {
  int fd = (int)(intptr_t)argument;
  char buffer[65536];
  ssize_t n;
  while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0)
    if (probe_send_all(fd, buffer, (size_t)n) != 0) break;
  close(fd);
  return NULL;
}

int main(int argc, char **argv) {
  uint16_t port;
  if (argc < 3) return 2;
  int listener = probe_listen(argv[1], argv[2], 0, &port);
  int silent = probe_flag(argc, argv, "--silent");
  probe_say("listening %u", port);
  for (;;) {
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    int fd = accept(listener, (struct sockaddr *)&peer, &length);
    if (fd < 0) continue;
    char text[64];
    if (!silent) probe_say("accepted %s", probe_text(&peer, text));
    probe_thread(echo, (void *)(intptr_t)fd);
  }
}
