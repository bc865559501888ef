// Start: the settings, read once (SPEC S10.1). secure_getenv: a program that gained privileges takes none.
#include "real.h"

#include <stdlib.h>

// Beside the tables that the loader writes: a page of its own would be one more fault in every process.
__attribute__((section(".data"))) int wfp_settings_read;

// The constructor of another library may connect before this one has run (hazard H9): the first hooked call that
// needs the settings reads them. They are read once, whoever comes first.
__attribute__((constructor)) void wfp_read_settings(void) {
  int saved = errno;
  wfp_core_load(secure_getenv("WFPSHIM_ENGINE"), secure_getenv("WFPSHIM_LOG"), secure_getenv("WFPSHIM_REQUIRED"));
  const char *count = secure_getenv("LISTEN_FDS");
  if (count) wfp_core_inherited(secure_getenv("LISTEN_PID"), count);
  __atomic_store_n(&wfp_settings_read, 1, __ATOMIC_RELEASE);
  errno = saved;
}
