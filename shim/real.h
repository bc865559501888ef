// The three names of a hooked call: `connect` is exported, wfp_core_connect (Swift) decides, real_connect is the
// next definition behind ours.
#ifndef WFP_REAL_H
#define WFP_REAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

#include "wfp_core.h"

#define EXPORT __attribute__((visibility("default")))

// Looks the next definition of `name` up, keeps it in `*slot`, leaves errno alone.
void *wfp_next_definition(void **slot, const char *name);

#define HOOK(result, name, parameters, arguments)                                          \
  typedef result(*wfp_##name##_function) parameters;                                       \
  extern void *wfp_next_##name;                                                            \
  static inline wfp_##name##_function wfp_find_##name(void) {                              \
    void *found = __atomic_load_n(&wfp_next_##name, __ATOMIC_ACQUIRE);                     \
    if (__builtin_expect(!found, 0)) found = wfp_next_definition(&wfp_next_##name, #name); \
    return (wfp_##name##_function)found;                                                   \
  }
#define ALIAS(alias, name)
#include "hooks.def"
#undef HOOK
#undef ALIAS

#define real_connect (wfp_find_connect())
#define real_listen (wfp_find_listen())
#define real_accept (wfp_find_accept())
#define real_accept4 (wfp_find_accept4())
#define real_ioctl (wfp_find_ioctl())
#define real_close (wfp_find_close())
#define real_getpeername (wfp_find_getpeername())
#define real_sendto (wfp_find_sendto())
#define real_sendmsg (wfp_find_sendmsg())
#define real_sendmmsg (wfp_find_sendmmsg())
#define real_recvfrom (wfp_find_recvfrom())
#define real_recvfrom_chk (wfp_find___recvfrom_chk())
#define real_recvmsg (wfp_find_recvmsg())
#define real_recvmmsg (wfp_find_recvmmsg())
#define real_setsockopt (wfp_find_setsockopt())
#define real_bind (wfp_find_bind())

// The settings, for hooks that ask the core: not the constructor's business alone (load.c).
extern int wfp_settings_read;
void wfp_read_settings(void);
static inline void wfp_ready(void) {
  if (__builtin_expect(!__atomic_load_n(&wfp_settings_read, __ATOMIC_ACQUIRE), 0)) wfp_read_settings();
}

static inline int wfp_fail(int error) {
  errno = error;
  return -1;
}

// A connect that is not to be made, and that a trace shall not take for a direct one.
static inline int wfp_refuse(struct wfp_connect *plan, int32_t what) {
  if (plan->outcome == WFP_TRACE_DIRECT) plan->outcome = WFP_TRACE_REFUSED;
  return wfp_fail(-what);
}

#endif
