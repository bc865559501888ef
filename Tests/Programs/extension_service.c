/* Both ends of a redirected connection through Winsock's extensions.
 *
 *   extension_service serve          accepts with AcceptEx, asks for records and context before and after
 *                                    SO_UPDATE_ACCEPT_CONTEXT, and answers
 *   extension_service connect PORT   connects with ConnectEx to a port that is redirected */
#include <winsock2.h>
#include <mswsock.h>
#include <mstcpip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what) {
  printf("%s: error %d\n", what, WSAGetLastError());
  fflush(stdout);
  exit(1);
}

static SOCKET bound(void) {
  struct sockaddr_in name;
  SOCKET s = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
  memset(&name, 0, sizeof name);
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(s, (struct sockaddr *)&name, sizeof name) != 0) fail("bind");
  return s;
}

static DWORD finish(SOCKET s, OVERLAPPED *overlapped, BOOL done) {
  DWORD bytes = 0, flags = 0;
  if (!done && WSAGetLastError() != ERROR_IO_PENDING) fail("begin");
  if (WaitForSingleObject(overlapped->hEvent, 30000) != WAIT_OBJECT_0) fail("wait");
  if (!WSAGetOverlappedResult(s, overlapped, &bytes, FALSE, &flags)) fail("end");
  return bytes;
}

static DWORD ask(SOCKET s, DWORD code) {
  char blob[4096];
  DWORD bytes = 0;
  return WSAIoctl(s, code, NULL, 0, blob, sizeof blob, &bytes, NULL, NULL) == 0 ? bytes : 0;
}

static void tell(const char *when, SOCKET s) {
  printf("%s records=%u context=%u\n", when, (unsigned)ask(s, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS),
         (unsigned)ask(s, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT));
  fflush(stdout);
}

static int serve(OVERLAPPED *overlapped) {
  char output[256];
  struct sockaddr_in name;
  int size = sizeof name;
  SOCKET listener = bound();
  if (listen(listener, 5) != 0) fail("listen");
  getsockname(listener, (struct sockaddr *)&name, &size);
  printf("listening %d\n", ntohs(name.sin_port));
  fflush(stdout);
  SOCKET s = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
  DWORD bytes = 0;
  BOOL done = AcceptEx(listener, s, output, 16, 32, 32, &bytes, overlapped);
  if (finish(listener, overlapped, done) != 5 || memcmp(output, "hello", 5) != 0) fail("data");
  tell("before", s);
  if (setsockopt(s, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, (char *)&listener, sizeof listener) != 0) fail("context");
  tell("after", s);
  send(s, "bye", 3, 0);
  closesocket(s);
  closesocket(listener);
  return WSACleanup();
}

static int dial(OVERLAPPED *overlapped, int port) {
  LPFN_CONNECTEX connect_ex = NULL;
  GUID identifier = WSAID_CONNECTEX;
  DWORD bytes = 0;
  char hello[] = "hello", answer[4] = "";
  struct sockaddr_in name;
  int size = sizeof name;
  SOCKET s = bound();
  if (WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &identifier, sizeof identifier, &connect_ex, sizeof connect_ex,
               &bytes, NULL, NULL) != 0)
    fail("extension");
  memset(&name, 0, sizeof name);
  name.sin_family = AF_INET;
  name.sin_port = htons((u_short)port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BOOL done = connect_ex(s, (struct sockaddr *)&name, sizeof name, hello, 5, &bytes, overlapped);
  if (finish(s, overlapped, done) != 5) fail("count");
  setsockopt(s, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0);
  if (getpeername(s, (struct sockaddr *)&name, &size) != 0) fail("peer");
  if (recv(s, answer, 3, MSG_WAITALL) != 3) fail("answer");
  printf("peer %d answer %s\n", ntohs(name.sin_port), answer);
  return WSACleanup();
}

int main(int argc, char **argv) {
  WSADATA data;
  OVERLAPPED overlapped;
  if (argc < 2 || WSAStartup(MAKEWORD(2, 2), &data) != 0) return 2;
  memset(&overlapped, 0, sizeof overlapped);
  overlapped.hEvent = WSACreateEvent();
  return argc == 3 ? dial(&overlapped, atoi(argv[2])) : serve(&overlapped);
}
