// The application is told the destination that it dialled (SPEC S7.2).
#include "real.h"

EXPORT int getpeername(int fd, struct sockaddr *address, socklen_t *length) {
  int32_t result = wfp_core_peer_name(fd, address, length);
  if (result < 0) return wfp_fail(-result);
  return result ? 0 : real_getpeername(fd, address, length);
}
