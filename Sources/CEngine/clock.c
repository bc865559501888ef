#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>

#include "wfp_system.h"

typedef int (*clock_function)(clockid_t, struct timespec *);
typedef void *(*versioned_lookup)(void *, const char *, const char *);

static clock_function found;

// Where the C library is an older or another one: the call itself, which is slower.
static int ask_kernel(clockid_t clock, struct timespec *t) {
  return (int)wfp_syscall6(SYS_clock_gettime, clock, (long)t, 0, 0, 0, 0);
}

// A preload that makes up times (libfaketime) defines clock_gettime without a version. dlvsym itself is looked up: a
// name more in the table of what the library needs costs every process a tenth of the shim's start.
static clock_function find_clock(void) {
  int saved = errno;
  versioned_lookup lookup = (versioned_lookup)dlsym(RTLD_NEXT, "dlvsym");
  clock_function clock = lookup ? (clock_function)lookup(RTLD_NEXT, "clock_gettime", "GLIBC_2.17") : NULL;
  errno = saved;
  if (!clock) clock = ask_kernel;
  __atomic_store_n(&found, clock, __ATOMIC_RELEASE);
  return clock;
}

uint64_t wfp_kernel_time(void) {
  clock_function clock = __atomic_load_n(&found, __ATOMIC_ACQUIRE);
  if (!clock) clock = find_clock();
  struct timespec t = {0, 0};
  clock(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}
