// Hosts that have little, or refuse much.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "places.h"
#include "probe.h"

static const char *echo(int fd) {
  char sent[] = "0123456789abcde", received[sizeof sent];
  if (write(fd, sent, sizeof sent) != sizeof sent) return "EPIPE";
  for (size_t n = 0; n < sizeof sent;) {
    ssize_t got = read(fd, received + n, sizeof sent - n);
    if (got <= 0) return "EPIPE";
    n += (size_t)got;
  }
  return memcmp(sent, received, sizeof sent) == 0 ? "echo" : "EBADMSG";
}

const char *plain_exchange(const struct sockaddr_storage *to) {
  int fd = socket(to->ss_family, SOCK_STREAM, 0);
  if (fd < 0) return strerrorname_np(errno);
  const char *result = connect(fd, (const struct sockaddr *)to, length) == 0 ? echo(fd) : strerrorname_np(errno);
  close(fd);
  return result;
}

// `refuse HOST PORT OTHER CALL ERROR first|later`: first: no hook was used before the filter stood.
void refused(int argc, char **argv) {
  if (argc < 8) return;
  struct sockaddr_storage other;
  probe_address(argv[2], argv[4], &other);
  if (strcmp(argv[7], "later") == 0) plain_exchange(&destination);
  probe_refuse(argv[5], argv[6]);
  const char *first = plain_exchange(&destination), *direct = plain_exchange(&other);
  probe_say("%s %s %s", first, direct, plain_exchange(&destination));
}

// Started without descriptors 0, 1 and 2 (hazard H3): its first three sockets are these. Output is descriptor 9.
void bare(void) {
  int sockets[3], bad = 0;
  for (int i = 0; i < 3; i++) sockets[i] = socket(destination.ss_family, SOCK_STREAM, 0);
  for (int i = 0; i < 3; i++)
    if (sockets[i] != i || connect(i, (struct sockaddr *)&destination, length) != 0) bad++;
  for (int i = 0; i < 3; i++)
    if (strcmp(echo(i), "echo") != 0) bad++;
  for (int i = 0; i < 3; i++) close(i);
  dup2(9, 1);
  if (bad) failure = EBADF;
  good = 1;
}

// With room for not one descriptor more than the socket that it has.
void few(void) {
  struct rlimit limit;
  int fd = socket(destination.ss_family, SOCK_STREAM, 0);
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (connect(fd, (struct sockaddr *)&destination, length) != 0)
    failure = errno;
  else if (strcmp(echo(fd), "echo") != 0)
    failure = EPIPE;
  good = 1;
}

// close says what the kernel says, under signals too (hazard H13).
void closes(void) {
  for (int i = 0; i < 50; i++) {
    int fd = socket(destination.ss_family, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&destination, length) != 0 || strcmp(echo(fd), "echo") != 0) failure = EPIPE;
    errno = 4242;
    if (close(fd) != 0 || errno != 4242) failure = EINTR;
    if (close(fd) == 0 || errno != EBADF) failure = EBADF;
  }
  good = 1;
}

// What the kernel answers to odd datagrams (hazard H24).
void datagrams(void) {
  static char large[70000];
  struct sockaddr_storage own = destination;
  struct iovec part = {large, 4};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  int to = socket(destination.ss_family, SOCK_DGRAM, 0), fd = socket(destination.ss_family, SOCK_DGRAM, 0);
  socklen_t size = sizeof own;
  ((struct sockaddr_in *)&own)->sin_port = 0;
  if (bind(to, (struct sockaddr *)&own, length) != 0 || getsockname(to, (struct sockaddr *)&own, &size) != 0)
    probe_die("bind");
  const int flags[] = {0, MSG_FASTOPEN};
  for (int i = 0; i < 2; i++) {
#define SAY(call) probe_say("%s", (call) < 0 ? strerrorname_np(errno) : "sent")
    message.msg_name = NULL;
    SAY(sendto(fd, large, 4, flags[i], NULL, 0));
    SAY(sendmsg(fd, &message, flags[i]));
    SAY(sendmsg(fd, NULL, flags[i]));
    message.msg_name = &own, message.msg_namelen = size;
    SAY(sendto(fd, NULL, 0, flags[i], (struct sockaddr *)&own, size));
    SAY(sendto(fd, large, sizeof large, flags[i], (struct sockaddr *)&own, size));
    SAY(sendto(fd, large, 4, flags[i], (struct sockaddr *)&destination, 3));
    SAY(sendmsg(fd, &message, flags[i]));
    SAY(connect(fd, (struct sockaddr *)&own, size));
    SAY(sendto(fd, large, 4, flags[i], (struct sockaddr *)&own, size));
  }
  good = 1;
}

// A module that the program loads: with RTLD_DEEPBIND, or into a namespace of its own, it does not see the preload.
void plugin(const char *how, const char *path, char **argv) {
  void *module = strcmp(how, "dlmopen") == 0    ? dlmopen(LM_ID_NEWLM, path, RTLD_NOW)
                 : strcmp(how, "deepbind") == 0 ? dlopen(path, RTLD_NOW | RTLD_DEEPBIND)
                                                : dlopen(path, RTLD_NOW);
  if (!module) {
    probe_say("%s", dlerror());
    return;
  }
  void (*dial)(const char *, const char *, const char *);
  *(void **)&dial = dlsym(module, "dial");
  dial("plugin", argv[2], argv[3]);
}
