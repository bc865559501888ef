/* Local sockets that hand descriptors over, and speak to the service manager, under libc's names. */
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static socklen_t fill(struct sockaddr_un *address, const unsigned char *name, size_t size) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (size > sizeof address->sun_path - 1) size = sizeof address->sun_path - 1;
  memcpy(address->sun_path + 1, name, size); /* the zero before it makes it abstract */
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + size);
}

int ws2_handover_listen(const unsigned char *name, size_t size) {
  struct sockaddr_un address;
  socklen_t length = fill(&address, name, size);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (bind(fd, (struct sockaddr *)&address, length) == 0 && listen(fd, 16) == 0) return fd;
  close(fd);
  return -1;
}

/* Only a process of the same user is let in. */
int ws2_handover_accept(int listener, int *peer_process) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) return -1;
  struct timeval patience = {5, 0}; /* who comes has its word ready */
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid()) {
    *peer_process = peer.pid;
    return fd;
  }
  close(fd);
  errno = EAGAIN;
  return -1;
}

int ws2_handover_connect(const unsigned char *name, size_t size) {
  struct sockaddr_un address;
  socklen_t length = fill(&address, name, size);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, (struct sockaddr *)&address, length) == 0) return fd;
  close(fd);
  return -1;
}

union control {
  struct cmsghdr header;
  char space[CMSG_SPACE(sizeof(int))];
};

/* fd below 0: the word alone. */
int ws2_handover_send(int channel, int fd, unsigned long long word) {
  union control control;
  struct iovec data = {&word, sizeof word};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
  memset(&control, 0, sizeof control);
  if (fd >= 0) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
  }
  return sendmsg(channel, &message, MSG_NOSIGNAL) == sizeof word ? 0 : -1;
}

int ws2_handover_receive(int channel, int *fd, unsigned long long *word) {
  union control control;
  struct iovec data = {word, sizeof *word};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t count;
  *fd = -1;
  memset(&control, 0, sizeof control);
  do count = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  while (count < 0 && errno == EINTR);
  if (message.msg_controllen >= CMSG_LEN(sizeof *fd) && control.header.cmsg_level == SOL_SOCKET &&
      control.header.cmsg_type == SCM_RIGHTS)
    memcpy(fd, CMSG_DATA(&control.header), sizeof *fd);
  return count == sizeof *word ? 0 : -1;
}

int ws2_random(void *bytes, size_t size) { return getrandom(bytes, size, 0) == (ssize_t)size ? 0 : -1; }

static const char *manager(void) {
  const char *path = secure_getenv("NOTIFY_SOCKET");
  return path != NULL && (path[0] == '/' || path[0] == '@') ? path : NULL;
}

bool ws2_is_service(void) { return manager() != NULL; }

int ws2_notify(const char *text) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *path = manager();
  size_t length = path != NULL ? strlen(path) : 0;
  if (length == 0 || length >= sizeof address.sun_path) return -1;
  memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = 0;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  ssize_t count = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
  close(fd);
  return count < 0 ? -1 : 0;
}

int ws2_resolver_error(void) { return h_errno; }
