#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "wfp_winsock.h"

static pthread_mutex_t objects = PTHREAD_MUTEX_INITIALIZER;
static unsigned int forks;

void ws2_lock(void) { pthread_mutex_lock(&objects); }
void ws2_unlock(void) { pthread_mutex_unlock(&objects); }
unsigned int ws2_fork_count(void) { return __atomic_load_n(&forks, __ATOMIC_RELAXED); }

/* The helper holds `helper_works` while it is not waiting in the kernel, so that it is there when the program forks: a
 * lock of the Swift runtime's, which it takes when it uses a type for the first time, would stay locked in the child.
 * Whoever forks waits at the gate and lets nobody else through. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER, helper_works = PTHREAD_MUTEX_INITIALIZER;
static bool helper_rests; /* under `gate`; false: it did not come to rest in time */
enum { HELPER_PATIENCE_SECONDS = 1 };

static void before_fork(void) {
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += HELPER_PATIENCE_SECONDS;
  pthread_mutex_lock(&gate);
  /* It may need a lock that this thread holds: a signal handler forks in the middle of one of our calls. */
  helper_rests = pthread_mutex_clocklock(&helper_works, CLOCK_MONOTONIC, &end) == 0;
  ws2_lock();
}

static void after_fork(void) {
  ws2_unlock();
  if (helper_rests) pthread_mutex_unlock(&helper_works);
  pthread_mutex_unlock(&gate);
}

static void after_fork_in_child(void) {
  __atomic_add_fetch(&forks, 1, __ATOMIC_RELAXED);
  after_fork();
}

__attribute__((constructor)) static void prepare_for_fork(void) {
  pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

static void helper_begins(void) {
  pthread_mutex_lock(&gate);
  pthread_mutex_lock(&helper_works);
  pthread_mutex_unlock(&gate);
}

int ws2_poll_take_as_helper(int poll, struct ws2_report *reports, int count, int milliseconds) {
  pthread_mutex_unlock(&helper_works);
  int found = ws2_poll_take(poll, reports, count, milliseconds);
  helper_begins();
  return found;
}

static void *run_helper(void *start) {
  helper_begins();
  return ((void *(*)(void *))start)(NULL);
}

/* The program's signal handlers are not to run on a thread of the library's. */
int ws2_start_helper(void *(*start)(void *)) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = ws2_start_thread(0, run_helper, (void *)start);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}
