#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void probe_die(const char *what) {
  probe_say("error: %s: %s", what, strerror(errno));
  exit(1);
}

void probe_say(const char *format, ...) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  va_list list;
  va_start(list, format);
  pthread_mutex_lock(&lock);
  vprintf(format, list);
  putchar('\n');
  fflush(stdout);
  pthread_mutex_unlock(&lock);
  va_end(list);
}

socklen_t probe_address(const char *host, const char *port, struct sockaddr_storage *to) {
  memset(to, 0, sizeof *to);
  struct sockaddr_in *v4 = (struct sockaddr_in *)to;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
  uint16_t number = htons((uint16_t)atoi(port));
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = number;
    return sizeof *v4;
  }
  if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1) {
    errno = EINVAL;
    probe_die(host);
  }
  v6->sin6_family = AF_INET6;
  v6->sin6_port = number;
  return sizeof *v6;
}

const char *probe_text(const struct sockaddr_storage *address, char text[64]) {
  char host[INET6_ADDRSTRLEN] = "?";
  if (address->ss_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
    snprintf(text, 64, "%s:%u", host, ntohs(v4->sin_port));
  } else if (address->ss_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
    snprintf(text, 64, "[%s]:%u", host, ntohs(v6->sin6_port));
  } else {
    snprintf(text, 64, "family %d", address->ss_family);
  }
  return text;
}

int probe_share_port;
int probe_transparent;

int probe_listen(const char *host, const char *port, int v6only, uint16_t *chosen) {
  struct sockaddr_storage address;
  socklen_t length = probe_address(host, port, &address);
  int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) probe_die("socket");
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (probe_share_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (probe_transparent && setsockopt(fd, SOL_IP, IP_TRANSPARENT, &on, sizeof on) != 0) probe_die("IP_TRANSPARENT");
  if (address.ss_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only);
  if (bind(fd, (struct sockaddr *)&address, length) != 0) probe_die("bind");
  if (listen(fd, 1024) != 0) probe_die("listen");
  length = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) probe_die("getsockname");
  *chosen = ntohs(((struct sockaddr_in *)&address)->sin_port);  // the port lies there in both families
  return fd;
}

int probe_send_all(int fd, const void *data, size_t n) {
  const char *at = data;
  while (n > 0) {
    ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return -1;
    at += sent;
    n -= (size_t)sent;
  }
  return 0;
}

int probe_receive_all(int fd, void *data, size_t n) {
  char *at = data;
  while (n > 0) {
    ssize_t received = recv(fd, at, n, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return -1;
    at += received;
    n -= (size_t)received;
  }
  return 0;
}

void probe_relay(int a, int b) {
  struct pollfd polled[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
  char buffer[65536];
  int open = 2;
  while (open > 0 && poll(polled, 2, -1) >= 0) {
    for (int i = 0; i < 2; i++) {
      if (polled[i].fd < 0 || !polled[i].revents) continue;
      int to = i == 0 ? b : a;
      ssize_t n = recv(polled[i].fd, buffer, sizeof buffer, 0);
      if (n > 0 && probe_send_all(to, buffer, (size_t)n) == 0) continue;
      shutdown(to, SHUT_WR);
      polled[i].fd = -1;
      open--;
    }
  }
}

void probe_thread(void *(*body)(void *), void *argument) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, body, argument) != 0) probe_die("pthread_create");
  pthread_detach(thread);
}

const char *probe_option(int argc, char **argv, const char *name, const char *fallback) {
  for (int i = 1; i + 1 < argc; i++)
    if (strcmp(argv[i], name) == 0) return argv[i + 1];
  return fallback;
}

int probe_flag(int argc, char **argv, const char *name) {
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], name) == 0) return 1;
  return 0;
}
