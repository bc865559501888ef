/* <conio.h>: prints each key as a number, until 'q'. */
#include <conio.h>
#include <windows.h>

#include <stdio.h>

int main(void) {
  int key, polls = 0;
  while (!_kbhit() && polls++ < 10000) Sleep(1);
  printf("hit %d\n", _kbhit() != 0);
  fflush(stdout);
  key = _getche();
  printf("\necho %d\n", key);
  fflush(stdout);
  do {
    key = _getch();
    printf("key %d\n", key);
    fflush(stdout);
  } while (key != 'q' && key >= 0);
  return _kbhit();
}
