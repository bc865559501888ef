/* Slim locks, condition variables and one-time initialization on futexes: all zeros is the first state of each. */
#define _GNU_SOURCE
#include "wfp_win32.h"

#include <linux/futex.h>
#include <sys/syscall.h>

/* A slim lock: how many share it, or EXCLUSIVE; and WAITERS, only while it is held. Who comes to share it while others
 * wait, waits too, so that a stream of readers does not keep a writer out. */
#define EXCLUSIVE 0x80000000u
#define WAITERS 0x40000000u

static bool take(unsigned int *word, bool exclusive, unsigned int *found) {
  *found = __atomic_load_n(word, __ATOMIC_RELAXED);
  for (;;) {
    if (exclusive ? *found != 0 : (*found & (EXCLUSIVE | WAITERS)) != 0) return false;
    if (__atomic_compare_exchange_n(word, found, exclusive ? EXCLUSIVE : *found + 1, 0, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
      return true;
  }
}

void ws2_slim_lock(unsigned int *word, bool exclusive) {
  unsigned int found;
  while (!take(word, exclusive, &found)) {
    if ((found & WAITERS) == 0 &&
        !__atomic_compare_exchange_n(word, &found, found | WAITERS, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      continue;
    ws2_futex_wait(word, found | WAITERS, -1);
  }
}

bool ws2_slim_trylock(unsigned int *word, bool exclusive) {
  unsigned int found;
  return take(word, exclusive, &found);
}

void ws2_slim_unlock(unsigned int *word, bool exclusive) {
  unsigned int found = __atomic_load_n(word, __ATOMIC_RELAXED), next;
  do {
    next = exclusive ? 0 : found - 1;
    if ((next & ~WAITERS) == 0) next = 0; /* the last one: all who wait look again */
  } while (!__atomic_compare_exchange_n(word, &found, next, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
  if (next == 0 && (found & WAITERS) != 0) ws2_futex_wake(word);
}

unsigned int ws2_condition_begin(unsigned int *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

void ws2_condition_wake(unsigned int *word, bool all) {
  __atomic_add_fetch(word, 1, __ATOMIC_RELEASE);
  syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, all ? 0x7fffffff : 1);
}

unsigned int *ws2_wakes_of(const void *address) {
  static unsigned int wakes[256];
  uintptr_t number = (uintptr_t)address >> 2; /* what stands in one word is often waited for together */
  return &wakes[(number ^ number >> 8 ^ number >> 16) % 256];
}

/* The low two bits of an INIT_ONCE; a context leaves them free. */
enum { NOT_BEGUN, BUSY, DONE, BUSY_WITH_WAITERS };

/* The half of the word that has the low bits. */
static unsigned int *low_half(uintptr_t *word) {
  unsigned int *halves = (unsigned int *)(void *)word;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  return halves + sizeof *word / sizeof *halves - 1;
#else
  return halves;
#endif
}

int ws2_once_begin(uintptr_t *word, bool asynchronous, bool check_only) {
  uintptr_t found = __atomic_load_n(word, __ATOMIC_ACQUIRE);
  for (;;) {
    switch (found & 3) {
      case DONE:
        return WS2_ONCE_DONE;
      case NOT_BEGUN:
        if (check_only) return WS2_ONCE_BUSY;
        if (asynchronous) return WS2_ONCE_MINE;
        if (__atomic_compare_exchange_n(word, &found, BUSY, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
          return WS2_ONCE_MINE;
        continue;
      case BUSY:
        if (check_only) return WS2_ONCE_BUSY;
        if (asynchronous) return WS2_ONCE_MIXED;
        if (!__atomic_compare_exchange_n(word, &found, BUSY_WITH_WAITERS, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
          continue;
        break;
      default:
        if (check_only) return WS2_ONCE_BUSY;
        if (asynchronous) return WS2_ONCE_MIXED;
    }
    ws2_futex_wait(low_half(word), BUSY_WITH_WAITERS, -1);
    found = __atomic_load_n(word, __ATOMIC_ACQUIRE);
  }
}

bool ws2_once_end(uintptr_t *word, bool asynchronous, bool done, uintptr_t context) {
  uintptr_t found = __atomic_load_n(word, __ATOMIC_RELAXED), next = done ? context | DONE : NOT_BEGUN;
  do {
    bool is_busy = (found & 3) == BUSY || (found & 3) == BUSY_WITH_WAITERS;
    if (asynchronous ? found != NOT_BEGUN : !is_busy) return false;
  } while (!__atomic_compare_exchange_n(word, &found, next, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  if ((found & 3) == BUSY_WITH_WAITERS) ws2_futex_wake(low_half(word));
  return true;
}

WS2_STATIC_ASSERT(sizeof(SRWLOCK) >= sizeof(unsigned int) && sizeof(INIT_ONCE) == sizeof(uintptr_t), "one word");
