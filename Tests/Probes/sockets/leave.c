// Ways out of a call that the program cannot see from inside the call: siglongjmp, pthread_cancel, vfork.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sockets.h"

static sigjmp_buf back;
static volatile sig_atomic_t entering;
static volatile pid_t blocked_thread;
static int connects;  // else accepts
static int listener;

static void jump(int number) {
  (void)number;
  siglongjmp(back, 1);
}

// Waits until the thread sleeps in its call.
static void wait_until_blocked(void) {
  char path[64], text[256];
  for (;;) {
    if (!entering) continue;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", blocked_thread);
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[n] = 0;
    char *state = strrchr(text, ')');
    if (state && state[2] == 'S') return;
    sched_yield();
  }
}

static void block(void) {
  int fd = tcp();
  blocked_thread = (pid_t)syscall(SYS_gettid);
  entering = 1;
  // The other port's queue is full; on the listener nobody ever calls.
  long result = connects ? connect(fd, (struct sockaddr *)&other, other_length) : accept(listener, NULL, NULL);
  probe_say("came back %s", answer(result));
}

static void *interrupt(void *argument) {
  (void)argument;
  wait_until_blocked();
  syscall(SYS_tgkill, getpid(), blocked_thread, SIGUSR2);
  return NULL;
}

static void *block_in_thread(void *argument) {
  (void)argument;
  block();
  return NULL;
}

static void *use_in_thread(void *argument) {
  (void)argument;
  probe_say("other thread %s", works());
  return NULL;
}

void leave(const char *how) {
  pthread_t thread;
  connects = strstr(how, "connect") != NULL;
  listener = tcp();
  listen(listener, 1);
  for (int round = 0; round < 3; round++) {
    entering = 0;
    if (strstr(how, "jump")) {
      struct sigaction action = {.sa_handler = jump};
      sigaction(SIGUSR2, &action, NULL);
      pthread_create(&thread, NULL, interrupt, NULL);
      if (sigsetjmp(back, 1) == 0) block();
      pthread_join(thread, NULL);
      probe_say("jumped");
    } else {
      void *result;
      pthread_create(&thread, NULL, block_in_thread, NULL);
      wait_until_blocked();
      pthread_cancel(thread);
      pthread_join(thread, &result);
      probe_say("%s", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
    }
    probe_say("same thread %s", works());
    pthread_create(&thread, NULL, use_in_thread, NULL);
    pthread_join(thread, NULL);
  }
}

void in_vfork(void) {
  int status = 0;
  for (int round = 0; round < 3; round++) {
    int fd = tcp();
    pid_t child = vfork();
    if (child == 0) {
      char byte = 'v', answered = 0;
      if (connect(fd, (struct sockaddr *)&target, target_length) != 0) _exit(1);
      if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || recv(fd, &answered, 1, 0) != 1) _exit(2);
      _exit(answered == byte ? 0 : 3);
    }
    waitpid(child, &status, 0);
    probe_say("child %d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    // The socket is the parent's as well, and connected.
    probe_say("shared %s", echo(fd));
    close(fd);
    probe_say("parent %s", works());
  }
}
