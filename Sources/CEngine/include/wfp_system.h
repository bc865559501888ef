// The system calls and atomics of the core. Raw: no errno, no cancellation point, and no other preload in
// between (hazard H34), so that the core may run in signal handlers, after vfork and inside constructors.
// A call returns its result, or -errno.
#ifndef WFP_SYSTEM_H
#define WFP_SYSTEM_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef AT_EMPTY_PATH  // glibc shows it to _GNU_SOURCE only
#define AT_EMPTY_PATH 0x1000
#endif

static inline long wfp_syscall6(long n, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = n;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#else
#error "wfp_syscall6: an architecture that this was never built for"
#endif
}

// SO_NETNS_COOKIE is younger than some headers.
#define WFP_SO_NETNS_COOKIE 71
#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

// O_PATH, which glibc shows to _GNU_SOURCE only.
#define WFP_O_PATH 010000000

// Descriptors.
static inline int32_t wfp_open_at(int32_t directory, const char *_Nonnull path, int32_t flags, uint32_t mode) {
  return (int32_t)wfp_syscall6(SYS_openat, directory, (long)path, flags, mode, 0, 0);
}
// Here, because a Swift literal of more than 15 bytes is copied to the heap where nothing optimizes that away.
static inline int32_t wfp_open_time_offsets(void) {
  return wfp_open_at(AT_FDCWD, "/proc/self/timens_offsets", O_RDONLY | O_CLOEXEC, 0);
}
static inline int32_t wfp_close_descriptor(int32_t fd) { return (int32_t)wfp_syscall6(SYS_close, fd, 0, 0, 0, 0, 0); }
static inline long wfp_read_bytes(int32_t fd, void *_Nonnull to, size_t n) {
  return wfp_syscall6(SYS_read, fd, (long)to, (long)n, 0, 0, 0);
}
static inline long wfp_write_bytes(int32_t fd, const void *_Nonnull from, size_t n) {
  return wfp_syscall6(SYS_write, fd, (long)from, (long)n, 0, 0, 0);
}
static inline long wfp_read_link(const char *_Nonnull path, char *_Nonnull to, size_t n) {
  return wfp_syscall6(SYS_readlinkat, AT_FDCWD, (long)path, (long)to, (long)n, 0, 0);
}
// The path given to execve if it is absolute (AT_EXECFN). Returns its length, 0 for none.
static inline long wfp_executed_path(char *_Nonnull to, size_t n) {
  const char *path = (const char *)getauxval(AT_EXECFN);
  size_t length = 0;
  if (!path || path[0] != '/') return 0;
  while (path[length] && length < n) {
    to[length] = path[length];
    length++;
  }
  return (long)length;
}
static inline int32_t wfp_stat_descriptor(int32_t fd, struct stat *_Nonnull to) {
#if defined(SYS_newfstatat)
  return (int32_t)wfp_syscall6(SYS_newfstatat, fd, (long)"", (long)to, AT_EMPTY_PATH, 0, 0);
#else
  return (int32_t)wfp_syscall6(SYS_fstat, fd, (long)to, 0, 0, 0, 0);
#endif
}
// What fstat tells, reduced to what is asked for.
struct wfp_status {
  uint64_t device, inode, size;
  uint32_t uid, mode;  // mode with its type bits
};
static inline int32_t wfp_take_status(int32_t result, const struct stat *_Nonnull from,
                                      struct wfp_status *_Nonnull to) {
  if (result != 0) return result;
  to->device = from->st_dev;
  to->inode = from->st_ino;
  to->size = (uint64_t)from->st_size;
  to->uid = from->st_uid;
  to->mode = from->st_mode;
  return 0;
}
static inline int32_t wfp_status_of(int32_t fd, struct wfp_status *_Nonnull to) {
  struct stat s;
  return wfp_take_status(wfp_stat_descriptor(fd, &s), &s, to);
}
// The same of a path whose last part is not followed if it is a link.
static inline int32_t wfp_status_of_link(const char *_Nonnull path, struct wfp_status *_Nonnull to) {
  struct stat s;
  long result = wfp_syscall6(SYS_newfstatat, AT_FDCWD, (long)path, (long)&s, AT_SYMLINK_NOFOLLOW, 0, 0);
  return wfp_take_status((int32_t)result, &s, to);
}
static inline int32_t wfp_stat_path(const char *_Nonnull path, struct stat *_Nonnull to) {
  return (int32_t)wfp_syscall6(SYS_newfstatat, AT_FDCWD, (long)path, (long)to, 0, 0, 0);
}
static inline int32_t wfp_allocate(int32_t fd, int64_t offset, int64_t length) {
  return (int32_t)wfp_syscall6(SYS_fallocate, fd, 0, offset, length, 0, 0);
}
// Maps n bytes of the file from offset on, shared; NULL when it fails. n may reach beyond the file's end:
// what was not allocated yet must not be touched.
static inline void *_Nullable wfp_map_file(int32_t fd, int64_t offset, size_t n, int32_t writable) {
  long at = wfp_syscall6(SYS_mmap, 0, (long)n, writable ? PROT_READ | PROT_WRITE : PROT_READ,
                         MAP_SHARED | MAP_NORESERVE, fd, offset);
  return at < 0 && at > -4096 ? NULL : (void *)at;
}
static inline void wfp_unmap(void *_Nonnull at, size_t n) {
  (void)wfp_syscall6(SYS_munmap, (long)at, (long)n, 0, 0, 0, 0);
}

