// Start, sockets, connections.
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

static int plain(SOCKET made, const struct sockaddr *to, int size) { return connect(made, to, size); }
static int full(SOCKET made, const struct sockaddr *to, int size) {
  return WSAConnect(made, to, size, NULL, NULL, NULL, NULL);
}

static int connects(int (*call)(SOCKET, const struct sockaddr *, int)) {
  struct sockaddr_in address, peer;
  int length = sizeof peer;
  SOCKET listener = bound_socket(SOCK_STREAM, &address), made = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(call(made, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(getpeername(made, (struct sockaddr *)&peer, &length) == 0 && peer.sin_port == address.sin_port);
  CHECK(closesocket(made) == 0 && closesocket(listener) == 0);
  DONE;
}

static int is_refused(int (*call)(SOCKET, const struct sockaddr *, int)) {
  struct sockaddr_in nobody;
  CHECK(closesocket(bound_socket(SOCK_STREAM, &nobody)) == 0);
  SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
  SOCKET_FAILS(call(made, (struct sockaddr *)&nobody, sizeof nobody) == SOCKET_ERROR, WSAECONNREFUSED);
  SOCKET_FAILS(call(made, (struct sockaddr *)&nobody, 3) == SOCKET_ERROR, WSAEFAULT);
  CHECK(closesocket(made) == 0);
  DONE;
}

CALL(connect)
SUCCESS(connect) { return connects(plain); }
FAILURE(connect) { return is_refused(plain); }

CALL(WSAConnect)
SUCCESS(WSAConnect) { return connects(full); }
FAILURE(WSAConnect) { return is_refused(full); }
