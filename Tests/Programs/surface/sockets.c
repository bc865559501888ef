// Winsock 1 and its successors.
#include "surface.h"

CALL(WSAStartup)
SUCCESS(WSAStartup) {
  WSADATA data;
  CHECK(WSAStartup(MAKEWORD(2, 2), &data) == 0 && data.wVersion == MAKEWORD(2, 2));
  CHECK(WSACleanup() == 0);
  DONE;
}
FAILURE(WSAStartup) {
  CHECK(WSAStartup(MAKEWORD(2, 2), NULL) == WSAEFAULT);
  DONE;
}

CALL(WSACleanup)
SUCCESS(WSACleanup) {
  WSADATA data;
  CHECK(WSAStartup(MAKEWORD(2, 2), &data) == 0 && WSACleanup() == 0);
  DONE;
}
FAILURE(WSACleanup) {
  WSADATA data;
  CHECK(WSACleanup() == 0);  // main's
  SOCKET_FAILS(WSACleanup() == SOCKET_ERROR, WSANOTINITIALISED);
  CHECK(WSAStartup(MAKEWORD(2, 2), &data) == 0);
  DONE;
}

SURE_CALL(WSAGetLastError, "it only reads")
SUCCESS(WSAGetLastError) {
  WSASetLastError(WSAETIMEDOUT);
  CHECK(WSAGetLastError() == WSAETIMEDOUT && GetLastError() == WSAETIMEDOUT);
  DONE;
}

CALL(socket)
SUCCESS(socket) {
  SOCKET made = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  CHECK(made != INVALID_SOCKET && closesocket(made) == 0);
  DONE;
}
FAILURE(socket) {
  SOCKET_FAILS(socket(999, SOCK_STREAM, 0) == INVALID_SOCKET, WSAEAFNOSUPPORT);
  DONE;
}

#define MAKES_SOCKETS(name)                                                                   \
  CALL(name)                                                                                  \
  SUCCESS(name) {                                                                             \
    SOCKET made = (name)(AF_INET, SOCK_DGRAM, IPPROTO_UDP, NULL, 0, WSA_FLAG_OVERLAPPED);     \
    CHECK(made != INVALID_SOCKET && closesocket(made) == 0);                                  \
    DONE;                                                                                     \
  }                                                                                           \
  FAILURE(name) {                                                                             \
    SOCKET_FAILS((name)(999, SOCK_STREAM, 0, NULL, 0, 0) == INVALID_SOCKET, WSAEAFNOSUPPORT); \
    DONE;                                                                                     \
  }
MAKES_SOCKETS(WSASocketW)
MAKES_SOCKETS(WSASocketA)
#ifndef WSASocket
#define WSASocket WSASocketA
#endif
CALL(WSASocket)
SUCCESS(WSASocket) {
  SOCKET made = WSASocket(AF_INET6, SOCK_STREAM, 0, NULL, 0, 0);
  CHECK(made != INVALID_SOCKET && closesocket(made) == 0);
  DONE;
}
FAILURE(WSASocket) {
  SOCKET_FAILS(WSASocket(AF_INET, 77, 0, NULL, 0, 0) == INVALID_SOCKET, WSAESOCKTNOSUPPORT);
  DONE;
}

CALL(closesocket)
SUCCESS(closesocket) {
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(closesocket(made) == 0);
  SOCKET_FAILS(listen(made, 1) == SOCKET_ERROR, WSAENOTSOCK);
  DONE;
}
FAILURE(closesocket) {
  SOCKET_FAILS(closesocket(INVALID_SOCKET) == SOCKET_ERROR, WSAENOTSOCK);
  DONE;
}

CALL(bind)
SUCCESS(bind) {
  struct sockaddr_in address;
  SOCKET made = bound_socket(SOCK_DGRAM, &address);
  CHECK(made != INVALID_SOCKET && address.sin_port != 0 && closesocket(made) == 0);
  DONE;
}
FAILURE(bind) {
  struct sockaddr_in address;
  SOCKET made = bound_socket(SOCK_DGRAM, &address);
  SOCKET_FAILS(bind(made, (struct sockaddr *)&address, sizeof address) == SOCKET_ERROR, WSAEINVAL);
  SOCKET second = socket(AF_INET, SOCK_DGRAM, 0);
  SOCKET_FAILS(bind(second, (struct sockaddr *)&address, sizeof address) == SOCKET_ERROR, WSAEADDRINUSE);
  SOCKET_FAILS(bind(second, (struct sockaddr *)&address, 3) == SOCKET_ERROR, WSAEFAULT);
  CHECK(closesocket(made) == 0 && closesocket(second) == 0);
  DONE;
}

