/* Overlapped calls whose answers have to be the same whether they can end at once or all have to pend
 * (WFPSHIM_FORCE_PENDING=1).
 *
 *   pending_calls        says "ok PENDED of CALLS"
 *   pending_calls fork   uses the library, forks, and says what the child may do */
#include <winsock2.h>
#include <mstcpip.h>
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 30000
#define REQUIRE(condition)                                                        \
  do {                                                                            \
    if (!(condition)) {                                                           \
      printf("line %d: %s, error %d\n", __LINE__, #condition, WSAGetLastError()); \
      fflush(stdout);                                                             \
      _exit(1);                                                                   \
    }                                                                             \
  } while (0)

static SOCKET client, server;
static int calls, pended, ran;
static DWORD ran_error, ran_count;
static char bytes[64];

static void connect_pair(void) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int size = sizeof name;
  SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(bind(listener, (struct sockaddr *)&name, sizeof name) == 0 && listen(listener, 1) == 0);
  REQUIRE(getsockname(listener, (struct sockaddr *)&name, &size) == 0);
  client = socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(connect(client, (struct sockaddr *)&name, sizeof name) == 0);
  server = accept(listener, NULL, NULL);
  REQUIRE(server != INVALID_SOCKET && closesocket(listener) == 0);
}

static void await_data(SOCKET s) {
  fd_set readable;
  FD_ZERO(&readable);
  FD_SET(s, &readable);
  REQUIRE(select(0, &readable, NULL, NULL, NULL) == 1);
}

/* A call has been made: 0, or it pends. */
static void began(int result) {
  calls++;
  if (result == 0) return;
  REQUIRE(WSAGetLastError() == WSA_IO_PENDING);
  pended++;
}

static int receive(OVERLAPPED *block, DWORD wanted, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
  WSABUF buffer = {wanted, bytes};
  DWORD flags = 0;
  return WSARecv(server, &buffer, 1, NULL, &flags, block, routine);
}

/* How the operation ended, by its event; the last error stands. */
static BOOL finish(SOCKET s, OVERLAPPED *block, DWORD *count) {
  DWORD flags = 0;
  REQUIRE(WaitForSingleObject(block->hEvent, PATIENCE) == WAIT_OBJECT_0);
  REQUIRE(HasOverlappedIoCompleted(block));
  return WSAGetOverlappedResult(s, block, count, FALSE, &flags);
}

static void CALLBACK note(DWORD error, DWORD count, LPWSAOVERLAPPED block, DWORD flags) {
  (void)block, (void)flags;
  ran++;
  ran_error = error;
  ran_count = count;
}

static void with_events(OVERLAPPED *block) {
  DWORD count = 0;
  WSABUF out = {5, (char *)"hello"};
  began(WSASend(client, &out, 1, NULL, 0, block, NULL));
  REQUIRE(finish(client, block, &count) && count == 5);
  await_data(server);
  began(receive(block, 64, NULL));
  REQUIRE(finish(server, block, &count) && count == 5 && memcmp(bytes, "hello", 5) == 0);

  DWORD left = 77;
  REQUIRE(send(client, "abc", 3, 0) == 3);
  await_data(server);
  began(WSAIoctl(server, FIONREAD, NULL, 0, &left, sizeof left, NULL, block, NULL));
  REQUIRE(finish(server, block, &count) && count == sizeof left && left == 3);
  /* The order of two receives, and a second count. */
  OVERLAPPED second = {.hEvent = WSACreateEvent()};
  WSABUF tail = {2, bytes + 32};
  DWORD flags = 0;
  began(receive(block, 1, NULL));
  began(WSARecv(server, &tail, 1, NULL, &flags, &second, NULL));
  REQUIRE(finish(server, block, &count) && count == 1 && bytes[0] == 'a');
  REQUIRE(finish(server, &second, &count) && count == 2 && memcmp(bytes + 32, "bc", 2) == 0);
  WSACloseEvent(second.hEvent);
}

static void with_routines(void) {
  OVERLAPPED block = {0};
  REQUIRE(send(client, "hi", 2, 0) == 2);
  await_data(server);
  began(receive(&block, 64, note));
  REQUIRE(ran == 0);
  REQUIRE(SleepEx(PATIENCE, TRUE) == WAIT_IO_COMPLETION && ran == 1 && ran_error == 0 && ran_count == 2);
  REQUIRE(SleepEx(0, TRUE) == 0);
}

