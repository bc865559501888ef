// Much at once in one host.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../include/wfpshim/wfp_ioctl.h"
#include "places.h"
#include "probe.h"

static int bad;
static volatile int over;

static int echoes(int fd) {
  char sent[] = "0123456789abcde", received[sizeof sent];
  return probe_send_all(fd, sent, sizeof sent) == 0 && probe_receive_all(fd, received, sizeof sent) == 0 &&
         memcmp(sent, received, sizeof sent) == 0;
}

static int has_dialled_peer(int fd) {
  struct sockaddr_storage peer;
  socklen_t size = sizeof peer;
  char one[64], other[64];
  return getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
         strcmp(probe_text(&peer, one), probe_text(&destination, other)) == 0;
}

// A client's socket has no redirect context of its own. While the number is another thread's listener or nothing, the
// answer is another error; it must not be an answer.
static int answers_nothing(int fd) {
  char context[1024];
  struct wfp_ioctl query = {.out = context, .out_size = sizeof context};
  return ioctl(fd, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, &query) != 0;
}

static void *duplicate(void *argument) {
  (void)argument;
  for (int i = 0; i < 3; i++) {
    int fd = socket(destination.ss_family, SOCK_STREAM, 0);
    int failed = connect(fd, (struct sockaddr *)&destination, length) != 0;
    int second = dup(fd);
    close(fd);
    if (failed || !has_dialled_peer(second) || !answers_nothing(second) || !echoes(second))
      __atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);
    answers_nothing(fd);  // by now another thread's, or closed
    close(second);
  }
  return NULL;
}

// 500 threads that connect, duplicate, ask and close, each number soon used by another (hazard H15).
void crowd(void) {
  pthread_t threads[500];
  for (int i = 0; i < 500; i++)
    if (pthread_create(&threads[i], NULL, duplicate, NULL) != 0) probe_die("thread");
  for (int i = 0; i < 500; i++) pthread_join(threads[i], NULL);
  if (bad) failure = EPIPE;
  good = 1;
}

static void *keep_connecting(void *argument) {
  (void)argument;
  while (!over) exchange();
  return NULL;
}

// Children of a process whose threads connect meanwhile (hazard H6).
void forks(int count) {
  pthread_t threads[4];
  int status;
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, keep_connecting, NULL);
  for (int i = 0; i < count; i++) {
    pid_t child = fork();
    if (child == 0) {
      alarm(20);  // a child that hangs ends as a failure
      _exit(exchange() ? 1 : 0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) bad++;
  }
  over = 1;
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  good = failure || bad ? 0 : 1;
}

static volatile sig_atomic_t ticks, connected;

// Every twentieth makes a connection of its own; else the program would come to nothing.
static void tick(int number) {
  (void)number;
  int saved = errno;
  if (++ticks % 20 == 0 && exchange() == 0) connected++;
  errno = saved;
}

// SIGALRM ten thousand times a second, with connects in its handler, in the middle of connects (hazard H12).
void alarms(int count) {
  struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
  struct itimerval interval = {{0, 100}, {0, 100}};
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &interval, NULL);
  for (int i = 0; i < count; i++) exchange();
  memset(&interval, 0, sizeof interval);
  setitimer(ITIMER_REAL, &interval, NULL);
  good = failure || connected == 0 ? 0 : 1;
}
