// Odd arguments: what the kernel answers to them is what a program under the shim must get.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sockets.h"

// A page that cannot be touched, with one before it that can.
static char *forbidden(void) {
  static char *page;
  if (page) return page;
  char *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (two == MAP_FAILED || mprotect(two + 4096, 4096, PROT_NONE) != 0) probe_die("mmap");
  return page = two + 4096;
}

static void name_into(int fd, const char *what, size_t room) {
  unsigned char bytes[256], expected[256];
  memset(bytes, 0xa5, sizeof bytes);
  memset(expected, 0xa5, sizeof expected);
  memcpy(expected, &target, room < target_length ? room : target_length);
  socklen_t length = (socklen_t)room;
  const char *result = answer(getpeername(fd, (struct sockaddr *)bytes, &length));
  probe_say("%s %s length %u %s", what, result, length, memcmp(bytes, expected, sizeof bytes) ? "other" : "as dialled");
}

void names(void) {
  int fd = tcp(), pipes[2];
  char room[128];
  socklen_t length = sizeof room;
  struct sockaddr *at = (struct sockaddr *)room;
  probe_say("before %s", answer(getpeername(fd, at, &length)));
  probe_say("connect %s", answer(connect(fd, (struct sockaddr *)&target, target_length)));
  name_into(fd, "exact", target_length);
  name_into(fd, "cut", 5);
  name_into(fd, "none", 0);
  name_into(fd, "large", 200);
  length = sizeof room;
  probe_say("no address %s", answer(getpeername(fd, NULL, &length)));
  probe_say("no length %s", answer(getpeername(fd, at, NULL)));
  probe_say("bad length %s", answer(getpeername(fd, at, (socklen_t *)forbidden())));
  length = sizeof room;
  probe_say("bad address %s", answer(getpeername(fd, (struct sockaddr *)forbidden(), &length)));
  length = sizeof room;
  probe_say("straddling %s", answer(getpeername(fd, (struct sockaddr *)(forbidden() - 4), &length)));
  length = (socklen_t)-1;
  probe_say("negative %s", answer(getpeername(fd, at, &length)));
  length = sizeof room;
  if (pipe(pipes) != 0) probe_die("pipe");
  probe_say("pipe %s", answer(getpeername(pipes[0], at, &length)));
  probe_say("closed %s", answer(getpeername(1000, at, &length)));
  probe_say("%s", echo(fd));
}

void no_room(void) {
  int fd = tcp();
  socklen_t length = 0;
  probe_say("connect %s", answer(connect(fd, (struct sockaddr *)&target, target_length)));
  probe_say("no address, no room %s", answer(getpeername(fd, NULL, &length)));
  probe_say("then length %u", length);
  probe_say("%s", echo(fd));
}

void lengths(void) {
  char room[256] = {0};
  memcpy(room, &target, sizeof target);
  static const unsigned sizes[] = {0, 1, 2, 8, 15, 16, 23, 24, 27, 28, 64, 128, 129, 255, INT_MAX, UINT_MAX};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    int fd = tcp();
    const char *result = answer(connect(fd, (struct sockaddr *)room, sizes[i]));
    probe_say("length %u %s", sizes[i], result);
    // A length that was refused leaves a socket that connects.
    if (strcmp(result, "0") != 0) probe_say("then %s", answer(connect(fd, (struct sockaddr *)&target, target_length)));
    probe_say("%s", echo(fd));
    close(fd);
  }
}

// An address of the other family.
void crossed(void) {
  struct sockaddr_storage crossed;
  probe_address(target.ss_family == AF_INET ? "::1" : "127.0.0.1", "9", &crossed);
  ((struct sockaddr_in *)&crossed)->sin_port = ((struct sockaddr_in *)&target)->sin_port;
  static const unsigned crossed_sizes[] = {16, 28, 128};
  for (size_t i = 0; i < 3; i++) {
    int fd = tcp();
    probe_say("other family %u %s", crossed_sizes[i],
              answer(connect(fd, (struct sockaddr *)&crossed, crossed_sizes[i])));
    probe_say("then %s", answer(connect(fd, (struct sockaddr *)&target, target_length)));
    probe_say("%s", echo(fd));
    close(fd);
  }
}