static void refused(OVERLAPPED *block) {
  DWORD count = 77;
  char output[4];
  SOCKET other = socket(AF_INET, SOCK_STREAM, 0);
  block->Internal = 5;
  REQUIRE(WSAIoctl(INVALID_SOCKET, FIONREAD, NULL, 0, output, 4, &count, block, NULL) == SOCKET_ERROR);
  REQUIRE(WSAGetLastError() == WSAENOTSOCK && block->Internal == 5);
  REQUIRE(WSAIoctl(other, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, NULL, 0, output, 3, &count, block, NULL) ==
          SOCKET_ERROR);
  REQUIRE(WSAGetLastError() == WSAEINVAL && count == 0 && block->Internal == 5);
  count = 77;
  REQUIRE(WSAIoctl(other, 0x9800ffff, NULL, 0, NULL, 0, &count, block, NULL) == SOCKET_ERROR);
  REQUIRE(WSAGetLastError() == WSAEOPNOTSUPP && block->Internal == 5);
  /* What the transfer itself finds out: at once, or at its end. */
  WSABUF buffer = {4, bytes};
  DWORD flags = 0;
  calls++;
  REQUIRE(WSARecv(other, &buffer, 1, NULL, &flags, block, NULL) == SOCKET_ERROR);
  if (WSAGetLastError() == WSA_IO_PENDING) {
    pended++;
    REQUIRE(!finish(other, block, &count));
  } else {
    REQUIRE(block->Internal == 5);
  }
  REQUIRE(WSAGetLastError() == WSAENOTCONN);
  closesocket(other);
}

/* One packet each, also where a success at once is not to have one: it pended, or there is none. */
static void with_a_port(void) {
  HANDLE port = CreateIoCompletionPort((HANDLE)server, NULL, 9, 0);
  for (int skips = 0; skips < 2; skips++) {
    OVERLAPPED block = {0}, *found = NULL;
    DWORD count = 0;
    ULONG_PTR key = 0;
    if (skips) REQUIRE(SetFileCompletionNotificationModes((HANDLE)server, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS));
    REQUIRE(send(client, "port", 4, 0) == 4);
    await_data(server);
    int before = pended;
    began(receive(&block, 64, NULL));
    if (!skips || pended > before) {
      REQUIRE(GetQueuedCompletionStatus(port, &count, &key, &found, PATIENCE));
      REQUIRE(count == 4 && key == 9 && found == &block);
    }
    REQUIRE(!GetQueuedCompletionStatus(port, &count, &key, &found, 0) && found == NULL);
    REQUIRE(block.Internal == 0 && block.InternalHigh == 4);
  }
  CloseHandle(port);
}

static int after_fork(OVERLAPPED *block) {
  DWORD count = 0;
  began(receive(block, 64, NULL));
  REQUIRE(pended == 1);
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    OVERLAPPED other = {0};
    SOCKET mine;
    connect_pair();
    mine = server;
    /* It cannot be under way here, and the call says so instead of waiting for ever. */
    REQUIRE(receive(&other, 64, NULL) == SOCKET_ERROR && WSAGetLastError() == WSAENETDOWN && other.Internal == 0);
    REQUIRE(send(client, "now", 3, 0) == 3);
    await_data(mine);
    REQUIRE(receive(&other, 64, NULL) == 0 && other.InternalHigh == 3);
    REQUIRE(closesocket(mine) == 0 && WSACleanup() == 0);
    _exit(0);
  }
  int status = 1;
  REQUIRE(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  REQUIRE(send(client, "parent", 6, 0) == 6 && finish(server, block, &count) && count == 6);
  printf("ok\n");
  return 0;
}

int main(int argc, char **argv) {
  WSADATA data;
  REQUIRE(WSAStartup(MAKEWORD(2, 2), &data) == 0);
  connect_pair();
  OVERLAPPED block = {.hEvent = WSACreateEvent()};
  if (argc > 1 && strcmp(argv[1], "fork") == 0) return after_fork(&block);
  DWORD count = 77;
  with_events(&block);
  with_routines();
  refused(&block);
  with_a_port();
  /* The end of the stream, and then a reset. */
  connect_pair();
  REQUIRE(shutdown(client, SD_SEND) == 0);
  await_data(server);
  began(receive(&block, 64, NULL));
  REQUIRE(finish(server, &block, &count) && count == 0);
  printf("ok %d of %d\n", pended, calls);
  return WSACleanup();
}
