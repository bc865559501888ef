// Places from which a host may connect: `hosts PLACE HOST PORT`, PLACE one of
//   stack     a thread with the smallest stack, 16 KiB
//   signal    a signal handler that interrupts connects
//   atexit    an exit handler
//   closed    after everything above the standard descriptors was closed, one by one and by range
//   key       a thread's key destructor
//   forks [N], alarms [N], crowd   storms.c
//   spawn, vforks   children of threads, by posix_spawn and vfork (spawn.c)
//   bare, few, closes, datagrams, refuse, dlopen, deepbind, dlmopen   rough.c
//   sandbox   behind a seccomp filter that refuses files, netlink and new identities
// Says `echo N` for N good exchanges, or what failed.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "places.h"
#include "probe.h"

struct sockaddr_storage destination;
socklen_t length;
volatile sig_atomic_t good, failure;
static volatile sig_atomic_t handled;

int exchange(void) {
  char sent[] = "0123456789abcde", received[sizeof sent];
  int fd = socket(destination.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int result = fd < 0 ? errno : 0;
  if (!result && connect(fd, (struct sockaddr *)&destination, length) != 0 && errno != EINTR) result = errno;
  if (!result && (probe_send_all(fd, sent, sizeof sent) != 0 || probe_receive_all(fd, received, sizeof sent) != 0))
    result = EPIPE;
  if (!result && memcmp(sent, received, sizeof sent) != 0) result = EBADMSG;
  if (fd >= 0) close(fd);
  if (result)
    failure = result;
  else
    good++;
  return result;
}

static void *on_small_stack(void *argument) {
  (void)argument;
  exchange();
  return NULL;
}

static void on_signal(int number) {
  (void)number;
  int saved = errno;
  exchange();
  handled++;
  errno = saved;
}

static void report(void) {
  if (failure)
    probe_say("failed %s", strerrorname_np(failure));
  else
    probe_say("echo %d", (int)good);
}

static void at_exit(void) {
  exchange();
  report();
}

static void small_stack(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (pthread_attr_setstacksize(&attributes, 16384) != 0) probe_die("stack");
  if (pthread_create(&thread, &attributes, on_small_stack, NULL) != 0) probe_die("thread");
  pthread_join(thread, NULL);
}

// Signals from another process, each answered by an exchange, in the middle of exchanges.
static void signals(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, NULL);
  pid_t parent = getpid(), child = fork();
  if (child == 0) {
    for (int i = 0; i < 20000 && getppid() == parent; i++) {
      kill(parent, SIGUSR1);
      usleep(500);  // apart, so that they do not merge; nobody waits for it
    }
    _exit(0);
  }
  // An exchange of the main program may be interrupted: only those of the handler count.
  while (handled < 5) {
    sig_atomic_t before = failure;
    exchange();
    if (failure == EPIPE) failure = before;
  }
  signal(SIGUSR1, SIG_IGN);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  good = failure ? 0 : 1;
}

static void closed(void) {
  for (int fd = 3; fd < 1024; fd++) close(fd);
  syscall(SYS_close_range, 3, ~0u, 0);
  exchange();
}

static pthread_key_t key;

static void on_key(void *value) {
  (void)value;
  exchange();
}

static void *with_key(void *argument) {
  pthread_setspecific(key, argument);
  return NULL;
}

static void destructor(void) {
  pthread_t thread;
  pthread_key_create(&key, on_key);
  pthread_create(&thread, NULL, with_key, &key);
  pthread_join(thread, NULL);
}

static void sandbox(void) {
#define REFUSE(call) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      REFUSE(SYS_openat),
      REFUSE(SYS_mmap),
      REFUSE(SYS_kill),
      REFUSE(SYS_readlinkat),
      // socket(AF_NETLINK, ...)
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    probe_die("seccomp");
  exchange();
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  length = probe_address(argv[2], argv[3], &destination);
  if (strcmp(argv[1], "once") == 0) return exchange() ? 1 : 0;
  if (strcmp(argv[1], "bare") == 0) bare();
  probe_say("ready");  // stdout has its buffer before the sandbox closes
  if (argc > 4 && strstr("dlopen deepbind dlmopen", argv[1])) return plugin(argv[1], argv[4], argv), 0;
  if (strcmp(argv[1], "refuse") == 0) return refused(argc, argv), 0;
  if (strcmp(argv[1], "few") == 0) few();
  if (strcmp(argv[1], "closes") == 0) closes();
  if (strcmp(argv[1], "crowd") == 0) crowd();
  if (strcmp(argv[1], "datagrams") == 0) datagrams();
  if (strcmp(argv[1], "spawn") == 0) spawned(argv);
  if (strcmp(argv[1], "vforks") == 0) vforked(argv);
  if (strcmp(argv[1], "stack") == 0) small_stack();
  if (strcmp(argv[1], "signal") == 0) signals();
  if (strcmp(argv[1], "closed") == 0) closed();
  if (strcmp(argv[1], "key") == 0) destructor();
  int count = argc > 4 ? atoi(argv[4]) : 0;
  if (strcmp(argv[1], "forks") == 0) forks(count ? count : 300);
  if (strcmp(argv[1], "alarms") == 0) alarms(count ? count : 300);
  if (strcmp(argv[1], "sandbox") == 0) sandbox();
  if (strcmp(argv[1], "atexit") == 0)
    atexit(at_exit);
  else
    report();
  return failure ? 1 : 0;
}
