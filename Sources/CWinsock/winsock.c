#define _GNU_SOURCE
#include "wfp_winsock.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

static const struct ws2_error_row ws2_error_rows[] = {
#define WS2_ERROR(name, value, meaning) {#name, value, meaning},
#include "../../include/wfpshim/wsaerror.def"
};

static const struct ws2_errno_row ws2_errno_rows[] = {
#define WS2_ERRNO(number, name) {number, name},
#include "../../include/wfpshim/wsaerror.def"
};

int ws2_error_row_count(void) { return (int)(sizeof ws2_error_rows / sizeof ws2_error_rows[0]); }
int ws2_errno_row_count(void) { return (int)(sizeof ws2_errno_rows / sizeof ws2_errno_rows[0]); }

struct ws2_error_row ws2_error_row_at(int index) {
  return ws2_error_rows[index];
}
struct ws2_errno_row ws2_errno_row_at(int index) {
  return ws2_errno_rows[index];
}

const char *ws2_error_meaning(int error) {
  for (int index = 0; index < ws2_error_row_count(); index++)
    if (ws2_error_rows[index].value == error) return ws2_error_rows[index].meaning;
  return "unknown error";
}

int ws2_error_from_errno(int number) {
  switch (number) {
#define WS2_ERRNO(number, name) \
  case number:                  \
    return name;
#include "../../include/wfpshim/wsaerror.def"
  }
  return WSASYSCALLFAILURE;
}

static _Thread_local int last_error;
static _Thread_local int callback_depth;
static _Thread_local void *provider;

int ws2_last_error(void) { return last_error; }
void ws2_set_last_error(int error) { last_error = error; }
int ws2_callback_depth(void) { return callback_depth; }
void ws2_add_callback_depth(int change) { callback_depth += change; }
void *ws2_provider(void) { return provider; }
void ws2_set_provider(void *entered) { provider = entered; }

int ws2_accept4(int fd, struct sockaddr *name, socklen_t *size, int flags) { return accept4(fd, name, size, flags); }
int ws2_make_cancel_descriptor(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
int ws2_descriptor_flags(int fd) { return fcntl(fd, F_GETFL); }
int ws2_set_descriptor_flags(int fd, int flags) { return fcntl(fd, F_SETFL, flags); }

/* The comparison is of the old value, and a true one wakes at most one waiter on a futex of the caller's: the wake-up
 * is spurious, which every futex user must bear. */
int ws2_judge_write(void *word) {
  static unsigned int unused;
  long result = syscall(SYS_futex, &unused, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, 0L, word,
                        FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_LT, -2048));
  return result < 0 ? errno : 0;
}

/* The kernel reads the word to compare it; whether it is equal does not matter, as nobody waits on it for us. */
int ws2_judge_read(const void *word) {
  static unsigned int unused;
  long result = syscall(SYS_futex, word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 0, 0L, &unused, ~0u);
  return result < 0 && errno == EFAULT ? EFAULT : 0;
}

/* Asked once for each thread: it reads /proc/self/maps for the first one. The lower end tells a signal's stack, which
 * may lie anywhere, from the thread's own. */
int ws2_is_on_stack(const void *at, size_t size) {
  static _Thread_local uintptr_t low, high;
  uintptr_t frame = (uintptr_t)__builtin_frame_address(0), first = (uintptr_t)at;
  if (high == 0) {
    pthread_attr_t attributes;
    void *base = NULL;
    size_t whole = 0;
    high = 1;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
      if (pthread_attr_getstack(&attributes, &base, &whole) == 0) {
        low = (uintptr_t)base;
        high = low + whole;
      }
      pthread_attr_destroy(&attributes);
    }
  }
  return frame >= low && first >= frame && first < high && size <= high - first;
}

#if !defined(MADV_POPULATE_WRITE)
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

int ws2_populate_write(void *page, size_t size) { return madvise(page, size, MADV_POPULATE_WRITE) == 0 ? 0 : errno; }

void ws2_futex_wait(unsigned int *word, unsigned int expected, long long milliseconds) {
  struct timespec limit = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
  syscall(SYS_futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, expected, milliseconds < 0 ? NULL : &limit);
}

void ws2_futex_wake(unsigned int *word) { syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 0x7fffffff); }

