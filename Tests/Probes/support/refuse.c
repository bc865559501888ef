#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "probe.h"

static const struct {
  const char *name;
  int number;
} calls[] = {
    {"openat", SYS_openat},
    {"close", SYS_close},
    {"readlinkat", SYS_readlinkat},
    {"newfstatat", SYS_newfstatat},
    {"fallocate", SYS_fallocate},
    {"mmap", SYS_mmap},
    {"munmap", SYS_munmap},
    {"getsockopt", SYS_getsockopt},
    {"setsockopt", SYS_setsockopt},
    {"bind", SYS_bind},
    {"getsockname", SYS_getsockname},
    {"getpeername", SYS_getpeername},
    {"netlink", SYS_socket},
    {"sendto", SYS_sendto},
    {"recvfrom", SYS_recvfrom},
    {"capget", SYS_capget},
    {"getpid", SYS_getpid},
    {"geteuid", SYS_geteuid},
    {"getegid", SYS_getegid},
    {"getsid", SYS_getsid},
    {"kill", SYS_kill},
    {"sched_yield", SYS_sched_yield},
    {"getrandom", SYS_getrandom},
    {"futex", SYS_futex},
};

void probe_refuse(const char *name, const char *error) {
  unsigned number = ~0u, result = strcmp(error, "ENOSYS") == 0 ? ENOSYS : EPERM;
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
    if (strcmp(name, calls[i].name) == 0) number = (unsigned)calls[i].number;
  errno = EINVAL;
  if (number == ~0u) probe_die(name);
  struct sock_filter all[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | result),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_filter netlink[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | result),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  int one = number == SYS_socket;
  struct sock_fprog program = {one ? sizeof netlink / sizeof *netlink : sizeof all / sizeof *all, one ? netlink : all};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    probe_die("seccomp");
}
