// A socket of UDP has no listen: by its bind a process says that it serves an endpoint (SPEC S4.3).
#include "real.h"

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t length) {
  int result = real_bind(fd, address, length);
  if (result == 0) {
    wfp_ready();
    wfp_core_bound(fd);
  }
  return result;
}
