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

SURE_CALL(WSACreateEvent, "only without memory")
SUCCESS(WSACreateEvent) {
  WSAEVENT made = WSACreateEvent();
  CHECK(made != WSA_INVALID_EVENT && WaitForSingleObject(made, 0) == WAIT_TIMEOUT);
  CHECK(WSASetEvent(made) && WaitForSingleObject(made, 0) == WAIT_OBJECT_0 &&
        WaitForSingleObject(made, 0) == WAIT_OBJECT_0);
  CHECK(WSACloseEvent(made));
  DONE;
}

CALL(WSACloseEvent)
SUCCESS(WSACloseEvent) {
  CHECK(WSACloseEvent(WSACreateEvent()));
  DONE;
}
FAILURE(WSACloseEvent) {
  SOCKET_FAILS(!WSACloseEvent((WSAEVENT)(ULONG_PTR)0x7ff0), WSA_INVALID_HANDLE);
  DONE;
}

CALL(WSASetEvent)
SUCCESS(WSASetEvent) {
  WSAEVENT made = WSACreateEvent();
  CHECK(WSASetEvent(made) && WaitForSingleObject(made, 0) == WAIT_OBJECT_0 && WSACloseEvent(made));
  DONE;
}
FAILURE(WSASetEvent) {
  SOCKET_FAILS(!WSASetEvent((WSAEVENT)(ULONG_PTR)0x7ff0), WSA_INVALID_HANDLE);
  DONE;
}

CALL(WSAWaitForMultipleEvents)
SUCCESS(WSAWaitForMultipleEvents) {
  WSAEVENT both[2] = {WSACreateEvent(), WSACreateEvent()};
  CHECK(WSASetEvent(both[1]) && WSAWaitForMultipleEvents(2, both, FALSE, 1000, FALSE) == WSA_WAIT_EVENT_0 + 1);
  CHECK(WSAWaitForMultipleEvents(2, both, TRUE, 0, FALSE) == WSA_WAIT_TIMEOUT);
  CHECK(WSACloseEvent(both[0]) && WSACloseEvent(both[1]));
  DONE;
}
FAILURE(WSAWaitForMultipleEvents) {
  WSAEVENT none = (WSAEVENT)(ULONG_PTR)0x7ff0;
  SOCKET_FAILS(WSAWaitForMultipleEvents(0, &none, FALSE, 0, FALSE) == WSA_WAIT_FAILED, WSA_INVALID_PARAMETER);
  SOCKET_FAILS(WSAWaitForMultipleEvents(1, &none, FALSE, 0, FALSE) == WSA_WAIT_FAILED, WSA_INVALID_HANDLE);
  DONE;
}

CALL(WSAEventSelect)
SUCCESS(WSAEventSelect) {
  struct sockaddr_in address;
  WSAEVENT made = WSACreateEvent();
  SOCKET listener = bound_socket(SOCK_STREAM, &address), client = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(WSAEventSelect(listener, made, FD_ACCEPT) == 0 && WaitForSingleObject(made, 0) == WAIT_TIMEOUT);
  CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(WaitForSingleObject(made, 10000) == WAIT_OBJECT_0);
  CHECK(closesocket(client) == 0 && closesocket(listener) == 0 && WSACloseEvent(made));
  DONE;
}
FAILURE(WSAEventSelect) {
  SOCKET_FAILS(WSAEventSelect(INVALID_SOCKET, NULL, 0) == SOCKET_ERROR, WSAENOTSOCK);
  DONE;
}

CALL(WSAEnumNetworkEvents)
SUCCESS(WSAEnumNetworkEvents) {
  SOCKET pair[2];
  WSANETWORKEVENTS events;
  WSAEVENT made = WSACreateEvent();
  connected_pair(pair);
  CHECK(WSAEventSelect(pair[1], made, FD_READ | FD_CLOSE) == 0 && send(pair[0], "x", 1, 0) == 1);
  CHECK(WaitForSingleObject(made, 10000) == WAIT_OBJECT_0);
  CHECK(WSAEnumNetworkEvents(pair[1], made, &events) == 0 && events.lNetworkEvents == FD_READ);
  CHECK(events.iErrorCode[FD_READ_BIT] == 0 && WaitForSingleObject(made, 0) == WAIT_TIMEOUT && WSACloseEvent(made));
  close_pair(pair);
  DONE;
}
FAILURE(WSAEnumNetworkEvents) {
  WSANETWORKEVENTS events;
  SOCKET_FAILS(WSAEnumNetworkEvents(INVALID_SOCKET, NULL, &events) == SOCKET_ERROR, WSAENOTSOCK);
  DONE;
}

// A receive that waits, its result asked for without waiting, then after the bytes.
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

CALL(getaddrinfo)
SUCCESS(getaddrinfo) {
  ADDRINFOA hints = {0}, *found = NULL;
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  CHECK(getaddrinfo("127.0.0.1", "80", &hints, &found) == 0 && found->ai_family == AF_INET && found->ai_addrlen == 16);
  CHECK(((struct sockaddr_in *)found->ai_addr)->sin_port == htons(80));
  freeaddrinfo(found);
  DONE;
}
FAILURE(getaddrinfo) {
  ADDRINFOA hints = {0}, *found = NULL;
  hints.ai_flags = AI_NUMERICHOST;
  CHECK(getaddrinfo("not.a.number", NULL, &hints, &found) == WSAHOST_NOT_FOUND);
  hints.ai_family = 999;
  CHECK(getaddrinfo("127.0.0.1", NULL, &hints, &found) == WSAEAFNOSUPPORT);
  DONE;
}

