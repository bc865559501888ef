/* What the Win32 functions beside Winsock need of C: locks of one word, memory with a size, signals, the terminal, the
 * loader. As in wfp_winsock.h, it forwards and returns. */
#ifndef WFP_WIN32_H
#define WFP_WIN32_H

#include <sys/mman.h>

#include "wfp_winsock.h"
#include "../../../include/wfpshim/iphlpapi.h"
#include "../../../include/wfpshim/netiodef.h"
#include "../../../include/wfpshim/psapi.h"
#include "../../../include/wfpshim/conio.h"
#include "../../../include/wfpshim/process.h"
#include "../../../include/wfpshim/wfp_device.h"

/* A slim lock. */
void ws2_slim_lock(unsigned int *_Nonnull word, bool exclusive);
bool ws2_slim_trylock(unsigned int *_Nonnull word, bool exclusive);
void ws2_slim_unlock(unsigned int *_Nonnull word, bool exclusive);

/* A condition variable is a count of its wakes. */
unsigned int ws2_condition_begin(unsigned int *_Nonnull word);
void ws2_condition_wake(unsigned int *_Nonnull word, bool all);
/* The count of wakes for an address of the program's, which others may have too. */
unsigned int *_Nonnull ws2_wakes_of(const void *_Nonnull address);
static inline unsigned int ws2_word_load(unsigned int *_Nonnull word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* One-time initialization. begin: WS2_ONCE_MINE (the caller does it, then ends it), _DONE, _BUSY (`waits` false and
 * another thread is at it), _MIXED (begun in the other way). */
enum ws2_once { WS2_ONCE_MINE, WS2_ONCE_DONE, WS2_ONCE_BUSY, WS2_ONCE_MIXED };
int ws2_once_begin(uintptr_t *_Nonnull word, bool asynchronous, bool check_only);
/* False: it was not under way (for the asynchronous way: another thread was first). */
bool ws2_once_end(uintptr_t *_Nonnull word, bool asynchronous, bool done, uintptr_t context);
static inline uintptr_t ws2_once_context(uintptr_t *_Nonnull word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE) & ~(uintptr_t)3;
}

/* A heap: blocks that know their size, and are freed with it. NULL is a bad heap everywhere. */
struct ws2_heap;
struct ws2_heap *_Nonnull ws2_process_heap(void);
struct ws2_heap *_Nullable ws2_heap_make(size_t limit); /* in bytes; 0: none */
bool ws2_heap_is(const void *_Nullable heap);
bool ws2_heap_destroy(void *_Nullable heap);
void *_Nullable ws2_heap_allocate(void *_Nullable heap, size_t size, bool zero);
void *_Nullable ws2_heap_reallocate(void *_Nullable heap, void *_Nonnull memory, size_t size, bool zero, bool in_place);
bool ws2_heap_free(void *_Nullable heap, void *_Nonnull memory);
size_t ws2_heap_size(void *_Nullable heap, const void *_Nonnull memory); /* SIZE_MAX: none of its blocks */

static inline void *_Nullable ws2_map(void *_Nullable at, size_t size, int protection) {
  void *memory = mmap(at, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}
/* Zeros again, and no access: the pages are given back and their addresses kept. */
static inline bool ws2_unmap_pages(void *_Nonnull at, size_t size) {
  return mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}

/* The next value, of an integer's or a pointer's size. */
static inline uintptr_t ws2_next_value(void *_Nonnull values) { return va_arg(*(va_list *)values, uintptr_t); }
int ws2_processor(void);
int ws2_processor_count(void); /* that this process may run on */

/* Of the environment; NULL in a program that gained privileges. */
const char *_Nullable ws2_secure_variable(const char *_Nonnull name);

int ws2_descriptor_is_readable(int fd); /* now, 1 or 0 */

/* Modules. */
const char *_Nullable ws2_own_path(void); /* of the file that this function is in */
bool ws2_is_own(const void *_Nonnull function);
const char *_Nullable ws2_module_path(void *_Nonnull module);

/* Processes: a descriptor each (pidfd_open), -1 with errno. */
int ws2_process_open(int identifier);
int ws2_process_signal(int process, int number);
/* 1 and the code: a child that has ended; 0: it runs; -1: it has ended, and is no child. */
int ws2_process_exit_code(int process, unsigned int *_Nonnull code);

/* open(2), which is variadic; close-on-exec. */
int ws2_open(const char *_Nonnull path, int flags, unsigned int mode);
int ws2_keep_on_exec(int fd);
bool ws2_is_kept_on_exec(int fd);
void ws2_set_kept_on_exec(int fd, bool kept);
static inline int ws2_flag_path(void) { return 010000000; } /* O_PATH, which needs _GNU_SOURCE */

/* Console events. Signals that are ignored, or that the program takes itself, stay as they are; those taken are told by
 * a byte each at the descriptor, their number. */
int ws2_console_listen(void); /* the descriptor to read from; -1 with errno */
void ws2_console_take(int number);
void ws2_console_ignore(int number, bool ignored);
/* What would have happened without us. */
void ws2_console_default(int number);

/* The next byte of standard input, of a terminal without a line's end or an echo of its own; -1: there is none.
 * waits false: only looks, and leaves it there. */
int ws2_console_key(bool waits);
/* FIONREAD */
int ws2_available(int fd);

/* A socket handed to another process: an AF_UNIX socket with an abstract name, and a descriptor with 8 bytes. 0 or the
 * descriptor, or -1 with errno. */
int ws2_handover_listen(const unsigned char *_Nonnull name, size_t size);
int ws2_handover_accept(int listener, int *_Nonnull peer_process);
int ws2_handover_connect(const unsigned char *_Nonnull name, size_t size);
int ws2_handover_send(int channel, int fd, unsigned long long word);
int ws2_handover_receive(int channel, int *_Nonnull fd, unsigned long long *_Nonnull word);
int ws2_random(void *_Nonnull bytes, size_t size);

/* To the service manager that started this process (sd_notify's datagram): whether there is one; 0, or -1. */
bool ws2_is_service(void);
int ws2_notify(const char *_Nonnull text);

int ws2_resolver_error(void); /* libc's h_errno */
static inline void ws2_set_errno(int number) { errno = number; }

#endif
