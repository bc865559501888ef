// Options, names and control codes of sockets.
#include "surface.h"

CALL(setsockopt)
SUCCESS(setsockopt) {
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  DWORD milliseconds = 1234, told = 0;
  int length = sizeof told;
  CHECK(setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, (char *)&milliseconds, sizeof milliseconds) == 0);
  CHECK(getsockopt(made, SOL_SOCKET, SO_RCVTIMEO, (char *)&told, &length) == 0 && told == 1234 &&
        closesocket(made) == 0);
  DONE;
}
FAILURE(setsockopt) {
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  SOCKET_FAILS(setsockopt(made, SOL_SOCKET, 0x7777, (char *)&on, sizeof on) == SOCKET_ERROR, WSAENOPROTOOPT);
  SOCKET_FAILS(setsockopt(made, SOL_SOCKET, SO_REUSEADDR, NULL, sizeof on) == SOCKET_ERROR, WSAEFAULT);
  CHECK(closesocket(made) == 0);
  DONE;
}

CALL(getsockopt)
SUCCESS(getsockopt) {
  SOCKET made = socket(AF_INET, SOCK_DGRAM, 0);
  int type = 0, length = sizeof type;
  CHECK(getsockopt(made, SOL_SOCKET, SO_TYPE, (char *)&type, &length) == 0 && type == SOCK_DGRAM && length == 4);
  CHECK(closesocket(made) == 0);
  DONE;
}
FAILURE(getsockopt) {
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  int value, length = sizeof value;
  SOCKET_FAILS(getsockopt(made, SOL_SOCKET, 0x7777, (char *)&value, &length) == SOCKET_ERROR, WSAENOPROTOOPT);
  SOCKET_FAILS(getsockopt(INVALID_SOCKET, SOL_SOCKET, SO_TYPE, (char *)&value, &length) == SOCKET_ERROR, WSAENOTSOCK);
  CHECK(closesocket(made) == 0);
  DONE;
}

CALL(getsockname)
SUCCESS(getsockname) {
  struct sockaddr_in address;
  SOCKET made = bound_socket(SOCK_DGRAM, &address);
  CHECK(address.sin_family == AF_INET && address.sin_addr.S_un.S_addr == htonl(INADDR_LOOPBACK) &&
        closesocket(made) == 0);
  DONE;
}
FAILURE(getsockname) {
  struct sockaddr_in address;
  int length = sizeof address;
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  SOCKET_FAILS(getsockname(made, (struct sockaddr *)&address, &length) == SOCKET_ERROR, WSAEINVAL);
  CHECK(closesocket(made) == 0);
  DONE;
}

CALL(getpeername)
SUCCESS(getpeername) {
  SOCKET pair[2];
  struct sockaddr_in peer, own;
  int length = sizeof peer, size = sizeof own;
  connected_pair(pair);
  CHECK(getpeername(pair[1], (struct sockaddr *)&peer, &length) == 0);
  CHECK(getsockname(pair[0], (struct sockaddr *)&own, &size) == 0 && peer.sin_port == own.sin_port && length == 16);
  close_pair(pair);
  DONE;
}
FAILURE(getpeername) {
  struct sockaddr_in peer;
  int length = sizeof peer;
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  SOCKET_FAILS(getpeername(made, (struct sockaddr *)&peer, &length) == SOCKET_ERROR, WSAENOTCONN);
  CHECK(closesocket(made) == 0);
  DONE;
}

CALL(ioctlsocket)
SUCCESS(ioctlsocket) {
  SOCKET pair[2];
  u_long on = 1, count = 0;
  char byte;
  connected_pair(pair);
  CHECK(ioctlsocket(pair[1], FIONBIO, &on) == 0);
  SOCKET_FAILS(recv(pair[1], &byte, 1, 0) == SOCKET_ERROR, WSAEWOULDBLOCK);
  CHECK(ioctlsocket(pair[1], FIONREAD, &count) == 0 && count == 0);
  close_pair(pair);
  DONE;
}
FAILURE(ioctlsocket) {
  u_long on = 1;
  SOCKET_FAILS(ioctlsocket(INVALID_SOCKET, FIONBIO, &on) == SOCKET_ERROR, WSAENOTSOCK);
  DONE;
}

CALL(WSAIoctl)
SUCCESS(WSAIoctl) {
  SOCKET pair[2];
  DWORD bytes = 0;
  u_long count = 0;
  connected_pair(pair);
  CHECK(WSAIoctl(pair[1], FIONREAD, NULL, 0, &count, sizeof count, &bytes, NULL, NULL) == 0 && bytes == 4 &&
        count == 0);
  close_pair(pair);
  DONE;
}
FAILURE(WSAIoctl) {
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  DWORD bytes = 7;
  SOCKET_FAILS(WSAIoctl(made, 0x98123456, NULL, 0, NULL, 0, &bytes, NULL, NULL) == SOCKET_ERROR, WSAEOPNOTSUPP);
  CHECK(closesocket(made) == 0);
  DONE;
}
