/* Asks for the redirect records and context of an accepted connection through WSPIoctl, as a layered provider does,
 * with a completion routine. argv[1]: the size of the records that are there. Prints what is wrong and returns how
 * much. */
#include <stdio.h>

#include <winsock2.h>
#include <mstcpip.h>
#include <ws2spi.h>
#include <windows.h>

static int faults;
#define CHECK(condition)                             \
  do {                                               \
    if (!(condition)) {                              \
      printf("line %d: %s\n", __LINE__, #condition); \
      faults++;                                      \
    }                                                \
  } while (0)

static WSPPROC_TABLE table;
static WSATHREADID expected;
static int queued, ran;
static DWORD last_error, last_bytes;

static int WSPAPI queue_apc(LPWSATHREADID thread, LPWSAUSERAPC routine, DWORD_PTR context, LPINT error) {
  CHECK(thread->ThreadHandle == expected.ThreadHandle && thread->Reserved == 0x77);
  queued++;
  return WPUQueueApc(thread, routine, context, error);
}

static void CALLBACK completed(DWORD error, DWORD bytes, LPWSAOVERLAPPED overlapped, DWORD flags) {
  CHECK(overlapped->hEvent == (HANDLE)0x1234 && flags == 0); /* the event is the program's to use */
  last_error = error;
  last_bytes = bytes;
  ran++;
}

/* One query with a routine. Returns how it ended, at once or later; *bytes is what Internal and InternalHigh say. */
static DWORD query(SOCKET s, DWORD code, void *buffer, DWORD size, DWORD *bytes) {
  WSAOVERLAPPED *overlapped = calloc(1, sizeof *overlapped);
  WSATHREADID thread = expected;
  INT error = 0;
  thread.Reserved = 0x77;
  overlapped->hEvent = (HANDLE)0x1234;
  queued = ran = 0;
  *bytes = 0xdead;
  int result = table.lpWSPIoctl(s, code, NULL, 0, buffer, size, bytes, overlapped, completed, &thread, &error);
  memset(&thread, 0x5a, sizeof thread);
  if (result == SOCKET_ERROR && error != WSA_IO_PENDING) {
    CHECK(queued == 0);
    return (DWORD)error;
  }
  for (int i = 0; i < 30 && ran == 0; i++) SleepEx(1000, TRUE);
  CHECK(ran == 1 && queued == 1 && overlapped->Internal != WSS_OPERATION_IN_PROGRESS);
  *bytes = (DWORD)overlapped->InternalHigh;
  CHECK(last_error != 0 || last_bytes == *bytes);
  free(overlapped);
  return last_error;
}

int main(int count, char **arguments) {
  WSAPROTOCOL_INFOW info;
  WSPUPCALLTABLE upcalls;
  WSPDATA data;
  SOCKADDR_IN name;
  static char buffer[1024];
  int size = sizeof name;
  DWORD records = (DWORD)atoi(arguments[count - 1]), bytes;
  INT error = 0;
  memset(&info, 0, sizeof info);
  memset(&name, 0, sizeof name);
  ws2_upcall_table(&upcalls);
  upcalls.lpWPUQueueApc = queue_apc;
  CHECK(WSPStartup(MAKEWORD(2, 2), &data, &info, upcalls, &table) == 0);
  CHECK(WPUOpenCurrentThread(&expected, &error) == 0);
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SOCKET listener = table.lpWSPSocket(AF_INET, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED, &error);
  SOCKET client = table.lpWSPSocket(AF_INET, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED, &error);
  CHECK(table.lpWSPBind(listener, (SOCKADDR *)&name, sizeof name, &error) == 0);
  CHECK(table.lpWSPListen(listener, 4, &error) == 0);
  CHECK(table.lpWSPGetSockName(listener, (SOCKADDR *)&name, &size, &error) == 0);
  CHECK(table.lpWSPConnect(client, (SOCKADDR *)&name, sizeof name, NULL, NULL, NULL, NULL, &error) == 0);
  SOCKET server = table.lpWSPAccept(listener, NULL, NULL, NULL, 0, &error);
  CHECK(server != INVALID_SOCKET);

  CHECK(query(server, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, buffer, sizeof buffer, &bytes) == 0);
  CHECK(bytes == records);
  CHECK(query(server, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, NULL, 0, &bytes) == ERROR_INSUFFICIENT_BUFFER);
  CHECK(bytes == records);
  CHECK(query(server, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, buffer, sizeof buffer, &bytes) == 0 && bytes == 256);
  CHECK(table.lpWSPIoctl(client, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, buffer, 3, NULL, 0, &bytes, NULL, NULL, NULL,
                         &error) == SOCKET_ERROR &&
        error == WSAEINVAL);
  CHECK(table.lpWSPCleanup(&error) == 0);
  return faults;
}
