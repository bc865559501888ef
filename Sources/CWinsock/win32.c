/* System calls of the Win32 functions that need _GNU_SOURCE or a variadic call. */
#define _GNU_SOURCE
#include "wfp_win32.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

int ws2_processor_count(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)sysconf(_SC_NPROCESSORS_ONLN);
}

const char *ws2_secure_variable(const char *name) { return secure_getenv(name); }

int ws2_open(const char *path, int flags, unsigned int mode) { return open(path, flags | O_CLOEXEC, mode); }

#if !defined(SYS_pidfd_open)
#define SYS_pidfd_send_signal 424
#define SYS_pidfd_open 434
#endif
#define WAIT_FOR_DESCRIPTOR ((idtype_t)3) /* P_PIDFD: Linux 5.4, glibc 2.36 */

int ws2_process_open(int identifier) { return (int)syscall(SYS_pidfd_open, identifier, 0); }

int ws2_process_signal(int process, int number) {
  return (int)syscall(SYS_pidfd_send_signal, process, number, NULL, 0);
}

/* A child stays for the program's own wait(). */
int ws2_process_exit_code(int process, unsigned int *code) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  if (ws2_descriptor_is_readable(process) == 0) return 0;
  if (waitid(WAIT_FOR_DESCRIPTOR, (id_t)process, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
    return -1;
  *code = (unsigned int)info.si_status + (info.si_code == CLD_EXITED ? 0 : 128);
  return 1;
}

int ws2_keep_on_exec(int fd) { return fcntl(fd, F_SETFD, 0); }

bool ws2_is_kept_on_exec(int fd) { return (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0; }

void ws2_set_kept_on_exec(int fd, bool kept) { fcntl(fd, F_SETFD, kept ? 0 : FD_CLOEXEC); }

int ws2_processor(void) { return sched_getcpu(); }

const char *ws2_own_path(void) {
  Dl_info info;
  return dladdr((void *)ws2_own_path, &info) != 0 ? info.dli_fname : NULL;
}

bool ws2_is_own(const void *function) {
  Dl_info own, other;
  return dladdr((void *)ws2_own_path, &own) != 0 && dladdr(function, &other) != 0 && own.dli_fbase == other.dli_fbase;
}

const char *ws2_module_path(void *module) {
  struct link_map *map = NULL;
  return dlinfo(module, RTLD_DI_LINKMAP, &map) == 0 && map != NULL ? map->l_name : NULL;
}
