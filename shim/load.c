// Start: the settings, read once (SPEC S10.1). A program that gained privileges takes none.
#include "real.h"

#include <sys/auxv.h>
#include <unistd.h>

// Beside the tables that the loader writes: a page of its own would be one more fault in every process.
__attribute__((section(".data"))) int wfp_settings_read;

struct settings {
  const char *engine, *log, *required, *trace, *listen_pid, *listen_fds;
};

// Not strncmp, which the loader would have to find.
static void take(const char *entry, const char *name, const char **value) {
  while (*name && *entry == *name) entry++, name++;
  if (!*name && !*value) *value = entry;
}

// One walk: a getenv for each name is a good part of what a start costs (DESIGN P1).
static struct settings settings(void) {
  struct settings found = {NULL, NULL, NULL, NULL, NULL, NULL};
  if (getauxval(AT_SECURE)) return found;
  for (char **entry = environ; entry && *entry; entry++) {
    if ((*entry)[0] == 'W') {
      take(*entry, "WFPSHIM_ENGINE=", &found.engine);
      take(*entry, "WFPSHIM_LOG=", &found.log);
      take(*entry, "WFPSHIM_REQUIRED=", &found.required);
      take(*entry, "WFPSHIM_TRACE=", &found.trace);
    } else if ((*entry)[0] == 'L') {
      take(*entry, "LISTEN_PID=", &found.listen_pid);
      take(*entry, "LISTEN_FDS=", &found.listen_fds);
    }
  }
  return found;
}

// The constructor of another library may connect before this one has run (hazard H9): the first hooked call that
// needs the settings reads them. They are read once, whoever comes first.
__attribute__((constructor)) void wfp_read_settings(void) {
  int saved = errno;
  struct settings found = settings();
  wfp_core_load(found.engine, found.log, found.required, found.trace);
  if (found.listen_fds) wfp_core_inherited(found.listen_pid, found.listen_fds);
  __atomic_store_n(&wfp_settings_read, 1, __ATOMIC_RELEASE);
  errno = saved;
}
