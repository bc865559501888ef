// shim/bytes.c, compiled under other names, against libc: `own_bytes`. What differs is said, and makes the exit
// status 1.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *own_memcpy(void *to, const void *from, size_t n);
void *own_memmove(void *to, const void *from, size_t n);
void *own_memset(void *to, int value, size_t n);
size_t own_strlen(const char *text);

enum { ROOM = 700 };
static unsigned char ours[ROOM], libcs[ROOM], start[ROOM];

static void begin(void) {
  memcpy(ours, start, ROOM);
  memcpy(libcs, start, ROOM);
}

static int differs(const char *what, int to, int from, int n) {
  if (memcmp(ours, libcs, ROOM) == 0) return 0;
  printf("%s to %d from %d of %d bytes\n", what, to, from, n);
  return 1;
}

int main(void) {
  int wrong = 0;
  for (int i = 0; i < ROOM; i++) start[i] = (unsigned char)(1 + i % 251);
  for (int n = 0; n <= 300; n += n < 20 ? 1 : 7) {
    for (int distance = -70; distance <= 70; distance++) {
      int from = 100, to = from + distance;
      begin();
      if (own_memmove(ours + to, ours + from, (size_t)n) != ours + to) wrong++;
      memmove(libcs + to, libcs + from, (size_t)n);
      wrong += differs("memmove", to, from, n);
      // Further on, where they cannot overlap.
      to = 350 + distance / 2;
      begin();
      if (own_memcpy(ours + to, ours + 5, (size_t)n) != ours + to) wrong++;
      memcpy(libcs + to, libcs + 5, (size_t)n);
      wrong += differs("memcpy", to, 5, n);
    }
    begin();
    if (own_memset(ours + 3, 0x1a5, (size_t)n) != ours + 3) wrong++;
    memset(libcs + 3, 0x1a5, (size_t)n);
    wrong += differs("memset", 3, 0, n);
    begin();
    ours[100 + n] = 0;
    if (own_strlen((char *)ours + 100) != (size_t)n) wrong += printf("strlen of %d bytes\n", n) > 0;
  }
  return wrong != 0;
}
