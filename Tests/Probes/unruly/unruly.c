// A redirect service with the habits that loops are made of: `unruly NAME HOST PORT [options]`. Unless it says
// --set it sets no records. One line a connection: `NAME flow DESTINATION` or `NAME connect DESTINATION ERRNO`.
//
//   --set         sets the records
//   --dial HOST   connects to HOST (and the dialled port) in place of the dialled address
//   --self HOST   connects to its own port on HOST
//   --again N     in its first N connections: makes a second one to the same destination, without records
//   --workers N   N processes accept from the one listener
//   --fork-each   one process accepts, a child of it does the rest
//   --late        says `NAME accepted`, and asks nothing of its first connection before the second one is there
//   --limit N     serves N connections, and closes those that come after them: no loop is endless
#define _GNU_SOURCE  // strerrorname_np
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../../../include/wfpshim/wfp_ioctl.h"
#include "probe.h"

static const char *name, *dial_host, *self_host;
static int sets, again, late;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t second_is_there = PTHREAD_COND_INITIALIZER;
static int arrived;
static uint16_t own_port;
static int *served;  // shared by all workers
static int limit;

static int dial(const struct sockaddr_storage *to, const struct wfp_ioctl *records) {
  int fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (records) {
    struct wfp_ioctl set = {.in = records->out, .in_size = records->bytes_returned};
    if (ioctl(fd, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, &set) != 0)
      probe_say("%s set %s", name, strerrorname_np(errno));
  }
  socklen_t length = to->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  if (connect(fd, (const struct sockaddr *)to, length) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static void choose_destination(struct sockaddr_storage *to) {
  const char *host = self_host ? self_host : dial_host;
  if (!host) return;
  char port[8];
  snprintf(port, sizeof port, "%u", self_host ? own_port : ntohs(((struct sockaddr_in *)to)->sin_port));
  probe_address(host, port, to);
}

static void wait_for_second(void) {
  pthread_mutex_lock(&lock);
  probe_say("%s accepted", name);
  arrived++;
  pthread_cond_broadcast(&second_is_there);
  while (arrived < 2) pthread_cond_wait(&second_is_there, &lock);
  pthread_mutex_unlock(&lock);
}

static void serve(int fd) {
  if (late) wait_for_second();
  char blob[4160], context[256], text[64];
  struct wfp_ioctl records = {.out = blob, .out_size = sizeof blob};
  struct wfp_ioctl query = {.out = context, .out_size = sizeof context};
  if (ioctl(fd, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, &records) != 0 ||
      ioctl(fd, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, &query) != 0) {
    probe_say("%s query %s", name, strerrorname_np(errno));
    return;
  }
  struct sockaddr_storage to;
  memcpy(&to, context, sizeof to);
  choose_destination(&to);
  int out = dial(&to, sets ? &records : NULL);
  if (out < 0) {
    probe_say("%s connect %s %s", name, probe_text(&to, text), strerrorname_np(errno));
    return;
  }
  probe_say("%s flow %s", name, probe_text(&to, text));
  if (__atomic_fetch_sub(&again, 1, __ATOMIC_SEQ_CST) > 0) {
    int second = dial(&to, NULL);
    probe_say("%s again %s", name, second < 0 ? strerrorname_np(errno) : "ok");
    if (second >= 0) close(second);
  }
  probe_relay(fd, out);
  close(out);
}

static void *serve_thread(void *argument) {
  int fd = (int)(intptr_t)argument;
  serve(fd);
  close(fd);
  return NULL;
}

static void accept_for_ever(int listener, int fork_each) {
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) continue;
    if (__atomic_add_fetch(served, 1, __ATOMIC_SEQ_CST) > limit) {
      probe_say("%s limit", name);
      close(fd);
    } else if (!fork_each) {
      probe_thread(serve_thread, (void *)(intptr_t)fd);
    } else if (fork() == 0) {
      close(listener);
      serve_thread((void *)(intptr_t)fd);
      _exit(0);
    } else {
      close(fd);
    }
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  name = argv[1];
  sets = probe_flag(argc, argv, "--set");
  again = atoi(probe_option(argc, argv, "--again", "0"));
  late = probe_flag(argc, argv, "--late");
  dial_host = probe_option(argc, argv, "--dial", NULL);
  self_host = probe_option(argc, argv, "--self", NULL);
  limit = atoi(probe_option(argc, argv, "--limit", "200"));
  int workers = atoi(probe_option(argc, argv, "--workers", "0"));
  served = mmap(NULL, sizeof *served, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  signal(SIGCHLD, SIG_IGN);
  int listener = probe_listen(argv[2], argv[3], 0, &own_port);
  for (int i = 0; i < workers; i++) {
    pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      accept_for_ever(listener, 0);
      _exit(0);
    }
  }
  probe_say("listening %u", own_port);
  if (workers) pause();
  accept_for_ever(listener, probe_flag(argc, argv, "--fork-each"));
}
