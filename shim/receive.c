// UDP's answers, and what a service is told with the first datagram of a flow (SPEC S7.2, S8.2). Only in processes that
// have UDP redirects (S10.6).
#include "real.h"

// The process may get its first UDP redirect while a receive waits.
static void look_again(int fd, void *address, socklen_t length) {
  int error = errno;
  if (address && wfp_core_takes_datagrams()) wfp_core_received_early(fd, address, length);
  errno = error;
}

// Not by its exported name, which others may define before us and the loader would have to look up.
static ssize_t receive_message(int fd, struct msghdr *message, int flags) {
  if (!wfp_core_takes_datagrams()) {
    ssize_t result = real_recvmsg(fd, message, flags);
    if (result >= 0) look_again(fd, message->msg_name, message->msg_namelen);
    return result;
  }
  if (!wfp_core_receiving(fd, message)) return real_recvmsg(fd, message, flags);
  if (message->msg_name && (int)message->msg_namelen < 0) return wfp_fail(EINVAL);
  struct wfp_datagram datagram;
  struct msghdr kernel = *message;
  kernel.msg_name = &datagram.address;
  kernel.msg_namelen = sizeof datagram.address;
  kernel.msg_control = datagram.control;
  kernel.msg_controllen = sizeof datagram.control;
  ssize_t result = real_recvmsg(fd, &kernel, flags);
  if (result >= 0) wfp_core_received(fd, message, &kernel, &datagram, flags);
  return result;
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags) { return receive_message(fd, message, flags); }

static ssize_t receive(int fd, void *data, size_t size, int flags, struct sockaddr *address, socklen_t *length) {
  struct iovec part = {.iov_base = data, .iov_len = size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (address) {
    if (!wfp_core_readable(length, sizeof *length)) return real_recvfrom(fd, data, size, flags, address, length);
    if ((int)*length < 0) return wfp_fail(EINVAL);
    message.msg_name = address;
    message.msg_namelen = *length;
  }
  ssize_t result = receive_message(fd, &message, flags);
  if (result >= 0 && address) *length = message.msg_namelen;
  return result;
}

EXPORT ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *address, socklen_t *length) {
  if (!wfp_core_takes_datagrams()) {
    ssize_t result = real_recvfrom(fd, data, size, flags, address, length);
    if (result >= 0 && address) look_again(fd, address, *length);
    return result;
  }
  if (!wfp_core_is_datagram(fd)) return real_recvfrom(fd, data, size, flags, address, length);
  return receive(fd, data, size, flags, address, length);
}

// What _FORTIFY_SOURCE makes of it.
EXPORT ssize_t __recvfrom_chk(int fd, void *data, size_t size, size_t room, int flags, struct sockaddr *address,
                              socklen_t *length) {
  if (!wfp_core_takes_datagrams()) {
    ssize_t result = real_recvfrom_chk(fd, data, size, room, flags, address, length);
    if (result >= 0 && address) look_again(fd, address, *length);
    return result;
  }
  if (size > room || !wfp_core_is_datagram(fd)) return real_recvfrom_chk(fd, data, size, room, flags, address, length);
  return receive(fd, data, size, flags, address, length);
}

static struct timespec rest(const struct timespec *now, const struct timespec *end) {
  struct timespec rest = {end->tv_sec - now->tv_sec, end->tv_nsec - now->tv_nsec};
  if (rest.tv_nsec < 0) {
    rest.tv_sec--;
    rest.tv_nsec += 1000000000;
  }
  return rest.tv_sec < 0 ? (struct timespec){0, 0} : rest;
}

// One by one. As in the kernel the time is looked at after each datagram, and an error after the first is the next
// call's.
EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
  if (!wfp_core_takes_datagrams()) {
    int taken = real_recvmmsg(fd, messages, count, flags, timeout);
    for (int i = 0; i < taken && wfp_core_takes_datagrams(); i++)
      look_again(fd, messages[i].msg_hdr.msg_name, messages[i].msg_hdr.msg_namelen);
    return taken;
  }
  if (!wfp_core_is_datagram(fd)) return real_recvmmsg(fd, messages, count, flags, timeout);
  struct timespec now, end = {0, 0};
  if (timeout) {
    if (!wfp_core_readable(timeout, sizeof *timeout)) return wfp_fail(EFAULT);
    if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1000000000) return wfp_fail(EINVAL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += timeout->tv_sec;
    end.tv_nsec += timeout->tv_nsec;
    if (end.tv_nsec >= 1000000000) {
      end.tv_sec++;
      end.tv_nsec -= 1000000000;
    }
  }
  int taken = 0;
  for (; (unsigned)taken < count && taken < 1024; taken++) {
    struct mmsghdr *one = &messages[taken];
    if (!wfp_core_readable(one, sizeof *one)) return taken ? taken : wfp_fail(EFAULT);
    ssize_t result = receive_message(fd, &one->msg_hdr, flags & ~MSG_WAITFORONE);
    if (result < 0) return taken ? taken : -1;
    one->msg_len = (unsigned)result;
    if (flags & MSG_WAITFORONE) flags |= MSG_DONTWAIT;
    if (!timeout) continue;
    clock_gettime(CLOCK_MONOTONIC, &now);
    *timeout = rest(&now, &end);
    if (timeout->tv_sec == 0 && timeout->tv_nsec == 0) return taken + 1;
  }
  return taken;
}
