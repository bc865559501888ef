// Stages 5 and 6: the redirect control codes.
#include "real.h"

#include <stdarg.h>

EXPORT int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *argument = va_arg(list, void *);
  va_end(list);
  // The request may arrive sign-extended (SPEC S1.1).
  uint32_t code = (uint32_t)request;
  if (__builtin_expect(code - SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS > 2, 1))
    return real_ioctl(fd, request, argument);
  wfp_ready();
  int32_t result = wfp_core_ioctl(fd, code, argument);
  return result < 0 ? wfp_fail(-result) : 0;
}