// Sockets.
static inline int32_t wfp_get_option(int32_t fd, int32_t level, int32_t name, void *_Nonnull value,
                                     uint32_t *_Nonnull length) {
  return (int32_t)wfp_syscall6(SYS_getsockopt, fd, level, name, (long)value, (long)length, 0);
}
static inline int32_t wfp_set_option(int32_t fd, int32_t level, int32_t name, const void *_Nonnull value,
                                     uint32_t length) {
  return (int32_t)wfp_syscall6(SYS_setsockopt, fd, level, name, (long)value, length, 0);
}
static inline int32_t wfp_bind_socket(int32_t fd, const void *_Nonnull address, uint32_t length) {
  return (int32_t)wfp_syscall6(SYS_bind, fd, (long)address, length, 0, 0, 0);
}
static inline int32_t wfp_connect_socket(int32_t fd, const void *_Nonnull address, uint32_t length) {
  return (int32_t)wfp_syscall6(SYS_connect, fd, (long)address, length, 0, 0, 0);
}
static inline int32_t wfp_socket_name(int32_t fd, void *_Nonnull address, uint32_t *_Nonnull length) {
  return (int32_t)wfp_syscall6(SYS_getsockname, fd, (long)address, (long)length, 0, 0, 0);
}
static inline int32_t wfp_socket_peer(int32_t fd, void *_Nonnull address, uint32_t *_Nonnull length) {
  return (int32_t)wfp_syscall6(SYS_getpeername, fd, (long)address, (long)length, 0, 0, 0);
}
static inline int32_t wfp_make_socket(int32_t family, int32_t type, int32_t protocol) {
  return (int32_t)wfp_syscall6(SYS_socket, family, type, protocol, 0, 0, 0);
}
static inline long wfp_send_bytes(int32_t fd, const void *_Nonnull from, size_t n) {
  return wfp_syscall6(SYS_sendto, fd, (long)from, (long)n, MSG_NOSIGNAL, 0, 0);
}
static inline long wfp_receive_bytes(int32_t fd, void *_Nonnull to, size_t n) {
  return wfp_syscall6(SYS_recvfrom, fd, (long)to, (long)n, MSG_DONTWAIT, 0, 0);
}

// Whether the effective capability set of this thread has capability n (below 32).
static inline int32_t wfp_has_capability(uint32_t n) {
  struct {
    uint32_t version;
    int32_t pid;
  } header = {0x20080522, 0};  // _LINUX_CAPABILITY_VERSION_3
  struct {
    uint32_t effective, permitted, inheritable;
  } data[2] = {{0, 0, 0}, {0, 0, 0}};
  if (wfp_syscall6(SYS_capget, (long)&header, (long)data, 0, 0, 0, 0) != 0) return 0;
  return (int32_t)(data[0].effective >> n & 1);
}
// Whether a program has file capabilities (capabilities(7)): they are kept in this attribute.
static inline int32_t wfp_has_file_capabilities(const char *_Nonnull path) {
  return wfp_syscall6(SYS_getxattr, (long)path, (long)"security.capability", 0, 0, 0, 0) > 0;
}

