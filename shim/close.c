// The end of a descriptor that took part: a hint that its slot may be free soon.
#include "real.h"

EXPORT int close(int fd) {
  wfp_core_closing(fd);
  return real_close(fd);
}

EXPORT int __close(int fd) __attribute__((alias("close")));
