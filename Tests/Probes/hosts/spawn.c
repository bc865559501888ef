// Storms of children that connect (hazards H5 and H40): each of 8 threads makes 10, one after the other.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "places.h"
#include "probe.h"

extern char **environ;
static char *child[5];
static int bad;

// A child of `child` makes one exchange.
static pid_t by_spawn(void) {
  pid_t pid;
  return posix_spawn(&pid, "/proc/self/exe", NULL, NULL, child, environ) == 0 ? pid : -1;
}

// Connects in the memory of its parent, then as a program of its own.
static pid_t by_vfork(void) {
  pid_t pid = vfork();
  if (pid != 0) return pid;
  if (exchange() != 0) _exit(3);
  execve("/proc/self/exe", child, environ);
  _exit(4);
}

static void *make(void *how) {
  for (int i = 0; i < 10; i++) {
    int status = -1;
    pid_t pid = how ? by_vfork() : by_spawn();
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) __atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);
    if (how && exchange() != 0) __atomic_fetch_add(&bad, 1, __ATOMIC_RELAXED);  // the parent's hooks work (H46)
  }
  return NULL;
}

static void storm(char **argv, void *how) {
  pthread_t threads[8];
  child[0] = argv[0], child[1] = "once", child[2] = argv[2], child[3] = argv[3];
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, make, how);
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  if (bad) failure = ECHILD;
  good = bad ? 0 : 1;
}

void spawned(char **argv) { storm(argv, NULL); }

void vforked(char **argv) { storm(argv, &bad); }
