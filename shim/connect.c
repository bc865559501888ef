// Stages 1 and 7: the application's connect, and the service's.
#include "real.h"

static int redirect(int fd, const struct wfp_connect *plan) {
  // No lock and no flag is held here: siglongjmp and pthread_cancel may leave from the real call (H45).
  int result = real_connect(fd, (const struct sockaddr *)&plan->address, plan->length);
  int error = errno;
  wfp_core_connected(fd, plan, result == 0 ? 0 : -error);
  errno = error;
  return result;
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t length) {
  struct wfp_connect plan = {.length = 0};
  wfp_ready();
  uint64_t began = wfp_trace_began();
  int32_t what = wfp_core_connect(fd, address, length, &plan);
  int result = what < 0           ? wfp_refuse(&plan, what)
               : what == WFP_PASS ? real_connect(fd, address, length)
                                  : redirect(fd, &plan);
  if (__builtin_expect(began != 0, 0))
    wfp_core_traced_connect(began, fd, address, length, &plan, result == 0 ? 0 : -errno);
  return result;
}

EXPORT int __connect(int fd, const struct sockaddr *address, socklen_t length) __attribute__((alias("connect")));
