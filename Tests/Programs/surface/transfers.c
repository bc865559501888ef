// Winsock 1 on sockets that are connected, and select and its successor.
#include "surface.h"

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
