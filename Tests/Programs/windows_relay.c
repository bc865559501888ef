/* A redirect service as they are written in C for Windows: one thread for each connection, the bounded functions, SAL,
 * records and context with the usual buffers, the records set before connect. It serves one connection and ends. */
#define FD_SETSIZE 128
#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma comment(lib, "ws2_32.lib")
#pragma warning(disable : 4996)

#define CONTEXT_SIZE (2 * sizeof(SOCKADDR_STORAGE))

typedef struct _CONNECTION {
  LIST_ENTRY Link;
  SOCKET Client;
  SOCKET Server;
  BYTE Records[8192];
  DWORD RecordsSize;
  union {
    SOCKADDR_STORAGE Addresses[2];
    BYTE Bytes[CONTEXT_SIZE];
  } Context;
} CONNECTION, *PCONNECTION;

static volatile LONG g_count;

FORCEINLINE void PushConnection(_Inout_ PLIST_ENTRY head, _In_ PCONNECTION connection) {
  connection->Link.Flink = head->Flink;
  connection->Link.Blink = head;
  head->Flink->Blink = &connection->Link;
  head->Flink = &connection->Link;
}

_Success_(return == NO_ERROR) static DWORD
    Query(_In_ SOCKET s, _In_ DWORD code, _Out_writes_bytes_to_(size, *returned) LPVOID buffer, _In_ DWORD size,
          _Out_ LPDWORD returned) {
  *returned = 0;
  if (WSAIoctl(s, code, NULL, 0, buffer, size, returned, NULL, NULL) == SOCKET_ERROR) return (DWORD)WSAGetLastError();
  return NO_ERROR;
}

static DWORD WINAPI Relay(_In_ LPVOID parameter) {
  PCONNECTION connection = (PCONNECTION)parameter;
  char buffer[4096], text[INET6_ADDRSTRLEN + 8];
  DWORD returned = 0, error;
  const SOCKADDR_STORAGE *remote = &connection->Context.Addresses[0];

  error = Query(connection->Client, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, connection->Records,
                sizeof(connection->Records), &connection->RecordsSize);
  if (error == NO_ERROR)
    error = Query(connection->Client, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, &connection->Context,
                  sizeof(connection->Context), &returned);
  if (error != NO_ERROR) {
    strcpy_s(text, _countof(text), "direct");
  } else {
    connection->Server = WSASocketW(remote->ss_family, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
    WSAIoctl(connection->Server, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, connection->Records, connection->RecordsSize,
             NULL, 0, &returned, NULL, NULL);
    inet_ntop(remote->ss_family,
              remote->ss_family == AF_INET6 ? (PVOID) & ((PSOCKADDR_IN6)remote)->sin6_addr
                                            : (PVOID) & ((PSOCKADDR_IN)remote)->sin_addr,
              text, sizeof(text));
  }
  _snprintf_s(buffer, sizeof(buffer), _TRUNCATE, "#%ld %s error %lu, %I64u bytes of records",
              InterlockedIncrement(&g_count), text, error, (ULONG64)connection->RecordsSize);
  printf_s("%s\n", buffer);
  fflush(stdout);
  send(connection->Client, buffer, (int)strlen(buffer), 0);
  shutdown(connection->Client, SD_BOTH);
  closesocket(connection->Client);
  if (connection->Server != INVALID_SOCKET) closesocket(connection->Server);
  return error;
}

int __cdecl main(int argc, char *argv[]) {
  WSADATA data;
  SOCKADDR_IN6 address = {0};
  int length = sizeof(address);
  DWORD off = 0, timeout = 30000;
  LIST_ENTRY connections = {&connections, &connections};
  CONNECTION connection;
  fd_set readable;
  SOCKET listener;
  HANDLE thread;

  if (WSAStartup(MAKEWORD(2, 2), &data) != 0 || LOBYTE(data.wVersion) != 2) return EXIT_FAILURE;
  listener = socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
  if (listener == INVALID_SOCKET) return EXIT_FAILURE;
  setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, (const char *)&off, sizeof(off));
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_any;
  if (argc > 1) address.sin6_port = htons((u_short)atoi(argv[1]));
  if (bind(listener, (SOCKADDR *)&address, sizeof(address)) == SOCKET_ERROR || listen(listener, SOMAXCONN) != 0)
    return EXIT_FAILURE;
  getsockname(listener, (SOCKADDR *)&address, &length);
  printf_s("listening on %u\n", (unsigned)ntohs(address.sin6_port));
  fflush(stdout);

  FD_ZERO(&readable);
  FD_SET(listener, &readable);
  if (select(0, &readable, NULL, NULL, NULL) != 1 || !FD_ISSET(listener, &readable)) return EXIT_FAILURE;
  ZeroMemory(&connection, sizeof(connection));
  connection.Server = INVALID_SOCKET;
  connection.Client = accept(listener, NULL, NULL);
  setsockopt(connection.Client, SOL_SOCKET, SO_RCVTIMEO, (const char *)&timeout, sizeof(timeout));
  PushConnection(&connections, &connection);
  thread = CreateThread(NULL, 0, Relay, CONTAINING_RECORD(connections.Flink, CONNECTION, Link), 0, NULL);
  if (thread == NULL || WaitForSingleObject(thread, INFINITE) != WAIT_OBJECT_0) return EXIT_FAILURE;
  CloseHandle(thread);
  closesocket(listener);
  WSACleanup();
  return EXIT_SUCCESS;
}