void hostile(void) {
  int fd = tcp(), pipes[2];
  struct sockaddr *good = (struct sockaddr *)&target;
  probe_say("null %s", answer(connect(fd, NULL, target_length)));
  probe_say("null, 0 %s", answer(connect(fd, NULL, 0)));
  probe_say("one %s", answer(connect(fd, (struct sockaddr *)1, target_length)));
  probe_say("top %s", answer(connect(fd, (struct sockaddr *)(UINTPTR_MAX - 7), target_length)));
  probe_say("forbidden %s", answer(connect(fd, (struct sockaddr *)forbidden(), target_length)));
  probe_say("straddling %s", answer(connect(fd, (struct sockaddr *)(forbidden() - 8), target_length)));
  memcpy(forbidden() - target_length, &target, target_length);
  struct sockaddr *edge = (struct sockaddr *)(forbidden() - target_length);
  probe_say("sendto %s", answer(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)forbidden(), target_length)));
  probe_say("sendmsg %s", answer(sendmsg(fd, NULL, MSG_FASTOPEN)));
  probe_say("sendmsg forbidden %s", answer(sendmsg(fd, (struct msghdr *)forbidden(), MSG_FASTOPEN)));
  struct iovec piece = {"x", 1};
  struct msghdr message = {.msg_name = forbidden(), .msg_namelen = target_length, .msg_iov = &piece, .msg_iovlen = 1};
  probe_say("sendmsg name %s", answer(sendmsg(fd, &message, MSG_FASTOPEN)));
  probe_say("closed %s", answer(connect(1000, good, target_length)));
  if (pipe(pipes) != 0) probe_die("pipe");
  probe_say("pipe %s", answer(connect(pipes[0], good, target_length)));
  probe_say("edge %s", answer(connect(fd, edge, target_length)));
  probe_say("%s", echo(fd));
}

void untouched(void) {
  struct sockaddr_storage name;
  socklen_t length = sizeof name;
  int pending = 0, fd = tcp(), listener = tcp();
  char byte;
  errno = 4242;
  long result = connect(fd, (struct sockaddr *)&target, target_length);
  probe_say("connect %ld errno %d", result, errno);
  result = getpeername(fd, (struct sockaddr *)&name, &length);
  probe_say("getpeername %ld errno %d", result, errno);
  result = sendto(fd, "x", 1, 0, NULL, 0);
  probe_say("sendto %ld errno %d", result, errno);
  result = ioctl(fd, FIONREAD, &pending);
  probe_say("ioctl %ld errno %d", result, errno);
  result = probe_receive_all(fd, &byte, 1);
  probe_say("receive %ld errno %d", result, errno);
  result = listen(listener, 1);
  probe_say("listen %ld errno %d", result, errno);
  length = sizeof name;
  getsockname(listener, (struct sockaddr *)&name, &length);
  int peer = tcp();
  result = connect(peer, (struct sockaddr *)&name, length);
  probe_say("unmatched connect %ld errno %d", result, errno);
  int accepted = accept(listener, NULL, NULL);
  probe_say("accept %d errno %d", accepted >= 0, errno);
  result = close(accepted);
  probe_say("close %ld errno %d", result, errno);
  result = close(fd);
  probe_say("close %ld errno %d", result, errno);
}

// A connection to the listener that waits to be accepted.
static int visitor(int listener) {
  struct sockaddr_storage name;
  socklen_t length = sizeof name;
  int fd = tcp();
  getsockname(listener, (struct sockaddr *)&name, &length);
  if (connect(fd, (struct sockaddr *)&name, length) != 0) probe_die("visitor");
  return fd;
}

static void take(const char *what, int listener, struct sockaddr *address, socklen_t *length, int flags) {
  int waiting = visitor(listener);
  int fd = flags < 0 ? accept(listener, address, length) : accept4(listener, address, length, flags);
  probe_say("%s %s", what, fd < 0 ? answer(fd) : "accepted");
  if (fd >= 0) probe_say("%s modes %x %x", what, fcntl(fd, F_GETFL) & O_NONBLOCK, fcntl(fd, F_GETFD));
  if (fd >= 0) close(fd);
  close(waiting);
}

void accepts(void) {
  char room[128];
  struct sockaddr *at = (struct sockaddr *)room;
  socklen_t length = sizeof room;
  int listener = tcp(), fresh = tcp();
  probe_say("listen %s", answer(listen(listener, 16)));
  take("null", listener, NULL, NULL, -1);
  take("null length", listener, NULL, &length, -1);
  take("address", listener, at, &length, -1);
  probe_say("length %u", length);
  length = 3;
  take("cut", listener, at, &length, 0);
  probe_say("length %u", length);
  take("flags", listener, at, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  take("flags unasked", listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  take("no length", listener, at, NULL, -1);
  length = sizeof room;
  take("forbidden", listener, (struct sockaddr *)forbidden(), &length, 0);
  take("forbidden length", listener, at, (socklen_t *)forbidden(), -1);
  length = sizeof room;
  probe_say("bad flags %s", answer(accept4(listener, at, &length, 1)));
  probe_say("fresh %s", answer(accept(fresh, NULL, NULL)));
  probe_say("closed %s", answer(accept(1000, NULL, NULL)));
  probe_say("listen closed %s", answer(listen(1000, 1)));
  probe_say("%s", works());
}
