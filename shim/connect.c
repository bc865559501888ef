// Stages 1 and 7: the application's connect, and the service's.
#include "real.h"

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t length) {
  struct wfp_connect plan = {.length = 0};
  wfp_ready();
  int32_t what = wfp_core_connect(fd, address, length, &plan);
  if (what < 0) return wfp_fail(-what);
  if (what == WFP_PASS) return real_connect(fd, address, length);
  // No lock and no flag is held here: siglongjmp and pthread_cancel may leave from the real call (H45).
  int result = real_connect(fd, (const struct sockaddr *)&plan.address, plan.length);
  int error = errno;
  wfp_core_connected(fd, &plan, result == 0 ? 0 : -error);
  errno = error;
  return result;
}

EXPORT int __connect(int fd, const struct sockaddr *address, socklen_t length) __attribute__((alias("connect")));
