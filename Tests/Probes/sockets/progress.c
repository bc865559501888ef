// A connect that is under way, refused, repeated or taken back.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

#include "sockets.h"

static const char *dial(int fd, const struct sockaddr_storage *to, socklen_t length) {
  return answer(connect(fd, (const struct sockaddr *)to, length));
}

static void nonblocking(int fd, int on) {
  int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

static const char *pending_error(int fd) {
  int error = -1;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return "getsockopt failed";
  return error ? strerrorname_np(error) : "0";
}

// What epoll says of fd within 30 s; hangs up are said, write-readiness is said.
static const char *event(int epoll) {
  struct epoll_event events[2];
  int n = epoll_wait(epoll, events, 2, 30000);
  if (n != 1) return n == 0 ? "nothing" : "several";
  if (events[0].events & EPOLLERR) return "error";
  if (events[0].events & EPOLLHUP) return "hangup";
  return events[0].events & EPOLLIN ? "in" : events[0].events & EPOLLOUT ? "out" : "other";
}

void progress(void) {
  int fd = tcp(), inner = epoll_create1(EPOLL_CLOEXEC), outer = epoll_create1(EPOLL_CLOEXEC);
  nonblocking(fd, 1);
  // Registered before connect: a shim that puts another socket under the number loses this.
  struct epoll_event wanted = {.events = EPOLLOUT | EPOLLET, .data.fd = fd};
  struct epoll_event nested = {.events = EPOLLIN, .data.fd = inner};
  epoll_ctl(inner, EPOLL_CTL_ADD, fd, &wanted);
  epoll_ctl(outer, EPOLL_CTL_ADD, inner, &nested);
  probe_say("fresh %s", event(inner));
  probe_say("connect %s", dial(fd, &target, target_length));
  probe_say("nested %s", event(outer));
  probe_say("event %s", event(inner));
  probe_say("error %s", pending_error(fd));
  wanted.events = EPOLLIN;
  probe_say("modify %s", answer(epoll_ctl(inner, EPOLL_CTL_MOD, fd, &wanted)));
  probe_say("nonblocking %d", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  if (send(fd, "x", 1, MSG_NOSIGNAL) == 1) probe_say("event %s", event(inner));
  char byte;
  probe_say("receive %s", answer(recv(fd, &byte, 1, 0)));
  probe_say("again %s", answer(recv(fd, &byte, 1, 0)));
  nonblocking(fd, 0);
  probe_say("%s", echo(fd));
}

void repeated(void) {
  int fd = tcp();
  probe_say("blocking %s", dial(fd, &target, target_length));
  probe_say("again %s", dial(fd, &target, target_length));
  probe_say("elsewhere %s", dial(fd, &other, other_length));
  probe_say("%s", echo(fd));
  close(fd);
  fd = tcp();
  nonblocking(fd, 1);
  probe_say("nonblocking %s", dial(fd, &target, target_length));
  struct pollfd polled = {fd, POLLOUT, 0};
  poll(&polled, 1, 30000);
  probe_say("first again %s", dial(fd, &target, target_length));
  probe_say("then %s", dial(fd, &target, target_length));
  probe_say("elsewhere %s", dial(fd, &other, other_length));
  nonblocking(fd, 0);
  probe_say("%s", echo(fd));
  close(fd);
  int listener = tcp();
  listen(listener, 1);
  probe_say("listener %s", dial(listener, &target, target_length));
}

static void on_alarm(int number) { (void)number; }

// The target's queue is full; a signal interrupts the wait, which goes on without the call.
void interrupted(void) {
  struct sigaction action = {.sa_handler = on_alarm};
  struct itimerval every = {{0, 50000}, {0, 50000}}, never = {{0, 0}, {0, 0}};
  int fd = tcp();
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &every, NULL);
  const char *result = dial(fd, &target, target_length);
  setitimer(ITIMER_REAL, &never, NULL);
  probe_say("connect %s", result);
  hold(fd);
}

// Connected, it connects again after --hold.
void again(void) {
  int fd = tcp();
  probe_say("connect %s", dial(fd, &target, target_length));
  probe_say("%s", echo(fd));
  hold(fd);
  probe_say("again %s", dial(fd, &target, target_length));
  probe_say("%s", echo(fd));
}

// The target's queue is full; it is ended while this waits.
void stuck(void) {
  int fd = tcp();
  nonblocking(fd, 1);
  probe_say("connect %s", dial(fd, &target, target_length));
  probe_say("again %s", dial(fd, &target, target_length));
  probe_say("elsewhere %s", dial(fd, &other, other_length));
  probe_say("error %s", pending_error(fd));
  probe_say("waiting");
  struct pollfd polled = {fd, POLLOUT, 0};
  probe_say("poll %d", poll(&polled, 1, 30000));
  probe_say("error %s", pending_error(fd));
  nonblocking(fd, 0);
  // Linux reports the end of the failed attempt to the next connect, and takes the one after it.
  probe_say("elsewhere %s", dial(fd, &other, other_length));
  probe_say("elsewhere %s", dial(fd, &other, other_length));
  struct sockaddr_storage peer;
  socklen_t length = sizeof peer;
  getpeername(fd, (struct sockaddr *)&peer, &length);
  probe_say("peer %s", memcmp(&peer, &other, other_length) == 0 ? "is the other" : "is wrong");
  probe_say("%s", echo(fd));
}

void timeout(void) {
  int fd = tcp();
  struct timeval brief = {.tv_usec = 50000};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &brief, sizeof brief);
  probe_say("connect %s", dial(fd, &target, target_length));
  probe_say("again %s", dial(fd, &target, target_length));
  probe_say("blocking %d", (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
  probe_say("unspec %s", answer(connect(fd, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr))));
  probe_say("elsewhere %s", dial(fd, &other, other_length));
  probe_say("%s", echo(fd));
}

// Disconnects, and connects again by the same socket.
void unspec(void) {
  int fd = tcp();
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  struct sockaddr_storage peer;
  socklen_t length = sizeof peer;
  probe_say("fresh %s", answer(connect(fd, &none, sizeof none)));
  probe_say("connect %s", dial(fd, &target, target_length));
  probe_say("%s", echo(fd));
  probe_say("disconnect %s", answer(connect(fd, &none, sizeof none)));
  probe_say("peer %s", answer(getpeername(fd, (struct sockaddr *)&peer, &length)));
  probe_say("connect %s", dial(fd, &target, target_length));
  probe_say("%s", echo(fd));
  probe_say("short disconnect %s", answer(connect(fd, &none, sizeof none.sa_family)));
  probe_say("elsewhere %s", dial(fd, &other, other_length));
  length = sizeof peer;
  getpeername(fd, (struct sockaddr *)&peer, &length);
  probe_say("peer %s", memcmp(&peer, &other, other_length) == 0 ? "is the other" : "is wrong");
  probe_say("%s", echo(fd));
}

// One socket, two connections; --hold between them.
void twice(void) {
  int fd = tcp();
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  probe_say("connect %s", dial(fd, &target, target_length));
  hold(fd);
  probe_say("disconnect %s", answer(connect(fd, &none, sizeof none)));
  probe_say("connect %s", dial(fd, &target, target_length));
  probe_say("%s", echo(fd));
}

// The target refuses. The socket is still good for another destination.
void elsewhere(void) {
  for (int mode = 0; mode < 2; mode++) {
    int fd = tcp();
    const char *result = dial(fd, &target, target_length);
    probe_say("connect %s", result);
    if (mode == 1) {
      probe_say("again %s", dial(fd, &target, target_length));
    }
    probe_say("elsewhere %s", dial(fd, &other, other_length));
    probe_say("%s", echo(fd));
    close(fd);
  }
}

// Thousands of connections, each ended by a reset, which leaves no port in TIME-WAIT.
void storm(void) {
  int good = 0;
  for (int i = 0; i < 5000; i++) {
    int fd = tcp();
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    const char *result = dial(fd, &target, target_length);
    if (strcmp(result, "0") == 0) result = echo(fd);
    if (strcmp(result, "echo") == 0)
      good++;
    else
      probe_say("%d %s", i, result);
    close(fd);
  }
  probe_say("good %d", good);
}

// What the call itself says of a target that is not there, blocking and not.
void refusal(void) {
  for (int mode = 0; mode < 2; mode++) {
    int fd = tcp();
    nonblocking(fd, mode);
    probe_say("%s %s", mode ? "nonblocking" : "blocking", dial(fd, &target, target_length));
    probe_say("pending %s", pending_error(fd));
    close(fd);
  }
}

enum { BURST = 32 };
static pthread_barrier_t barrier;
static int blocked, passed;

static void *burst_once(void *argument) {
  (void)argument;
  int fd = tcp();
  pthread_barrier_wait(&barrier);
  int result = connect(fd, (struct sockaddr *)&target, target_length);
  if (result == 0) __atomic_add_fetch(&passed, 1, __ATOMIC_SEQ_CST);
  if (result != 0 && errno == EACCES) __atomic_add_fetch(&blocked, 1, __ATOMIC_SEQ_CST);
  close(fd);
  return NULL;
}

// Many threads connect at the same moment, which --hold puts off.
void burst(void) {
  pthread_t threads[BURST];
  pthread_barrier_init(&barrier, NULL, BURST + 1);
  for (int i = 0; i < BURST; i++) pthread_create(&threads[i], NULL, burst_once, NULL);
  int fd = tcp();
  hold(fd);
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < BURST; i++) pthread_join(threads[i], NULL);
  probe_say("blocked %d passed %d of %d", blocked, passed, BURST);
}