CALL(connect)
SUCCESS(connect) {
  struct sockaddr_in address, peer;
  int length = sizeof peer;
  SOCKET listener = bound_socket(SOCK_STREAM, &address), client = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(getpeername(client, (struct sockaddr *)&peer, &length) == 0 && peer.sin_port == address.sin_port);
  CHECK(closesocket(client) == 0 && closesocket(listener) == 0);
  DONE;
}
FAILURE(connect) {
  struct sockaddr_in address;
  SOCKET closed = bound_socket(SOCK_STREAM, &address), client = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(closesocket(closed) == 0);
  SOCKET_FAILS(connect(client, (struct sockaddr *)&address, sizeof address) == SOCKET_ERROR, WSAECONNREFUSED);
  SOCKET_FAILS(connect(client, (struct sockaddr *)&address, 3) == SOCKET_ERROR, WSAEFAULT);
  CHECK(closesocket(client) == 0);
  DONE;
}

CALL(listen)
SUCCESS(listen) {
  struct sockaddr_in address;
  SOCKET made = bound_socket(SOCK_STREAM, &address);
  int listens = 0, length = sizeof listens;
  CHECK(getsockopt(made, SOL_SOCKET, SO_ACCEPTCONN, (char *)&listens, &length) == 0 && listens);
  CHECK(closesocket(made) == 0);
  DONE;
}
FAILURE(listen) {
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  SOCKET_FAILS(listen(made, 1) == SOCKET_ERROR, WSAEINVAL);  // not bound
  CHECK(closesocket(made) == 0);
  DONE;
}

CALL(accept)
SUCCESS(accept) {
  SOCKET pair[2];
  connected_pair(pair);
  CHECK(pair[1] != INVALID_SOCKET);
  close_pair(pair);
  DONE;
}
FAILURE(accept) {
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  SOCKET_FAILS(accept(made, NULL, NULL) == INVALID_SOCKET, WSAEINVAL);
  CHECK(closesocket(made) == 0);
  DONE;
}

