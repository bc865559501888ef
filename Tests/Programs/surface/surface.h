// One success and one failure of each function that winsock-surface.md names (names.txt). `surface` runs them all and
// says of each `NAME success` and `NAME failure`, or `NAME cannot fail: REASON`, with `WRONG at FILE:LINE` behind what
// is not as documented. Written as for Windows: mingw compiles it too.
#ifndef SURFACE_H
#define SURFACE_H

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>
#include <iphlpapi.h>
#include <stdio.h>
#include <string.h>

struct entry {
  const char *name;
  int (*success)(void);
  int (*failure)(void);
  const char *reason;  // why it cannot fail
  struct entry *next;
};
void add_entry(struct entry *entry);

// Without a macro in between, so that a name which is one itself (CreateEvent) stays as it is.
#define CALL(name)                                                                        \
  static int success_##name(void);                                                        \
  static int failure_##name(void);                                                        \
  static struct entry entry_##name = {#name, success_##name, failure_##name, NULL, NULL}; \
  __attribute__((constructor)) static void add_##name(void) { add_entry(&entry_##name); }
#define SURE_CALL(name, reason)                                                   \
  static int success_##name(void);                                                \
  static struct entry entry_##name = {#name, success_##name, NULL, reason, NULL}; \
  __attribute__((constructor)) static void add_##name(void) { add_entry(&entry_##name); }
#define SUCCESS(name) static int success_##name(void)
#define FAILURE(name) static int failure_##name(void)

// Line of what was not as documented; 0: all was.
#define CHECK(condition) \
  if (!(condition)) return __LINE__;
#define DONE return 0

#define FAILS(call, error) CHECK((call) && GetLastError() == (error))
#define SOCKET_FAILS(call, error) CHECK((call) && WSAGetLastError() == (int)(error))

// A listener or a bound socket on loopback, and where it is.
SOCKET bound_socket(int type, struct sockaddr_in *address);
// Connected to each other.
void connected_pair(SOCKET pair[2]);
void close_pair(SOCKET pair[2]);

// A handle that nobody has.
#define NO_HANDLE ((HANDLE)(ULONG_PTR)0x7ff0)

// As wide text, one of two rooms; whether both are the same.
WCHAR *wide(const char *text);
int same(const WCHAR *a, const char *b);

#endif
