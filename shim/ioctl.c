// Stages 5 and 6: the redirect control codes, and the private one of the Winsock library.
#include "real.h"

#include <stdarg.h>

EXPORT int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *argument = va_arg(list, void *);
  va_end(list);
  // The request may arrive sign-extended (SPEC S1.1).
  uint32_t code = (uint32_t)request;
  if (__builtin_expect(code - SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS > 3, 1))
    return real_ioctl(fd, request, argument);
  wfp_ready();
  uint64_t began = wfp_trace_began();
  int32_t result = wfp_core_ioctl(fd, code, argument);
  if (__builtin_expect(began != 0, 0)) wfp_core_traced_ioctl(began, fd, code, argument, result);
  return result < 0 ? wfp_fail(-result) : 0;
}
