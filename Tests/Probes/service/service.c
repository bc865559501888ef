// A redirect service over plain ioctl (SPEC S12): `service NAME HOST PORT [options]`. It accepts, queries records and
// context, sets the records on its own socket, connects to the destination that the context names (two
// sockaddr_storage: remote, local) and relays. HOST `fd`: PORT is a descriptor that came through exec, a listener or
// one connection.
//
//   --no-set       sets no records
//   --late         sets them after connect
//   --workers N    N children accept, called NAME-1 to NAME-N, and say `worker PID`; --leave: their parent ends first
//   --acceptors N  N threads accept
//   --share        SO_REUSEPORT
//   --transparent  IP_TRANSPARENT, as TPROXY wants it
//   --raw          accepts with a system call of its own, past the hooks
//   --close        first closes everything from descriptor 3 on
//   --dial PORT    first has an echo from 127.0.0.1:PORT, says `dialled echo`
//   --refuse CALL, --error EPERM|ENOSYS   behind a seccomp filter (probe_refuse) from then on
//   --steady       one connection after the other, in one thread; says `NAME fd N` of each
#define _GNU_SOURCE  // strerrorname_np
#include <errno.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../../include/wfpshim/wfp_ioctl.h"
#include "probe.h"

static const char *name;
static int set_records = 1, sets_late;
static int accepts_raw;

static void set(int fd, const void *records, uint32_t size) {
  struct wfp_ioctl set = {.in = records, .in_size = size};
  if (ioctl(fd, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, &set) != 0)
    probe_say("%s set %s", name, strerrorname_np(errno));
}

static void serve(int fd) {
  char records[4160], context[65536], text[64];
  struct wfp_ioctl query = {.out = records, .out_size = sizeof records};
  if (ioctl(fd, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, &query) != 0) {
    probe_say("%s records %s %u", name, strerrorname_np(errno), query.bytes_returned);
    return;
  }
  uint32_t records_size = query.bytes_returned;
  struct wfp_ioctl second = {.out = context, .out_size = sizeof context};
  if (ioctl(fd, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, &second) != 0) {
    probe_say("%s context %s %u", name, strerrorname_np(errno), second.bytes_returned);
    return;
  }
  struct sockaddr_storage destination;
  memcpy(&destination, context, sizeof destination);
  int out = socket(destination.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (out < 0) return;
  if (set_records && !sets_late) set(out, records, records_size);
  socklen_t length = destination.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  if (connect(out, (struct sockaddr *)&destination, length) != 0) {
    probe_say("%s connect %s %s", name, probe_text(&destination, text), strerrorname_np(errno));
  } else {
    if (sets_late) set(out, records, records_size);
    probe_say("%s flow %s records %u context %u", name, probe_text(&destination, text), records_size,
              second.bytes_returned);
    probe_relay(fd, out);
  }
  close(out);
}

static void *serve_thread(void *argument) {
  int fd = (int)(intptr_t)argument;
  serve(fd);
  close(fd);
  return NULL;
}

static void serve_all(int listener, int steady) {
  for (;;) {
    int fd = accepts_raw ? (int)syscall(SYS_accept4, listener, NULL, NULL, SOCK_CLOEXEC)
                         : accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) continue;
    if (!steady) {
      probe_thread(serve_thread, (void *)(intptr_t)fd);
      continue;
    }
    probe_say("%s fd %d", name, fd);
    serve(fd);
    close(fd);
  }
}

// Returns in each child; when the parent leaves, as soon as it has.
static void work(int workers, int leaves) {
  static char own[64];
  pid_t parent = getpid();
  sigset_t usr1;
  int number;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, NULL);
  for (int i = 1; i <= workers; i++) {
    if (fork() != 0) continue;
    prctl(PR_SET_PDEATHSIG, leaves ? SIGUSR1 : SIGKILL);
    if (leaves && getppid() == parent) sigwait(&usr1, &number);
    snprintf(own, sizeof own, "%s-%d", name, i);
    name = own;
    probe_say("worker %d", (int)getpid());
    return;
  }
  if (!leaves)
    for (;;) pause();
  exit(0);
}

static void dial(const char *port) {
  struct sockaddr_storage to;
  socklen_t length = probe_address("127.0.0.1", port, &to);
  char sent[] = "first", received[sizeof sent];
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct timeval patience = {10, 0};  // it may be connected to itself
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  int good = connect(fd, (struct sockaddr *)&to, length) == 0 && probe_send_all(fd, sent, sizeof sent) == 0 &&
             probe_receive_all(fd, received, sizeof sent) == 0;
  probe_say("dialled %s", good ? "echo" : strerrorname_np(errno));
  close(fd);
}

static void *accept_too(void *listener) {
  serve_all((int)(intptr_t)listener, 0);
  return NULL;
}

int main(int argc, char **argv) {
  uint16_t port;
  if (argc < 4) return 2;
  name = argv[1];
  set_records = !probe_flag(argc, argv, "--no-set");
  sets_late = probe_flag(argc, argv, "--late");
  probe_share_port = probe_flag(argc, argv, "--share");
  probe_transparent = probe_flag(argc, argv, "--transparent");
  accepts_raw = probe_flag(argc, argv, "--raw");
  int workers = atoi(probe_option(argc, argv, "--workers", "0"));
  const char *dialled = probe_option(argc, argv, "--dial", NULL);
  if (probe_flag(argc, argv, "--close")) syscall(SYS_close_range, 3, ~0u, 0);
  int inherited = strcmp(argv[2], "fd") == 0, listens = 1;
  int listener = inherited ? atoi(argv[3]) : probe_listen(argv[2], argv[3], 0, &port);
  socklen_t length = sizeof listens;
  if (inherited && getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0) probe_die("inherited");
  if (!inherited) probe_say("listening %u", port);
  if (dialled) dial(dialled);
  const char *refused = probe_option(argc, argv, "--refuse", NULL);
  if (refused) probe_refuse(refused, probe_option(argc, argv, "--error", "EPERM"));
  if (!listens) return serve(listener), 0;
  if (workers) work(workers, probe_flag(argc, argv, "--leave"));
  for (int i = atoi(probe_option(argc, argv, "--acceptors", "1")); i > 1; i--)
    probe_thread(accept_too, (void *)(intptr_t)listener);
  serve_all(listener, probe_flag(argc, argv, "--steady"));
}
