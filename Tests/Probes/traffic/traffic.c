// Connections one after the other until SIGTERM: `traffic HOST PORT [--parallel N]`. Says `going` after the first ten,
// `refused` at the first connect that failed with ECONNREFUSED, `back` at the first ten that went through after that.
// At the end: `ok N refused N broken N wrong N`. broken: the connection was cut; wrong: any other error, or other
// bytes than those that were sent.
#define _GNU_SOURCE  // strerrorname_np
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

enum outcome { OK, REFUSED, BROKEN, WRONG, OUTCOMES };

static struct sockaddr_storage destination;
static socklen_t destination_length;
static volatile sig_atomic_t stopped;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int counts[OUTCOMES], since_refused;

static void stop(int number) {
  (void)number;
  stopped = 1;
}

static enum outcome exchange(unsigned id) {
  unsigned char sent[64], received[64];
  for (size_t i = 0; i < sizeof sent; i++) sent[i] = (unsigned char)(id * 131 + i * 7);
  int fd = socket(destination.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return WRONG;
  enum outcome outcome = OK;
  if (connect(fd, (struct sockaddr *)&destination, destination_length) != 0) {
    outcome = errno == ECONNREFUSED ? REFUSED : errno == ECONNRESET ? BROKEN : WRONG;
    if (outcome == WRONG) probe_say("wrong connect %s", strerrorname_np(errno));
  } else if (probe_send_all(fd, sent, sizeof sent) != 0 || probe_receive_all(fd, received, sizeof received) != 0) {
    outcome = BROKEN;
  } else if (memcmp(sent, received, sizeof sent) != 0) {
    probe_say("wrong bytes");
    outcome = WRONG;
  }
  close(fd);
  return outcome;
}

static void count(enum outcome outcome) {
  pthread_mutex_lock(&lock);
  counts[outcome]++;
  if (outcome == OK && counts[OK] == 10) probe_say("going");
  if (outcome == REFUSED && counts[REFUSED] == 1) probe_say("refused");
  if (outcome == OK && counts[REFUSED] && ++since_refused == 10) probe_say("back");
  pthread_mutex_unlock(&lock);
}

static void *work(void *argument) {
  unsigned id = (unsigned)(uintptr_t)argument;
  for (int i = 0; i < 100000 && !stopped; i++) {
    enum outcome outcome = exchange(id + (unsigned)i * 64);
    count(outcome);
    usleep(5000);  // leaves the processor to others, and ports: each connection keeps one for a minute
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  destination_length = probe_address(argv[1], argv[2], &destination);
  int parallel = atoi(probe_option(argc, argv, "--parallel", "4"));
  struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESTART};
  sigaction(SIGTERM, &action, NULL);
  pthread_t *threads = calloc((size_t)parallel, sizeof *threads);
  for (int i = 0; i < parallel; i++) pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i);
  for (int i = 0; i < parallel; i++) pthread_join(threads[i], NULL);
  probe_say("ok %d refused %d broken %d wrong %d", counts[OK], counts[REFUSED], counts[BROKEN], counts[WRONG]);
  return 0;
}