// The process.
static inline uint32_t wfp_pid(void) { return (uint32_t)wfp_syscall6(SYS_getpid, 0, 0, 0, 0, 0, 0); }
static inline uint32_t wfp_uid(void) { return (uint32_t)wfp_syscall6(SYS_geteuid, 0, 0, 0, 0, 0, 0); }
static inline uint32_t wfp_gid(void) { return (uint32_t)wfp_syscall6(SYS_getegid, 0, 0, 0, 0, 0, 0); }
static inline uint32_t wfp_session(void) { return (uint32_t)wfp_syscall6(SYS_getsid, 0, 0, 0, 0, 0, 0); }
// 0 when there is such a process (a zombie counts), else -errno.
static inline int32_t wfp_process_exists(uint32_t pid) {
  return (int32_t)wfp_syscall6(SYS_kill, (long)pid, 0, 0, 0, 0, 0);
}
// kill of oneself: what a build with kill points does (KillPoint.swift).
static inline void wfp_kill_self(void) { (void)wfp_syscall6(SYS_kill, (long)wfp_pid(), 9, 0, 0, 0, 0); }
static inline void wfp_stop_self(void) { (void)wfp_syscall6(SYS_kill, (long)wfp_pid(), 19, 0, 0, 0, 0); }
static inline void wfp_yield(void) { (void)wfp_syscall6(SYS_sched_yield, 0, 0, 0, 0, 0, 0); }
static inline long wfp_random(void *_Nonnull to, size_t n) {
  return wfp_syscall6(SYS_getrandom, (long)to, (long)n, 0, 0, 0, 0);
}
static inline uint64_t wfp_now(int32_t clock) {
  struct timespec t = {0, 0};
  clock_gettime(clock, &t);  // vDSO
  return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

// CLOCK_MONOTONIC as the C library tells it, past other preloads.
uint64_t wfp_kernel_time(void);

// Judging pages (DESIGN D12). -EFAULT when the page cannot be read, or written; else it can. Neither changes
// the page: the word is OR-ed with 0, or compared; nobody waits on either word.
static inline int32_t wfp_page_writable(uintptr_t page) {
  uint32_t nobody = 0;
  return (int32_t)wfp_syscall6(SYS_futex, (long)&nobody, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, 0, (long)page,
                               FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0));
}
static inline int32_t wfp_page_readable(uintptr_t page) {
  uint32_t nobody = 0;
  return (int32_t)wfp_syscall6(SYS_futex, (long)page, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 0, 0, (long)&nobody, 0);
}
// An address at the main thread's stack's upper end: the program's name as execve left it there.
static inline uintptr_t wfp_main_stack_top(void) { return (uintptr_t)getauxval(AT_EXECFN); }
static inline uintptr_t wfp_frame_address(void) { return (uintptr_t)__builtin_frame_address(0); }

// Atomics on words that several processes share.
static inline uint64_t wfp_load(const uint64_t *_Nonnull p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline void wfp_store(uint64_t *_Nonnull p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
static inline int32_t wfp_swap_if(uint64_t *_Nonnull p, uint64_t expected, uint64_t v) {
  return __atomic_compare_exchange_n(p, &expected, v, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
static inline uint64_t wfp_add(uint64_t *_Nonnull p, uint64_t v) { return __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL); }
static inline uint32_t wfp_load32(const uint32_t *_Nonnull p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline void wfp_store32(uint32_t *_Nonnull p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
static inline int32_t wfp_swap_if32(uint32_t *_Nonnull p, uint32_t expected, uint32_t v) {
  return __atomic_compare_exchange_n(p, &expected, v, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
static inline void wfp_or32(uint32_t *_Nonnull p, uint32_t v) { __atomic_fetch_or(p, v, __ATOMIC_ACQ_REL); }
static inline void wfp_and32(uint32_t *_Nonnull p, uint32_t v) { __atomic_fetch_and(p, v, __ATOMIC_ACQ_REL); }
static inline uint64_t wfp_or64(uint64_t *_Nonnull p, uint64_t v) { return __atomic_fetch_or(p, v, __ATOMIC_ACQ_REL); }
static inline uint64_t wfp_and64(uint64_t *_Nonnull p, uint64_t v) {
  return __atomic_fetch_and(p, v, __ATOMIC_ACQ_REL);
}
// A counter: it orders nothing.
static inline void wfp_count(uint64_t *_Nonnull p) { (void)__atomic_fetch_add(p, 1, __ATOMIC_RELAXED); }
static inline void wfp_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

#endif
