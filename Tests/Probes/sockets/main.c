// Checks of one socket call each: `sockets CHECK[:HOW] HOST PORT OTHER-PORT [--hold]`.
#define _GNU_SOURCE  // strerrorname_np
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sockets.h"

struct sockaddr_storage target, other;
socklen_t target_length, other_length;
static int holds;

const char *answer(long result) {
  static char text[24];
  if (result < 0) return strerrorname_np(errno);
  snprintf(text, sizeof text, "%ld", result);
  return text;
}

int tcp(void) {
  int fd = socket(target.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) probe_die("socket");
  return fd;
}

const char *echo(int fd) {
  char sent[] = "eight stages", received[sizeof sent];
  if (probe_send_all(fd, sent, sizeof sent) != 0) return "send failed";
  if (probe_receive_all(fd, received, sizeof sent) != 0) return "receive failed";
  return memcmp(sent, received, sizeof sent) == 0 ? "echo" : "other bytes";
}

const char *works(void) {
  int fd = tcp();
  const char *result = connect(fd, (struct sockaddr *)&target, target_length) == 0 ? echo(fd) : strerrorname_np(errno);
  close(fd);
  return result;
}

void hold(int fd) {
  if (!holds) return;
  struct sockaddr_storage name;
  socklen_t length = sizeof name;
  char text[64];
  sigset_t usr1;
  int number;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  getsockname(fd, (struct sockaddr *)&name, &length);
  probe_say("holding %s", probe_text(&name, text));
  sigwait(&usr1, &number);
}

// The simplest check: what a connect, the echo and the peer's name are.
static void plain(void) {
  int fd = tcp();
  struct sockaddr_storage peer;
  socklen_t length = sizeof peer;
  char text[64];
  probe_say("connect %s", answer(connect(fd, (struct sockaddr *)&target, target_length)));
  if (getpeername(fd, (struct sockaddr *)&peer, &length) == 0) probe_say("peer %s", probe_text(&peer, text));
  probe_say("%s", echo(fd));
  hold(fd);
  close(fd);
}

// A listener with a full queue that nobody serves: a connect to it stays in progress.
static void full(void) {
  int listener = tcp();
  struct sockaddr_storage name = target;
  socklen_t length = sizeof name;
  if (bind(listener, (struct sockaddr *)&name, target_length) != 0 || listen(listener, 0) != 0) probe_die("listen");
  getsockname(listener, (struct sockaddr *)&name, &length);
  int filler = tcp();
  if (connect(filler, (struct sockaddr *)&name, length) != 0) probe_die("filler");
  probe_say("listening %u", ntohs(((struct sockaddr_in *)&name)->sin_port));
  for (;;) pause();
}

// Whether the target's port can be had: the exit status.
static void available(void) {
  int fd = tcp();
  if (bind(fd, (struct sockaddr *)&target, target_length) != 0 || listen(fd, 1) != 0) probe_die("taken");
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  char check[32];
  snprintf(check, sizeof check, "%s", argv[1]);
  char *how = strchr(check, ':');
  if (how) *how++ = 0;
  target_length = probe_address(argv[2], argv[3], &target);
  other_length = probe_address(argv[2], argv[4], &other);
  holds = probe_flag(argc, argv, "--hold");
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, NULL);

  static const struct {
    const char *name;
    void (*run)(void);
  } checks[] = {{"plain", plain},         {"full", full},           {"free", available},
                {"names", names},         {"lengths", lengths},     {"hostile", hostile},
                {"untouched", untouched}, {"accepts", accepts},     {"progress", progress},
                {"repeated", repeated},   {"stuck", stuck},         {"timeout", timeout},
                {"unspec", unspec},       {"elsewhere", elsewhere}, {"same_port", same_port},
                {"rebind", rebind},       {"reuse", reuse},         {"families", families},
                {"vfork", in_vfork},      {"refusal", refusal},     {"burst", burst},
                {"storm", storm},         {"twice", twice},         {"no_room", no_room},
                {"crossed", crossed},     {"again", again},         {"interrupted", interrupted}};
  static const struct {
    const char *name;
    void (*run)(const char *how);
  } variants[] = {{"bound", bound}, {"fastopen", fast_open}, {"leave", leave}};
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
    if (strcmp(check, checks[i].name) == 0) return checks[i].run(), 0;
  for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
    if (how && strcmp(check, variants[i].name) == 0) return variants[i].run(how), 0;
  return 2;
}
