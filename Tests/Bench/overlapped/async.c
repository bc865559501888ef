// P9's peer: one dispatch_async_f to a serial queue and the wait for it on a futex, in ns: `async RUNS`.
#include <dispatch/dispatch.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint32_t done;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void work(void *unused) {
  (void)unused;
  __atomic_store_n(&done, 1, __ATOMIC_SEQ_CST);
  syscall(SYS_futex, &done, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
}

int main(int argc, char **argv) {
  int runs = argc > 1 ? atoi(argv[1]) : 1000;
  dispatch_queue_t queue = dispatch_queue_create("peer", NULL);
  double start = 0;
  for (int i = -runs / 10; i < runs; i++) {
    if (i == 0) start = now();
    __atomic_store_n(&done, 0, __ATOMIC_SEQ_CST);
    dispatch_async_f(queue, NULL, work);
    while (!__atomic_load_n(&done, __ATOMIC_SEQ_CST))
      syscall(SYS_futex, &done, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, NULL);
  }
  printf("%.1f\n", (now() - start) / runs);
  return 0;
}