/* The word: forks counted in the upper 30 bits, then 2 for a lock that others wait for, 1 for a lock. */
static unsigned int free_word(void) { return ws2_fork_count() << 2; }

void ws2_word_lock(unsigned int *word) {
  unsigned int taken = 1;
  for (;;) {
    unsigned int found = __atomic_load_n(word, __ATOMIC_RELAXED);
    if ((found & 3) == 0 || (found & ~3u) != free_word()) {
      if (__atomic_compare_exchange_n(word, &found, free_word() | taken, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
      continue;
    }
    if ((found & 2) == 0 &&
        !__atomic_compare_exchange_n(word, &found, free_word() | 3, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      continue;
    ws2_futex_wait(word, free_word() | 3, -1);
    taken = 3; /* others may still wait: whoever comes out of here keeps the mark */
  }
}

void ws2_word_unlock(unsigned int *word) {
  if ((__atomic_exchange_n(word, free_word(), __ATOMIC_RELEASE) & 2) != 0)
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
}

static pthread_key_t record_key;
static pthread_once_t record_once = PTHREAD_ONCE_INIT;
static void (*record_ended)(void *);
static void end_record(void *record) { __atomic_load_n(&record_ended, __ATOMIC_ACQUIRE)(record); }
static void make_record_key(void) { pthread_key_create(&record_key, end_record); }

void *ws2_thread_record(void) {
  pthread_once(&record_once, make_record_key);
  return pthread_getspecific(record_key);
}

void ws2_set_thread_record(void *record, void (*ended)(void *)) {
  pthread_once(&record_once, make_record_key);
  __atomic_store_n(&record_ended, ended, __ATOMIC_RELEASE);
  pthread_setspecific(record_key, record);
}

DWORD ws2_status_from_error(int error) {
  switch (error) {
#define WS2_STATUS(name, value, winsock, win32) \
  case winsock:                                 \
    return value;
#define WS2_STATUS_ALIAS(name, value, winsock, win32)
#include "../../include/wfpshim/ntstatus.def"
  }
  return 0xC0070000u | ((DWORD)error & 0xffff);
}

int ws2_error_from_status(DWORD status) {
  switch (status) {
#define WS2_STATUS(name, value, winsock, win32) \
  case value:                                   \
    return winsock;
#define WS2_STATUS_ALIAS WS2_STATUS
#include "../../include/wfpshim/ntstatus.def"
  }
  return (status & 0xffff0000u) == 0xC0070000u ? (int)(status & 0xffff) : WSAEINVAL;
}

DWORD ws2_win32_from_status(DWORD status) {
  switch (status) {
#define WS2_STATUS(name, value, winsock, win32) \
  case value:                                   \
    return win32;
#define WS2_STATUS_ALIAS WS2_STATUS
#include "../../include/wfpshim/ntstatus.def"
  }
  return (status & 0xffff0000u) == 0xC0070000u ? status & 0xffff : 317; /* ERROR_MR_MID_NOT_FOUND, as NT says it */
}

int ws2_poll_make(void) { return epoll_create1(EPOLL_CLOEXEC); }

int ws2_poll_watch(int poll, int fd, unsigned int events, unsigned long long token) {
  struct epoll_event event = {.events = EPOLLONESHOT, .data.u64 = token};
  if (events & WS2_READABLE) event.events |= EPOLLIN | EPOLLRDHUP | EPOLLPRI;
  if (events & WS2_WRITABLE) event.events |= EPOLLOUT;
  if (events & WS2_INPUT) event.events |= EPOLLIN;
  if (events & WS2_URGENT) event.events |= EPOLLPRI;
  if (events & WS2_HANGUP) event.events |= EPOLLRDHUP;
  if (epoll_ctl(poll, EPOLL_CTL_MOD, fd, &event) == 0) return 0;
  return errno == ENOENT ? epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) : -1;
}

/* Every report is of a change (EPOLLET), so that one registration is enough for the life of the socket. */
int ws2_poll_add(int poll, int fd, unsigned int events, unsigned long long token) {
  struct epoll_event event = {.events = EPOLLET, .data.u64 = token};
  if (events & WS2_READABLE) event.events |= EPOLLIN | EPOLLRDHUP | EPOLLPRI;
  if (events & WS2_WRITABLE) event.events |= EPOLLOUT;
  if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0) return 0;
  return errno == EEXIST ? epoll_ctl(poll, EPOLL_CTL_MOD, fd, &event) : -1;
}

int ws2_poll_make_bell(int poll, unsigned long long token) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = token};
  int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (bell >= 0 && epoll_ctl(poll, EPOLL_CTL_ADD, bell, &event) != 0) {
    close(bell);
    return -1;
  }
  return bell;
}

