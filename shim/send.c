// Stages 1 and 7 once more: TCP Fast Open connects with the first data (hazard H21). Everything else passes at
// once, with no system call of ours (SPEC S10.6).
#include "real.h"

static int fast_open(int flags, const void *address) { return (flags & MSG_FASTOPEN) && address; }

static ssize_t report(int fd, const struct wfp_connect *plan, ssize_t result) {
  int error = errno;
  wfp_core_connected(fd, plan, result >= 0 ? 0 : -error);
  errno = error;
  return result;
}

EXPORT ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address,
                      socklen_t length) {
  if (__builtin_expect(!fast_open(flags, address), 1)) return real_sendto(fd, data, size, flags, address, length);
  struct wfp_connect plan = {.length = 0};
  wfp_ready();
  int32_t what = wfp_core_connect(fd, address, length, &plan);
  if (what < 0) return wfp_fail(-what);
  if (what == WFP_PASS) return real_sendto(fd, data, size, flags, address, length);
  return report(fd, &plan, real_sendto(fd, data, size, flags, (const struct sockaddr *)&plan.address, plan.length));
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  if (__builtin_expect(!(flags & MSG_FASTOPEN), 1) || !wfp_core_readable(message, sizeof *message) ||
      !message->msg_name)
    return real_sendmsg(fd, message, flags);
  struct wfp_connect plan = {.length = 0};
  wfp_ready();
  int32_t what = wfp_core_connect(fd, message->msg_name, message->msg_namelen, &plan);
  if (what < 0) return wfp_fail(-what);
  if (what == WFP_PASS) return real_sendmsg(fd, message, flags);
  struct msghdr redirected = *message;
  redirected.msg_name = &plan.address;
  redirected.msg_namelen = plan.length;
  return report(fd, &plan, real_sendmsg(fd, &redirected, flags));
}
