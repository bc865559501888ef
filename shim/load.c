// Start: the settings, read once (SPEC S10.1). secure_getenv: a program that gained privileges takes none.
#include "real.h"

#include <stdlib.h>

__attribute__((constructor)) static void load(void) {
  int saved = errno;
  wfp_core_load(secure_getenv("WFPSHIM_ENGINE"), secure_getenv("WFPSHIM_LOG"), secure_getenv("WFPSHIM_REQUIRED"));
  errno = saved;
}
