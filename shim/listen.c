// A process that serves an endpoint is never redirected to it (SPEC S4.3): here it says that it does.
#include "real.h"

EXPORT int listen(int fd, int backlog) {
  int result = real_listen(fd, backlog);
  if (result == 0) wfp_core_listening(fd);
  return result;
}
