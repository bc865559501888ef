// IP_WFP_REDIRECT_CONTEXT and _RECORDS (SPEC S8.2), and what must not switch off what the shim needs.
#include "real.h"

#include <netinet/in.h>

static int is_ours(int level, int name) {
  if (level == IPPROTO_IP)
    return name == IP_WFP_REDIRECT_RECORDS || name == IP_WFP_REDIRECT_CONTEXT || name == IP_PKTINFO;
  return level == IPPROTO_IPV6 && name == IPV6_RECVPKTINFO;
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  if (__builtin_expect(!is_ours(level, name), 1)) return real_setsockopt(fd, level, name, value, length);
  wfp_ready();
  int32_t result = 0;
  if (!wfp_core_set_option(fd, level, name, value, length, &result))
    return real_setsockopt(fd, level, name, value, length);
  return result < 0 ? wfp_fail(-result) : 0;
}
