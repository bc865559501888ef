// Connects, sends, and compares the echo: `client HOST PORT [--count N] [--parallel N] [--size BYTES]
// [--nonblocking]`. One line a failure, and at the end `ok N failed N peer ADDRESS`.
#define _GNU_SOURCE  // strerrorname_np
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static struct sockaddr_storage destination;
static socklen_t destination_length;
static int nonblocking, remaining;
static size_t size;
static int good, bad;
static char peer_text[64] = "none";
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Waits for a connect in progress as event loops do: EPOLLOUT, then SO_ERROR.
static int finish_connect(int fd) {
  struct pollfd polled = {fd, POLLOUT, 0};
  int error = 0;
  socklen_t length = sizeof error;
  if (poll(&polled, 1, 30000) != 1) return ETIMEDOUT;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  return error;
}

static const char *exchange(int id, int *error) {
  int fd = socket(destination.ss_family, SOCK_STREAM | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0), 0);
  if (fd < 0) return "socket";
  const char *failure = NULL;
  int result = connect(fd, (struct sockaddr *)&destination, destination_length);
  *error = result == 0 ? 0 : errno;
  if (*error == EINPROGRESS && nonblocking) *error = finish_connect(fd);
  if (*error) failure = "connect";
  struct sockaddr_storage peer;
  socklen_t length = sizeof peer;
  if (!failure && getpeername(fd, (struct sockaddr *)&peer, &length) == 0) probe_text(&peer, peer_text);
  char *sent = malloc(size), *received = malloc(size);
  for (size_t i = 0; i < size; i++) sent[i] = (char)(id * 131 + (int)i * 7);
  if (!failure && probe_send_all(fd, sent, size) != 0) failure = "send";
  shutdown(fd, SHUT_WR);
  if (!failure && probe_receive_all(fd, received, size) != 0) failure = "receive";
  if (!failure && memcmp(sent, received, size) != 0) failure = "compare";
  free(sent);
  free(received);
  close(fd);
  return failure;
}

static void *work(void *argument) {
  (void)argument;
  for (;;) {
    pthread_mutex_lock(&lock);
    int id = remaining > 0 ? remaining-- : 0;
    pthread_mutex_unlock(&lock);
    if (!id) return NULL;
    int error = 0;
    const char *failure = exchange(id, &error);
    pthread_mutex_lock(&lock);
    failure ? bad++ : good++;
    pthread_mutex_unlock(&lock);
    if (failure) probe_say("failed %s %s", failure, error ? strerrorname_np(error) : "-");
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  destination_length = probe_address(argv[1], argv[2], &destination);
  nonblocking = probe_flag(argc, argv, "--nonblocking");
  remaining = atoi(probe_option(argc, argv, "--count", "1"));
  size = (size_t)atol(probe_option(argc, argv, "--size", "64"));
  int parallel = atoi(probe_option(argc, argv, "--parallel", "1"));
  pthread_t *threads = calloc((size_t)parallel, sizeof *threads);
  for (int i = 0; i < parallel; i++) pthread_create(&threads[i], NULL, work, NULL);
  for (int i = 0; i < parallel; i++) pthread_join(threads[i], NULL);
  probe_say("ok %d failed %d peer %s", good, bad, peer_text);
  return bad ? 1 : 0;
}
