#include "real.h"

#include <dlfcn.h>

#define HOOK(result, name, parameters, arguments) void *wfp_next_##name;
#define ALIAS(alias, name)
#include "hooks.def"
#undef HOOK
#undef ALIAS

// Stands in for a call that no library behind ours defines.
static long missing(void) { return wfp_fail(ENOSYS); }

void *wfp_next_definition(void **slot, const char *name) {
  int saved = errno;
  void *found = dlsym(RTLD_NEXT, name);
  errno = saved;
  if (!found) found = (void *)missing;
  __atomic_store_n(slot, found, __ATOMIC_RELEASE);
  return found;
}
