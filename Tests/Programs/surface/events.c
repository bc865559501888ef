// Winsock's events.
#include "surface.h"

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
