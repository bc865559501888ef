#include "surface.h"

static struct entry *entries;

void add_entry(struct entry *entry) {
  entry->next = entries;
  entries = entry;
}

SOCKET bound_socket(int type, struct sockaddr_in *address) {
  int length = sizeof *address;
  SOCKET made = socket(AF_INET, type, 0);
  memset(address, 0, sizeof *address);
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(made, (struct sockaddr *)address, sizeof *address) != 0) return INVALID_SOCKET;
  if (type == SOCK_STREAM && listen(made, 5) != 0) return INVALID_SOCKET;
  return getsockname(made, (struct sockaddr *)address, &length) == 0 ? made : INVALID_SOCKET;
}

void connected_pair(SOCKET pair[2]) {
  struct sockaddr_in address;
  SOCKET listener = bound_socket(SOCK_STREAM, &address);
  pair[0] = socket(AF_INET, SOCK_STREAM, 0);
  connect(pair[0], (struct sockaddr *)&address, sizeof address);
  pair[1] = accept(listener, NULL, NULL);
  closesocket(listener);
}

void close_pair(SOCKET pair[2]) {
  closesocket(pair[0]);
  closesocket(pair[1]);
}

WCHAR *wide(const char *text) {
  static WCHAR room[2][64];
  static int which;
  WCHAR *made = room[which ^= 1];
  for (int i = 0; i < 64; i++) {
    made[i] = (WCHAR)text[i];
    if (!text[i]) break;
  }
  return made;
}
int same(const WCHAR *a, const char *b) {
  while (*b && *a == (WCHAR)*b) a++, b++;
  return *a == 0 && *b == 0;
}

static int run(const char *name, const char *what, int (*test)(void)) {
  int line = test();
  if (line == 0)
    printf("%s %s\n", name, what);
  else
    printf("%s %s WRONG at line %d, last error %lu\n", name, what, line, (unsigned long)GetLastError());
  fflush(stdout);
  return line != 0;
}

int main(void) {
  WSADATA data;
  int wrong = 0;
  if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 2;
  for (struct entry *entry = entries; entry; entry = entry->next) {
    wrong += run(entry->name, "success", entry->success);
    if (entry->failure)
      wrong += run(entry->name, "failure", entry->failure);
    else
      printf("%s cannot fail: %s\n", entry->name, entry->reason);
  }
  WSACleanup();
  return wrong != 0;
}
