// `storm race PORT THREADS DESTINATIONS`: the threads send from one socket, each to the same destination at the same
// moment, and so on to the next one when all answers are there. The main thread reads them; it may be waiting before
// the first one has been sent.
#define _GNU_SOURCE  // strerrorname_np
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "probe.h"
#include "storm.h"

static int fd, destinations, failed;
static const char *port;
static pthread_barrier_t together;

static void *work(void *argument) {
  for (int i = 0; i < destinations; i++) {
    struct letter letter;
    char host[32];
    memset(&letter, 0, sizeof letter);
    snprintf(host, sizeof host, "198.51.%d.%d", 100 + i / 250, 1 + i % 250);
    socklen_t length = probe_address(host, port, &letter.dialled);
    letter.socket = (uint32_t)(intptr_t)argument;
    pthread_barrier_wait(&together);
    if (sendto(fd, &letter, sizeof letter, 0, (struct sockaddr *)&letter.dialled, length) < 0) {
      __atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
      probe_say("send: %s", strerrorname_np(errno));
    }
  }
  return NULL;
}

void race(const char *to, int threads, int count) {
  int wrong_source = 0, wrong_context = 0, answered = 0;
  struct timeval patience = {10, 0};
  pthread_t *running = calloc((size_t)threads, sizeof *running);
  struct letter letter;
  port = to;
  destinations = count;
  fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  pthread_barrier_init(&together, NULL, (unsigned)threads + 1);
  for (int i = 0; i < threads; i++) pthread_create(&running[i], NULL, work, (void *)(intptr_t)i);
  for (int i = 0; i < destinations; i++) {
    pthread_barrier_wait(&together);
    for (int left = threads; left > 0; left--) {
      struct sockaddr_in from;
      socklen_t length = sizeof from;
      if (recvfrom(fd, &letter, sizeof letter, 0, (struct sockaddr *)&from, &length) != sizeof letter) break;
      answered++;
      wrong_source += memcmp(&from, &letter.dialled, sizeof from) != 0;
      wrong_context += memcmp(&letter.context, &letter.dialled, sizeof from) != 0;
    }
  }
  for (int i = 0; i < threads; i++) pthread_join(running[i], NULL);
  probe_say("failed %d answered %d wrong source %d context %d", failed, answered, wrong_source, wrong_context);
}