SURE_CALL(freeaddrinfo, "it returns nothing")
SUCCESS(freeaddrinfo) { return success_getaddrinfo(); }

SURE_CALL(inet_ntoa, "each address has a text")
SUCCESS(inet_ntoa) {
  struct in_addr address;
  address.s_addr = htonl(0xc0000207);
  CHECK(strcmp(inet_ntoa(address), "192.0.2.7") == 0);
  DONE;
}

CALL(inet_pton)
SUCCESS(inet_pton) {
  struct in6_addr address;
  CHECK(inet_pton(AF_INET6, "::1", &address) == 1 && memcmp(&address, &in6addr_loopback, sizeof address) == 0);
  DONE;
}
FAILURE(inet_pton) {
  struct in6_addr address;
  CHECK(inet_pton(AF_INET6, "1.2.3", &address) == 0);
  SOCKET_FAILS(inet_pton(999, "::1", &address) == -1, WSAEAFNOSUPPORT);
  DONE;
}

CALL(inet_ntop)
SUCCESS(inet_ntop) {
  char text[64];
  CHECK(inet_ntop(AF_INET6, (void *)&in6addr_loopback, text, sizeof text) == text && strcmp(text, "::1") == 0);
  DONE;
}
FAILURE(inet_ntop) {
  char text[64];
  FAILS(inet_ntop(AF_INET6, (void *)&in6addr_loopback, text, 2) == NULL, ERROR_INVALID_PARAMETER);
  SOCKET_FAILS(inet_ntop(999, (void *)&in6addr_loopback, text, sizeof text) == NULL, WSAEAFNOSUPPORT);
  DONE;
}

CALL(InetNtopW)
SUCCESS(InetNtopW) {
  WCHAR text[64];
  CHECK(InetNtopW(AF_INET6, (void *)&in6addr_loopback, text, 64) == text);
  CHECK(text[0] == ':' && text[1] == ':' && text[2] == '1' && text[3] == 0);
  DONE;
}
FAILURE(InetNtopW) {
  WCHAR text[64];
  SOCKET_FAILS(InetNtopW(999, (void *)&in6addr_loopback, text, 64) == NULL, WSAEAFNOSUPPORT);
  DONE;
}

CALL(WSAAddressToStringA)
SUCCESS(WSAAddressToStringA) {
  char text[64];
  DWORD length = sizeof text;
  struct sockaddr_in address = {0};
  address.sin_family = AF_INET;
  address.sin_port = htons(80);
  address.sin_addr.s_addr = htonl(0xc0000207);
  CHECK(WSAAddressToStringA((struct sockaddr *)&address, sizeof address, NULL, text, &length) == 0);
  CHECK(strcmp(text, "192.0.2.7:80") == 0 && length == sizeof "192.0.2.7:80");
  DONE;
}
FAILURE(WSAAddressToStringA) {
  char text[64];
  DWORD length = 3;
  struct sockaddr_in address = {0};
  address.sin_family = AF_INET;
  SOCKET_FAILS(WSAAddressToStringA((struct sockaddr *)&address, sizeof address, NULL, text, &length) == SOCKET_ERROR,
               WSAEFAULT);
  CHECK(length == sizeof "0.0.0.0");
  DONE;
}

CALL(WSADuplicateSocketW)
SUCCESS(WSADuplicateSocketW) {
  WSAPROTOCOL_INFOW about;
  SOCKET pair[2], second;
  char byte;
  connected_pair(pair);
  CHECK(WSADuplicateSocketW(pair[1], GetCurrentProcessId(), &about) == 0);
  second = WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &about, 0, WSA_FLAG_OVERLAPPED);
  CHECK(second != INVALID_SOCKET && closesocket(pair[1]) == 0);
  CHECK(send(pair[0], "x", 1, 0) == 1 && recv(second, &byte, 1, 0) == 1);
  pair[1] = second;
  close_pair(pair);
  DONE;
}
FAILURE(WSADuplicateSocketW) {
  WSAPROTOCOL_INFOW about;
  SOCKET_FAILS(WSADuplicateSocketW(INVALID_SOCKET, GetCurrentProcessId(), &about) == SOCKET_ERROR, WSAENOTSOCK);
  DONE;
}

SURE_CALL(htonl, "each number has one")
SUCCESS(htonl) {
  const unsigned char bytes[4] = {1, 2, 3, 4};
  u_long number = htonl(0x01020304);
  CHECK(memcmp(&number, bytes, 4) == 0);
  DONE;
}
SURE_CALL(htons, "each number has one")
SUCCESS(htons) {
  const unsigned char bytes[2] = {1, 2};
  u_short number = htons(0x0102);
  CHECK(memcmp(&number, bytes, 2) == 0);
  DONE;
}
SURE_CALL(ntohs, "each number has one")
SUCCESS(ntohs) {
  CHECK(ntohs(htons(0x0102)) == 0x0102);
  DONE;
}