static int CALLBACK reject(LPWSABUF a, LPWSABUF b, LPQOS c, LPQOS d, LPWSABUF e, LPWSABUF f, GROUP *g,
                           DWORD_PTR wanted) {
  (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g;
  return (int)wanted;
}
static int accept_if(int decision, SOCKET *accepted, int *error) {
  struct sockaddr_in address;
  SOCKET listener = bound_socket(SOCK_STREAM, &address), client = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
  *accepted = WSAAccept(listener, NULL, NULL, reject, (DWORD_PTR)decision);
  *error = WSAGetLastError();
  closesocket(listener);
  closesocket(client);
  return 0;
}
CALL(WSAAccept)
SUCCESS(WSAAccept) {
  SOCKET accepted;
  int error;
  CHECK(accept_if(CF_ACCEPT, &accepted, &error) == 0 && accepted != INVALID_SOCKET && closesocket(accepted) == 0);
  DONE;
}
FAILURE(WSAAccept) {
  SOCKET accepted;
  int error;
  CHECK(accept_if(CF_REJECT, &accepted, &error) == 0 && accepted == INVALID_SOCKET && error == WSAECONNREFUSED);
  DONE;
}

static SOCKADDR_IN nobody(void) {
  struct sockaddr_in address;
  closesocket(bound_socket(SOCK_STREAM, &address));
  return address;
}
#define CONNECTS(name, ...)                                                                           \
  CALL(name)                                                                                          \
  SUCCESS(name) {                                                                                     \
    struct sockaddr_in address;                                                                       \
    SOCKET listener = bound_socket(SOCK_STREAM, &address), made = socket(AF_INET, SOCK_STREAM, 0);    \
    CHECK(name(made, (struct sockaddr *)&address, sizeof address __VA_ARGS__) == 0);                  \
    CHECK(closesocket(made) == 0 && closesocket(listener) == 0);                                      \
    DONE;                                                                                             \
  }                                                                                                   \
  FAILURE(name) {                                                                                     \
    struct sockaddr_in address = nobody();                                                            \
    SOCKET made = socket(AF_INET, SOCK_STREAM, 0);                                                    \
    SOCKET_FAILS(name(made, (struct sockaddr *)&address, sizeof address __VA_ARGS__) == SOCKET_ERROR, \
                 WSAECONNREFUSED);                                                                    \
    CHECK(closesocket(made) == 0);                                                                    \
    DONE;                                                                                             \
  }
CONNECTS(connect)
#define COMMA ,
CONNECTS(WSAConnect, COMMA NULL, NULL, NULL, NULL)

CALL(send)
SUCCESS(send) {
  SOCKET pair[2];
  connected_pair(pair);
  CHECK(send(pair[0], "four", 4, 0) == 4);
  close_pair(pair);
  DONE;
}
FAILURE(send) {
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  SOCKET_FAILS(send(made, "four", 4, 0) == SOCKET_ERROR, WSAENOTCONN);
  CHECK(closesocket(made) == 0);
  DONE;
}

CALL(recv)
SUCCESS(recv) {
  SOCKET pair[2];
  char text[8];
  connected_pair(pair);
  CHECK(send(pair[0], "four", 4, 0) == 4);
  CHECK(recv(pair[1], text, 2, MSG_PEEK) == 2 && recv(pair[1], text, sizeof text, 0) == 4 &&
        memcmp(text, "four", 4) == 0);
  CHECK(shutdown(pair[0], SD_SEND) == 0 && recv(pair[1], text, sizeof text, 0) == 0);
  close_pair(pair);
  DONE;
}
FAILURE(recv) {
  char text[8];
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  SOCKET_FAILS(recv(made, text, sizeof text, 0) == SOCKET_ERROR, WSAENOTCONN);
  CHECK(closesocket(made) == 0);
  DONE;
}

CALL(shutdown)
SUCCESS(shutdown) {
  SOCKET pair[2];
  connected_pair(pair);
  CHECK(shutdown(pair[0], SD_BOTH) == 0);
  SOCKET_FAILS(send(pair[0], "x", 1, 0) == SOCKET_ERROR, WSAESHUTDOWN);
  close_pair(pair);
  DONE;
}
FAILURE(shutdown) {
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  SOCKET_FAILS(shutdown(made, SD_SEND) == SOCKET_ERROR, WSAENOTCONN);
  SOCKET_FAILS(shutdown(made, 9) == SOCKET_ERROR, WSAEINVAL);
  CHECK(closesocket(made) == 0);
  DONE;
}

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

CALL(select)
SUCCESS(select) {
  SOCKET pair[2];
  fd_set readable, writable;
  struct timeval patience = {5, 0};
  connected_pair(pair);
  CHECK(send(pair[0], "x", 1, 0) == 1);
  FD_ZERO(&readable);
  FD_ZERO(&writable);
  FD_SET(pair[0], &readable);
  FD_SET(pair[1], &readable);
  CHECK(select(0, &readable, NULL, NULL, &patience) == 1 && FD_ISSET(pair[1], &readable) && readable.fd_count == 1);
  close_pair(pair);
  DONE;
}
FAILURE(select) {
  SOCKET_FAILS(select(0, NULL, NULL, NULL, NULL) == SOCKET_ERROR, WSAEINVAL);
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

CALL(sendto)
SUCCESS(sendto) {
  struct sockaddr_in address;
  SOCKET to = bound_socket(SOCK_DGRAM, &address), from = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(sendto(from, "four", 4, 0, (struct sockaddr *)&address, sizeof address) == 4);
  CHECK(closesocket(to) == 0 && closesocket(from) == 0);
  DONE;
}
FAILURE(sendto) {
  SOCKET made = socket(AF_INET, SOCK_DGRAM, 0);
  SOCKET_FAILS(sendto(made, "four", 4, 0, NULL, 0) == SOCKET_ERROR, WSAEDESTADDRREQ);
  CHECK(closesocket(made) == 0);
  DONE;
}

CALL(recvfrom)
SUCCESS(recvfrom) {
  struct sockaddr_in address, source;
  int length = sizeof source;
  char text[8];
  SOCKET to = bound_socket(SOCK_DGRAM, &address);
  CHECK(sendto(to, "four", 4, 0, (struct sockaddr *)&address, sizeof address) == 4);
  CHECK(recvfrom(to, text, sizeof text, 0, (struct sockaddr *)&source, &length) == 4);
  CHECK(source.sin_port == address.sin_port && closesocket(to) == 0);
  DONE;
}
FAILURE(recvfrom) {
  struct sockaddr_in address;
  char text[2];
  SOCKET made = socket(AF_INET, SOCK_DGRAM, 0);
  SOCKET_FAILS(recvfrom(made, text, sizeof text, 0, NULL, NULL) == SOCKET_ERROR, WSAEINVAL);  // not bound
  SOCKET to = bound_socket(SOCK_DGRAM, &address);
  CHECK(sendto(to, "four", 4, 0, (struct sockaddr *)&address, sizeof address) == 4);
  SOCKET_FAILS(recvfrom(to, text, sizeof text, 0, NULL, NULL) == SOCKET_ERROR, WSAEMSGSIZE);
  CHECK(closesocket(made) == 0 && closesocket(to) == 0);
  DONE;
}

CALL(WSAPoll)
SUCCESS(WSAPoll) {
  SOCKET pair[2];
  connected_pair(pair);
  WSAPOLLFD polled = {pair[0], POLLOUT, 0};
  CHECK(WSAPoll(&polled, 1, 1000) == 1 && polled.revents == POLLOUT);
  close_pair(pair);
  DONE;
}
FAILURE(WSAPoll) {
  WSAPOLLFD polled = {INVALID_SOCKET, POLLOUT, 0};
  SOCKET_FAILS(WSAPoll(&polled, 0, 0) == SOCKET_ERROR, WSAEINVAL);
  DONE;
}
