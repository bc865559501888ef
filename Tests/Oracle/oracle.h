// Winsock programs that say what they see, one line each: `case: values`. The same source is compiled by mingw for
// Wine and against our headers; what both print is compared. Only the Windows API, and nothing that depends on time.
#ifndef ORACLE_H
#define ORACLE_H

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <mstcpip.h>
#include <windows.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE 10000  // ms until a wait that should end is given up

static void say(const char *name, const char *format, ...) {
  va_list arguments;
  printf("%s: ", name);
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  printf("\n");
  fflush(stdout);
}

// What a call returned, and its error where it failed: SOCKET_ERROR, or FALSE.
__attribute__((unused)) static void say_call(const char *name, long long result) {
  int error = result == SOCKET_ERROR ? (int)GetLastError() : 0;
  say(name, "%lld error %d", result, error);
}

__attribute__((unused)) static void say_bool(const char *name, BOOL result) {
  int error = result ? 0 : (int)GetLastError();
  say(name, "%d error %d", result, error);
}

static struct sockaddr_in loopback(unsigned short port) {
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = port;
  return address;
}

static struct sockaddr_in name_of(SOCKET s) {
  struct sockaddr_in address;
  int size = sizeof address;
  memset(&address, 0, sizeof address);
  getsockname(s, (struct sockaddr *)&address, &size);
  return address;
}

static SOCKET bound(int type) {
  SOCKET s = socket(AF_INET, type, 0);
  struct sockaddr_in address = loopback(0);
  if (s == INVALID_SOCKET || bind(s, (struct sockaddr *)&address, sizeof address) != 0) exit(3);
  return s;
}

static SOCKET listener(void) {
  SOCKET s = bound(SOCK_STREAM);
  if (listen(s, 5) != 0) exit(3);
  return s;
}

__attribute__((unused)) static void make_pair(SOCKET *client, SOCKET *server) {
  SOCKET waiting = listener();
  struct sockaddr_in address = name_of(waiting);
  *client = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(*client, (struct sockaddr *)&address, sizeof address) != 0) exit(3);
  *server = accept(waiting, NULL, NULL);
  if (*server == INVALID_SOCKET) exit(3);
  closesocket(waiting);
}

// The peer sees a reset.
__attribute__((unused)) static void reset(SOCKET s) {
  struct linger now = {1, 0};
  setsockopt(s, SOL_SOCKET, SO_LINGER, (const char *)&now, sizeof now);
  closesocket(s);
}

static void start_winsock(void) {
  WSADATA data;
  if (WSAStartup(MAKEWORD(2, 2), &data) != 0) exit(3);
}

#endif
