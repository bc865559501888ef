/* A service that asks about a redirected connection with overlapped calls, in each of Winsock's ways; all may be made
 * to pend (WFPSHIM_FORCE_PENDING=1).
 *
 *   pending_service serve          accepts one connection and says what it finds
 *   pending_service connect PORT   connects to a port that is redirected, and waits for the end */
#include <winsock2.h>
#include <mstcpip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE 30000
#define TOO_SMALL 0xC007007A
#define REQUIRE(condition)                                                        \
  do {                                                                            \
    if (!(condition)) {                                                           \
      printf("line %d: %s, error %d\n", __LINE__, #condition, WSAGetLastError()); \
      fflush(stdout);                                                             \
      exit(1);                                                                    \
    }                                                                             \
  } while (0)

static int ran;
static DWORD ran_error, ran_count;
static BOOL forced;

static void CALLBACK note(DWORD error, DWORD count, LPWSAOVERLAPPED block, DWORD flags) {
  (void)block, (void)flags;
  ran++;
  ran_error = error;
  ran_count = count;
}

/* Pends exactly when it has to. */
static void begun(int result) {
  if (forced)
    REQUIRE(result == SOCKET_ERROR && WSAGetLastError() == WSA_IO_PENDING);
  else
    REQUIRE(result == 0);
}

static void by_event(SOCKET s, DWORD code, const char *blob, DWORD size) {
  char answer[4096];
  DWORD count = 77, flags = 0;
  OVERLAPPED block = {.hEvent = WSACreateEvent()};
  memset(answer, 0x5a, sizeof answer);
  begun(WSAIoctl(s, code, NULL, 0, answer, sizeof answer, NULL, &block, NULL));
  REQUIRE(WaitForSingleObject(block.hEvent, PATIENCE) == WAIT_OBJECT_0);
  REQUIRE(WSAGetOverlappedResult(s, &block, &count, FALSE, &flags) && count == size && memcmp(answer, blob, size) == 0);
  REQUIRE(block.Internal == 0 && block.InternalHigh == size && answer[size] == 0x5a);

  /* One byte too small: what is needed, and nothing written. */
  OVERLAPPED fresh = {.hEvent = block.hEvent};
  WSAResetEvent(block.hEvent);
  memset(answer, 0x5a, sizeof answer);
  count = 77;
  int result = WSAIoctl(s, code, NULL, 0, answer, size - 1, &count, &fresh, NULL);
  REQUIRE(result == SOCKET_ERROR);
  if (forced) {
    REQUIRE(WSAGetLastError() == WSA_IO_PENDING && count == 77);
    REQUIRE(WaitForSingleObject(fresh.hEvent, PATIENCE) == WAIT_OBJECT_0);
    REQUIRE((DWORD)fresh.Internal == TOO_SMALL && fresh.InternalHigh == size);
    REQUIRE(!WSAGetOverlappedResult(s, &fresh, &count, TRUE, &flags));
    REQUIRE(WSAGetLastError() == ERROR_INSUFFICIENT_BUFFER && count == 77);
    REQUIRE(!GetOverlappedResult((HANDLE)s, &fresh, &count, TRUE));
    REQUIRE(GetLastError() == ERROR_INSUFFICIENT_BUFFER && count == size);
  } else {
    REQUIRE(WSAGetLastError() == ERROR_INSUFFICIENT_BUFFER && count == size);
    REQUIRE(fresh.Internal == 0 && WaitForSingleObject(fresh.hEvent, 0) == WAIT_TIMEOUT);
  }
  REQUIRE(answer[0] == 0x5a);
  WSACloseEvent(block.hEvent);
}

static void by_routine(SOCKET s, DWORD code, DWORD size) {
  char answer[4096];
  OVERLAPPED block = {0};
  DWORD count = 77;
  ran = 0;
  begun(WSAIoctl(s, code, NULL, 0, answer, sizeof answer, &count, &block, note));
  REQUIRE(ran == 0 && count == (forced ? 77 : size));
  REQUIRE(SleepEx(PATIENCE, TRUE) == WAIT_IO_COMPLETION && ran == 1 && ran_error == 0 && ran_count == size);
  int result = WSAIoctl(s, code, NULL, 0, NULL, 0, &count, &block, note);
  REQUIRE(result == SOCKET_ERROR && WSAGetLastError() == (forced ? WSA_IO_PENDING : ERROR_INSUFFICIENT_BUFFER));
  REQUIRE(SleepEx(forced ? PATIENCE : 0, TRUE) == (forced ? WAIT_IO_COMPLETION : 0) && ran == 1 + forced);
  if (forced) REQUIRE(ran_error == ERROR_INSUFFICIENT_BUFFER && ran_count == 0 && block.InternalHigh == size);
}

static void set(const char *blob, DWORD size) {
  SOCKET out = socket(AF_INET, SOCK_STREAM, 0);
  OVERLAPPED block = {.hEvent = WSACreateEvent()};
  DWORD count = 77, flags = 0;
  char altered[4096];
  memcpy(altered, blob, size);
  altered[size / 2] ^= 1;
  REQUIRE(WSAIoctl(out, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, altered, size, NULL, 0, &count, &block, NULL) ==
          SOCKET_ERROR);
  REQUIRE(WSAGetLastError() == WSAEINVAL && count == 0 && WaitForSingleObject(block.hEvent, 0) == WAIT_TIMEOUT);
  begun(WSAIoctl(out, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, (void *)blob, size, NULL, 0, NULL, &block, NULL));
  REQUIRE(WaitForSingleObject(block.hEvent, PATIENCE) == WAIT_OBJECT_0);
  REQUIRE(WSAGetOverlappedResult(out, &block, &count, FALSE, &flags) && count == 0);
  /* A query of that socket is refused at once in either case: it has no connection. */
  REQUIRE(WSAIoctl(out, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, NULL, 0, altered, sizeof altered, &count, &block,
                   NULL) == SOCKET_ERROR);
  REQUIRE(WSAGetLastError() == WSAENOTCONN && count == 0);
  WSACloseEvent(block.hEvent);
  closesocket(out);
}

static void by_port(SOCKET s, DWORD code, DWORD size) {
  char answer[4096];
  OVERLAPPED block = {0}, *found = NULL;
  DWORD count = 0;
  ULONG_PTR key = 0;
  HANDLE port = CreateIoCompletionPort((HANDLE)s, NULL, 5, 0);
  begun(WSAIoctl(s, code, NULL, 0, answer, sizeof answer, NULL, &block, NULL));
  REQUIRE(GetQueuedCompletionStatus(port, &count, &key, &found, PATIENCE));
  REQUIRE(count == size && key == 5 && found == &block);
  int result = WSAIoctl(s, code, NULL, 0, answer, size - 1, NULL, &block, NULL);
  REQUIRE(result == SOCKET_ERROR && WSAGetLastError() == (forced ? WSA_IO_PENDING : ERROR_INSUFFICIENT_BUFFER));
  if (forced) {
    REQUIRE(!GetQueuedCompletionStatus(port, &count, &key, &found, PATIENCE) && found == &block);
    REQUIRE(GetLastError() == ERROR_INSUFFICIENT_BUFFER && count == size);
  }
  REQUIRE(!GetQueuedCompletionStatus(port, &count, &key, &found, 0) && found == NULL);
  CloseHandle(port);
}

static int serve(SOCKET listener, struct sockaddr_in *name) {
  static const DWORD codes[] = {SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT};
  int length = sizeof *name;
  REQUIRE(bind(listener, (struct sockaddr *)name, sizeof *name) == 0 && listen(listener, 5) == 0);
  REQUIRE(getsockname(listener, (struct sockaddr *)name, &length) == 0);
  printf("listening %d\n", ntohs(name->sin_port));
  fflush(stdout);
  SOCKET s = accept(listener, NULL, NULL);
  for (int i = 0; i < 2; i++) {
    char blob[4096];
    DWORD size = 0;
    REQUIRE(WSAIoctl(s, codes[i], NULL, 0, blob, sizeof blob, &size, NULL, NULL) == 0 && size > 0);
    by_event(s, codes[i], blob, size);
    by_routine(s, codes[i], size);
    if (i == 0) set(blob, size);
    if (i == 1) by_port(s, codes[i], size);
    printf("code %d size %u\n", i, (unsigned)size);
    fflush(stdout);
  }
  closesocket(s);
  return 0;
}

int main(int argc, char **argv) {
  WSADATA data;
  const char *setting = getenv("WFPSHIM_FORCE_PENDING");
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  forced = setting != NULL && strcmp(setting, "1") == 0;
  REQUIRE(WSAStartup(MAKEWORD(2, 2), &data) == 0);
  SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
  if (argc < 3) return serve(s, &name);
  char byte;
  name.sin_port = htons((unsigned short)atoi(argv[2]));
  REQUIRE(connect(s, (struct sockaddr *)&name, sizeof name) == 0);
  REQUIRE(recv(s, &byte, 1, 0) == 0);
  printf("end\n");
  return 0;
}
