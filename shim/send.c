// Stages 1 and 7 once more: TCP Fast Open connects with the first data (hazard H21), and a datagram may have an address
// of its own (SPEC S8.1). Everything else passes at once, with no system call of ours (S10.6).
#include "real.h"

static int fast_open(int flags, const void *address) { return (flags & MSG_FASTOPEN) && address; }

static ssize_t report(int fd, const struct wfp_connect *plan, ssize_t result) {
  int error = errno;
  wfp_core_connected(fd, plan, result >= 0 ? 0 : -error);
  errno = error;
  return result;
}

static ssize_t traced(uint64_t began, int fd, const void *address, socklen_t length, const struct wfp_connect *plan,
                      ssize_t result) {
  if (__builtin_expect(began != 0, 0))
    wfp_core_traced_connect(began, fd, address, length, plan, result >= 0 ? 0 : -errno);
  return result;
}

static void direct(struct msghdr *message, struct wfp_datagram *plan) {
  message->msg_name = plan->length ? &plan->address : NULL;
  message->msg_namelen = plan->length;
  message->msg_control = plan->control_length ? plan->control : NULL;
  message->msg_controllen = plan->control_length;
}

static ssize_t send_datagram(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
                             socklen_t length) {
  struct wfp_datagram plan;
  int32_t what = wfp_core_send(fd, address, length, NULL, 0, &plan);
  if (what < 0) return wfp_fail(-what);
  if (what == WFP_PASS) return real_sendto(fd, data, size, flags, address, length);
  struct iovec part = {.iov_base = (void *)data, .iov_len = size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  direct(&message, &plan);
  return real_sendmsg(fd, &message, flags);
}

EXPORT ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
                      socklen_t length) {
  if (__builtin_expect(!address, 0)) return real_sendto(fd, data, size, flags, address, length);
  wfp_ready();
  if (__builtin_expect(!fast_open(flags, address), 1)) {
    return wfp_core_judges_datagrams() ? send_datagram(fd, data, size, flags, address, length)
                                       : real_sendto(fd, data, size, flags, address, length);
  }
  struct wfp_connect plan = {.length = 0};
  uint64_t began = wfp_trace_began();
  int32_t what = wfp_core_connect(fd, address, length, &plan);
  const struct sockaddr *endpoint = (const struct sockaddr *)&plan.address;
  ssize_t result = what < 0           ? wfp_refuse(&plan, what)
                   : what == WFP_PASS ? real_sendto(fd, data, size, flags, address, length)
                                      : report(fd, &plan, real_sendto(fd, data, size, flags, endpoint, plan.length));
  return traced(began, fd, address, length, &plan, result);
}

static ssize_t send_message(int fd, const struct msghdr *message, int flags) {
  struct wfp_datagram plan;
  const void *name = message->msg_namelen ? message->msg_name : NULL;  // as the kernel has it
  int32_t what = wfp_core_send(fd, name, message->msg_namelen, message->msg_control, message->msg_controllen, &plan);
  if (what < 0) return wfp_fail(-what);
  if (what == WFP_PASS) return real_sendmsg(fd, message, flags);
  struct msghdr directed = *message;
  direct(&directed, &plan);
  return real_sendmsg(fd, &directed, flags);
}

static ssize_t open_fast(int fd, const struct msghdr *message, int flags) {
  struct wfp_connect plan = {.length = 0};
  uint64_t began = wfp_trace_began();
  int32_t what = wfp_core_connect(fd, message->msg_name, message->msg_namelen, &plan);
  struct msghdr redirected = *message;
  redirected.msg_name = &plan.address;
  redirected.msg_namelen = plan.length;
  ssize_t result = what < 0           ? wfp_refuse(&plan, what)
                   : what == WFP_PASS ? real_sendmsg(fd, message, flags)
                                      : report(fd, &plan, real_sendmsg(fd, &redirected, flags));
  return traced(began, fd, message->msg_name, message->msg_namelen, &plan, result);
}

// Not by its exported name, which others may define before us and the loader would have to look up.
static ssize_t send_one(int fd, const struct msghdr *message, int flags) {
  wfp_ready();
  if (flags & MSG_FASTOPEN) {
    int ours = wfp_core_readable(message, sizeof *message) && message->msg_name;
    return ours ? open_fast(fd, message, flags) : real_sendmsg(fd, message, flags);
  }
  if (__builtin_expect(!wfp_core_judges_datagrams(), 1) || !wfp_core_readable(message, sizeof *message) ||
      (!message->msg_name && !message->msg_controllen))
    return real_sendmsg(fd, message, flags);
  return send_message(fd, message, flags);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) { return send_one(fd, message, flags); }

// One by one where any of them may be redirected.
EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  wfp_ready();
  if (__builtin_expect(!wfp_core_judges_datagrams(), 1)) return real_sendmmsg(fd, messages, count, flags);
  int sent = 0;
  for (; (unsigned)sent < count && sent < 1024; sent++) {  // UIO_MAXIOV, as the kernel has it
    struct mmsghdr *one = &messages[sent];
    if (!wfp_core_readable(one, sizeof *one)) return sent ? sent : wfp_fail(EFAULT);
    ssize_t result = send_one(fd, &one->msg_hdr, flags);
    if (result < 0) return sent ? sent : -1;
    one->msg_len = (unsigned)result;
  }
  return sent;
}
