// Winsock 2: overlapped operations, events, ports, names.
#include "surface.h"

static WSABUF buffer_of(void *bytes, ULONG count) {
  WSABUF buffer = {count, (char *)bytes};
  return buffer;
}

CALL(WSASend)
SUCCESS(WSASend) {
  SOCKET pair[2];
  DWORD sent = 0;
  WSABUF buffers[2] = {{2, (char *)"fo"}, {2, (char *)"ur"}};
  char text[8];
  connected_pair(pair);
  CHECK(WSASend(pair[0], buffers, 2, &sent, 0, NULL, NULL) == 0 && sent == 4);
  CHECK(recv(pair[1], text, 8, 0) == 4 && memcmp(text, "four", 4) == 0);
  close_pair(pair);
  DONE;
}
FAILURE(WSASend) {
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  DWORD sent;
  WSABUF buffer = buffer_of((void *)"four", 4);
  SOCKET_FAILS(WSASend(made, &buffer, 1, &sent, 0, NULL, NULL) == SOCKET_ERROR, WSAENOTCONN);
  CHECK(closesocket(made) == 0);
  DONE;
}

CALL(WSARecv)
SUCCESS(WSARecv) {
  SOCKET pair[2];
  DWORD received = 0, flags = 0;
  char text[8];
  WSABUF buffer = buffer_of(text, sizeof text);
  connected_pair(pair);
  CHECK(send(pair[0], "four", 4, 0) == 4);
  CHECK(WSARecv(pair[1], &buffer, 1, &received, &flags, NULL, NULL) == 0 && received == 4 && flags == 0);
  close_pair(pair);
  DONE;
}
FAILURE(WSARecv) {
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  DWORD received, flags = 0;
  char text[8];
  WSABUF buffer = buffer_of(text, sizeof text);
  SOCKET_FAILS(WSARecv(made, &buffer, 1, &received, &flags, NULL, NULL) == SOCKET_ERROR, WSAENOTCONN);
  CHECK(closesocket(made) == 0);
  DONE;
}

CALL(WSASendTo)
SUCCESS(WSASendTo) {
  struct sockaddr_in address;
  DWORD sent = 0;
  WSABUF buffer = buffer_of((void *)"four", 4);
  SOCKET to = bound_socket(SOCK_DGRAM, &address);
  CHECK(WSASendTo(to, &buffer, 1, &sent, 0, (struct sockaddr *)&address, sizeof address, NULL, NULL) == 0 && sent == 4);
  CHECK(closesocket(to) == 0);
  DONE;
}
FAILURE(WSASendTo) {
  DWORD sent = 0;
  WSABUF buffer = buffer_of((void *)"four", 4);
  SOCKET_FAILS(WSASendTo(INVALID_SOCKET, &buffer, 1, &sent, 0, NULL, 0, NULL, NULL) == SOCKET_ERROR, WSAENOTSOCK);
  DONE;
}

CALL(WSASendMsg)
SUCCESS(WSASendMsg) {
  struct sockaddr_in address;
  DWORD sent = 0;
  WSABUF buffer = buffer_of((void *)"four", 4);
  WSAMSG message = {(struct sockaddr *)&address, sizeof address, &buffer, 1, {0, NULL}, 0};
  SOCKET to = bound_socket(SOCK_DGRAM, &address);
  CHECK(WSASendMsg(to, &message, 0, &sent, NULL, NULL) == 0 && sent == 4 && closesocket(to) == 0);
  DONE;
}
FAILURE(WSASendMsg) {
  DWORD sent = 0;
  WSABUF buffer = buffer_of((void *)"four", 4);
  WSAMSG message = {NULL, 0, &buffer, 1, {0, NULL}, 0};
  SOCKET_FAILS(WSASendMsg(INVALID_SOCKET, &message, 0, &sent, NULL, NULL) == SOCKET_ERROR, WSAENOTSOCK);
  DONE;
}

CALL(AcceptEx)
SUCCESS(AcceptEx) {
  struct sockaddr_in address;
  char room[128];
  DWORD bytes = 0, flags = 0;
  SOCKET listener = bound_socket(SOCK_STREAM, &address);
  SOCKET accepted = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  OVERLAPPED overlapped = {0};
  overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
  SOCKET_FAILS(!AcceptEx(listener, accepted, room, 0, 32, 32, &bytes, &overlapped), ERROR_IO_PENDING);
  CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(WaitForSingleObject(overlapped.hEvent, 10000) == WAIT_OBJECT_0);
  CHECK(WSAGetOverlappedResult(listener, (LPWSAOVERLAPPED)&overlapped, &bytes, FALSE, &flags) && bytes == 0);
  CHECK(setsockopt(accepted, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, (char *)&listener, sizeof listener) == 0);
  CHECK(send(accepted, "x", 1, 0) == 1 && recv(client, room, 1, 0) == 1);
  CHECK(CloseHandle(overlapped.hEvent) && closesocket(listener) == 0 && closesocket(accepted) == 0);
  CHECK(closesocket(client) == 0);
  DONE;
}
FAILURE(AcceptEx) {
  char room[128];
  DWORD bytes;
  OVERLAPPED overlapped = {0};
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0), accepted = socket(AF_INET, SOCK_STREAM, 0);
  SOCKET_FAILS(!AcceptEx(made, accepted, room, 0, 32, 32, &bytes, &overlapped), WSAEINVAL);  // it does not listen
  CHECK(closesocket(made) == 0 && closesocket(accepted) == 0);
  DONE;
}