void ws2_ring(int bell) { eventfd_write(bell, 1); }

void ws2_poll_forget(int poll, int fd) { epoll_ctl(poll, EPOLL_CTL_DEL, fd, NULL); }

int ws2_poll_take(int poll, struct ws2_report *reports, int count, int milliseconds) {
  struct epoll_event events[WS2_REPORTS];
  int found = epoll_wait(poll, events, count < WS2_REPORTS ? count : WS2_REPORTS, milliseconds);
  for (int i = 0; i < found; i++) {
    reports[i].token = events[i].data.u64;
    reports[i].events = (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI) ? WS2_READABLE : 0) |
                        (events[i].events & EPOLLOUT ? WS2_WRITABLE : 0);
    if (events[i].events & (EPOLLERR | EPOLLHUP)) reports[i].events = WS2_READABLE | WS2_WRITABLE;
  }
  return found;
}

static _Thread_local const void *own_port;
const void *ws2_own_port(void) { return own_port; }
void ws2_set_own_port(const void *port) { own_port = port; }

int ws2_start_thread(size_t stack_size, void *(*start)(void *), void *argument) {
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (stack_size != 0) pthread_attr_setstacksize(&attributes, stack_size);
  int error = pthread_create(&thread, &attributes, start, argument);
  pthread_attr_destroy(&attributes);
  return error;
}

int ws2_thread_identifier(void) {
  static _Thread_local int identifier;
  static _Thread_local unsigned int taken_after_fork;
  if (identifier == 0 || taken_after_fork != ws2_fork_count()) {
    identifier = (int)syscall(SYS_gettid);
    taken_after_fork = ws2_fork_count();
  }
  return identifier;
}

static _Thread_local jmp_buf *thread_end; /* NULL: no thread of CreateThread's */
static _Thread_local DWORD exit_code;

DWORD ws2_run_thread(DWORD (*body)(void *), void *argument) {
  jmp_buf end;
  thread_end = &end;
  if (_setjmp(end) == 0) exit_code = body(argument);
  thread_end = NULL;
  return exit_code;
}

bool ws2_thread_is_run(void) { return thread_end != NULL; }

/* ExitThread's page: no destructor of the frames is called, which pthread_exit would do, and end the process where one
 * of them is noexcept. */
void ws2_exit_thread(DWORD code) {
  exit_code = code;
  if (thread_end != NULL) _longjmp(*thread_end, 1);
  pthread_exit(NULL);
}

WS2_STATIC_ASSERT(sizeof(CRITICAL_SECTION) >= sizeof(pthread_mutex_t), "CRITICAL_SECTION holds a mutex");
WS2_STATIC_ASSERT(_Alignof(CRITICAL_SECTION) >= _Alignof(pthread_mutex_t), "CRITICAL_SECTION holds a mutex");

int ws2_make_recursive_mutex(void *mutex) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  int error = pthread_mutex_init(mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  return error;
}
int ws2_mutex_lock(void *mutex) { return pthread_mutex_lock(mutex); }
int ws2_mutex_trylock(void *mutex) { return pthread_mutex_trylock(mutex); }
int ws2_mutex_unlock(void *mutex) { return pthread_mutex_unlock(mutex); }
int ws2_mutex_destroy(void *mutex) { return pthread_mutex_destroy(mutex); }

/* Windows' numbers and layouts that Swift relies on. */
WS2_STATIC_ASSERT(offsetof(WSADATA, szDescription) == 16 && offsetof(WSADATA, szSystemStatus) == 273, "WSADATA");
WS2_STATIC_ASSERT(sizeof(struct addrinfo) == 48 && offsetof(struct addrinfo, ai_addr) == 24, "glibc's addrinfo");
WS2_STATIC_ASSERT(sizeof(struct tcp_keepalive) == 12, "tcp_keepalive");
WS2_STATIC_ASSERT(WSAEINTR == 10004 && WSAENOTSOCK == 10038 && WSANOTINITIALISED == 10093, "error numbers");
