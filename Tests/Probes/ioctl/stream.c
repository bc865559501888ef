// What happens in an accepted socket's stream around a query.
//   defer                     the listener gives connections out when their first bytes are there
//   option V nonblocking|timeout:MS|buffer:N|mark:N     mark V (SO_RCVLOWAT now), unread V
//   poll V MS                 readable | timeout            recv V N   N bytes as text; `end`, or the error
//   until CALL                while it says EINPROGRESS, polls the socket and calls again; tells how often
//   quiet CALL                tells whether the thread slept while it waited
//   interrupted CALL          under a timer's signals, their handler set with SA_RESTART
//   both CALL                 in this process and in a forked one at the same time
#define _GNU_SOURCE  // RUSAGE_THREAD
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/include/probe.h"
#include "table.h"

static void option(int fd, const char *what) {
  int n = strchr(what, ':') ? atoi(strchr(what, ':') + 1) : 0;
  struct timeval time = {n / 1000, n % 1000 * 1000};
  if (strcmp(what, "nonblocking") == 0) fcntl(fd, F_SETFL, O_NONBLOCK);
  if (strncmp(what, "timeout:", 8) == 0) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  if (strncmp(what, "buffer:", 7) == 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n, sizeof n);
  if (strncmp(what, "mark:", 5) == 0) setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &n, sizeof n);
}

static int readable(int fd, int ms) {
  struct pollfd polled = {fd, POLLIN | POLLRDHUP, 0};
  return poll(&polled, 1, ms) == 1;
}

static void receive(int fd, size_t n, char *result, size_t size) {
  errno = 0;
  size_t at = 0;
  ssize_t got = 1;
  while (at < n && at + 1 < size && readable(fd, 30000) && (got = recv(fd, result + at, n - at, MSG_DONTWAIT)) > 0)
    at += (size_t)got;
  snprintf(result + at, size - at, "%s", at == n ? "" : got == 0 ? "end" : error_name(errno));
}

static void until(int count, char **words, char *result, size_t size) {
  int polls = 0;
  for (; polls < 100000; polls++) {
    run_command(count, words, result, size);
    if (!strstr(result, "EINPROGRESS") || !readable(*variable(words[1]), 30000)) break;
  }
  snprintf(result + strlen(result), size - strlen(result), " polls %d", polls);
}

static void quiet(int count, char **words, char *result, size_t size) {
  struct rusage before, after;
  getrusage(RUSAGE_THREAD, &before);
  run_command(count, words, result, size);
  getrusage(RUSAGE_THREAD, &after);
  long sleeps = after.ru_nvcsw - before.ru_nvcsw;
  snprintf(result + strlen(result), size - strlen(result), " slept %s",
           sleeps > 64 ? "often"
           : sleeps    ? "a few times"
                       : "never");
}

static void on_alarm(int number) { (void)number; }

static void interrupted(int count, char **words, char *result, size_t size) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  struct itimerval every = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &every, NULL);
  run_command(count, words, result, size);
  setitimer(ITIMER_REAL, &never, NULL);
}

static void both(int count, char **words, char *result, size_t size) {
  static char other[16384];
  int pipe_ends[2], status;
  if (pipe(pipe_ends) != 0) probe_die("pipe");
  pid_t child = fork();
  run_command(count, words, result, size);
  if (child == 0) _exit(write(pipe_ends[1], result, strlen(result) + 1) < 0);
  if (read(pipe_ends[0], other, sizeof other) <= 0) probe_die("read");
  waitpid(child, &status, 0);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  size_t length = strlen(result);
  if (strcmp(result, other) != 0) snprintf(result + length, size - length, " but the child: %.200s", other);
}

int run_stream(int listener, int count, char **words, char *result, size_t size) {
  const char *what = words[0];
  int *v = count > 1 ? variable(words[1]) : NULL;
  int seconds = 20, mark = 0;
  socklen_t length = sizeof mark;
  if (strcmp(what, "defer") == 0) {
    setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
  } else if (strcmp(what, "option") == 0) {
    option(*v, words[2]);
  } else if (strcmp(what, "mark") == 0) {
    getsockopt(*v, SOL_SOCKET, SO_RCVLOWAT, &mark, &length);
    snprintf(result, size, "%d", mark);
  } else if (strcmp(what, "unread") == 0) {
    ioctl(*v, FIONREAD, &mark);
    snprintf(result, size, "%d", mark);
  } else if (strcmp(what, "poll") == 0) {
    snprintf(result, size, "%s", readable(*v, atoi(words[2])) ? "readable" : "timeout");
  } else if (strcmp(what, "recv") == 0) {
    receive(*v, (size_t)atoi(words[2]), result, size);
  } else if (strcmp(what, "until") == 0) {
    until(count - 1, words + 1, result, size);
  } else if (strcmp(what, "quiet") == 0) {
    quiet(count - 1, words + 1, result, size);
  } else if (strcmp(what, "interrupted") == 0) {
    interrupted(count - 1, words + 1, result, size);
  } else if (strcmp(what, "both") == 0) {
    both(count - 1, words + 1, result, size);
  } else {
    return 0;
  }
  return 1;
}