static int waits_and_ends(BOOL (*result)(SOCKET, OVERLAPPED *, DWORD *, BOOL), int early) {
  SOCKET pair[2];
  DWORD received = 0, flags = 0;
  char text[8];
  WSABUF buffer = buffer_of(text, sizeof text);
  OVERLAPPED overlapped = {0};
  overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
  connected_pair(pair);
  SOCKET_FAILS(WSARecv(pair[1], &buffer, 1, NULL, &flags, (LPWSAOVERLAPPED)&overlapped, NULL) == SOCKET_ERROR,
               WSA_IO_PENDING);
  if (early) FAILS(!result(pair[1], &overlapped, &received, FALSE), ERROR_IO_INCOMPLETE);
  CHECK(send(pair[0], "four", 4, 0) == 4);
  CHECK(result(pair[1], &overlapped, &received, TRUE) && received == 4 && CloseHandle(overlapped.hEvent));
  close_pair(pair);
  return 0;
}
static BOOL of_socket(SOCKET s, OVERLAPPED *overlapped, DWORD *bytes, BOOL wait) {
  DWORD flags;
  return WSAGetOverlappedResult(s, (LPWSAOVERLAPPED)overlapped, bytes, wait, &flags);
}
static BOOL of_file(SOCKET s, OVERLAPPED *overlapped, DWORD *bytes, BOOL wait) {
  return GetOverlappedResult((HANDLE)s, overlapped, bytes, wait);
}
CALL(WSAGetOverlappedResult)
SUCCESS(WSAGetOverlappedResult) { return waits_and_ends(of_socket, 0); }
FAILURE(WSAGetOverlappedResult) { return waits_and_ends(of_socket, 1); }
CALL(GetOverlappedResult)
SUCCESS(GetOverlappedResult) { return waits_and_ends(of_file, 0); }
FAILURE(GetOverlappedResult) { return waits_and_ends(of_file, 1); }

CALL(CancelIo)
SUCCESS(CancelIo) {
  SOCKET pair[2];
  DWORD received = 0, flags = 0;
  char text[8];
  WSABUF buffer = buffer_of(text, sizeof text);
  OVERLAPPED overlapped = {0};
  overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
  connected_pair(pair);
  SOCKET_FAILS(WSARecv(pair[1], &buffer, 1, NULL, &flags, (LPWSAOVERLAPPED)&overlapped, NULL) == SOCKET_ERROR,
               WSA_IO_PENDING);
  CHECK(CancelIo((HANDLE)pair[1]) && WaitForSingleObject(overlapped.hEvent, 10000) == WAIT_OBJECT_0);
  SOCKET_FAILS(!WSAGetOverlappedResult(pair[1], (LPWSAOVERLAPPED)&overlapped, &received, FALSE, &flags),
               WSA_OPERATION_ABORTED);
  CHECK(CloseHandle(overlapped.hEvent));
  close_pair(pair);
  DONE;
}
FAILURE(CancelIo) {
  FAILS(!CancelIo((HANDLE)(ULONG_PTR)0x7ff0), ERROR_INVALID_HANDLE);
  DONE;
}

CALL(CreateIoCompletionPort)
SUCCESS(CreateIoCompletionPort) {
  SOCKET made = socket(AF_INET, SOCK_DGRAM, 0);
  HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
  CHECK(port != NULL && CreateIoCompletionPort((HANDLE)made, port, 7, 0) == port);
  CHECK(closesocket(made) == 0 && CloseHandle(port));
  DONE;
}
FAILURE(CreateIoCompletionPort) {
  SOCKET made = socket(AF_INET, SOCK_DGRAM, 0);
  HANDLE port = CreateIoCompletionPort((HANDLE)made, NULL, 7, 0);
  CHECK(port != NULL);
  FAILS(CreateIoCompletionPort((HANDLE)made, port, 8, 0) == NULL, ERROR_INVALID_PARAMETER);  // it has a port
  CHECK(closesocket(made) == 0 && CloseHandle(port));
  DONE;
}

CALL(PostQueuedCompletionStatus)
SUCCESS(PostQueuedCompletionStatus) {
  DWORD bytes = 0;
  ULONG_PTR key = 0;
  OVERLAPPED posted, *taken = NULL;
  HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
  CHECK(PostQueuedCompletionStatus(port, 12, 34, &posted));
  CHECK(GetQueuedCompletionStatus(port, &bytes, &key, &taken, 1000) && bytes == 12 && key == 34 && taken == &posted);
  CHECK(CloseHandle(port));
  DONE;
}
FAILURE(PostQueuedCompletionStatus) {
  FAILS(!PostQueuedCompletionStatus((HANDLE)(ULONG_PTR)0x7ff0, 0, 0, NULL), ERROR_INVALID_HANDLE);
  DONE;
}

CALL(GetQueuedCompletionStatus)
SUCCESS(GetQueuedCompletionStatus) { return success_PostQueuedCompletionStatus(); }
FAILURE(GetQueuedCompletionStatus) {
  DWORD bytes;
  ULONG_PTR key;
  OVERLAPPED *taken = (OVERLAPPED *)&bytes;
  HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
  FAILS(!GetQueuedCompletionStatus(port, &bytes, &key, &taken, 0), WAIT_TIMEOUT);
  CHECK(taken == NULL && CloseHandle(port));
  DONE;
}
