/* A redirect service of one select() loop over non-blocking sockets. Compiles for Windows as it is.
 *
 *   select_relay PORT [--count N] */
#define FD_SETSIZE 256
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 120, ROOM = 65536 };

struct direction {
  char buffer[ROOM];
  int start, end; /* what is received and not sent */
  BOOL has_ended, is_passed_on;
};

struct connection {
  SOCKET sockets[2];              /* the client's, the one to the destination */
  struct direction directions[2]; /* directions[n] is what sockets[n] receives */
  BOOL is_open;
};

static struct connection connections[CONNECTIONS];
static long left = -1;

static void end(struct connection *connection, BOOL has_failed) {
  for (int side = 0; side < 2; side++) {
    struct linger reset = {1, 0};
    if (connection->sockets[side] == INVALID_SOCKET) continue;
    if (has_failed) setsockopt(connection->sockets[side], SOL_SOCKET, SO_LINGER, (const char *)&reset, sizeof reset);
    closesocket(connection->sockets[side]);
  }
  connection->is_open = FALSE;
  if (left > 0) left--;
}

static BOOL would_block(void) { return WSAGetLastError() == WSAEWOULDBLOCK; }

/* Returns FALSE when the connection is broken. */
static BOOL receive(struct connection *connection, int side) {
  struct direction *direction = &connection->directions[side];
  int count = recv(connection->sockets[side], direction->buffer, ROOM, 0);
  if (count == SOCKET_ERROR) return would_block();
  direction->start = 0;
  direction->end = count;
  if (count == 0) direction->has_ended = TRUE;
  return TRUE;
}

static BOOL pass_on(struct connection *connection, int side) {
  struct direction *direction = &connection->directions[side];
  if (direction->start < direction->end) {
    int count =
        send(connection->sockets[1 - side], direction->buffer + direction->start, direction->end - direction->start, 0);
    if (count == SOCKET_ERROR) return would_block();
    direction->start += count;
  }
  if (direction->start == direction->end && direction->has_ended && !direction->is_passed_on) {
    shutdown(connection->sockets[1 - side], SD_SEND);
    direction->is_passed_on = TRUE;
  }
  return TRUE;
}

static BOOL connect_onward(struct connection *connection) {
  SOCKADDR_STORAGE context[2];
  char records[1024];
  DWORD size = 0, bytes = 0;
  u_long non_blocking = 1;
  SOCKET client = connection->sockets[0];
  if (WSAIoctl(client, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, NULL, 0, records, sizeof records, &size, NULL,
               NULL) != 0 ||
      WSAIoctl(client, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, NULL, 0, context, sizeof context, &bytes, NULL,
               NULL) != 0)
    return FALSE;
  SOCKET server = socket(context[0].ss_family, SOCK_STREAM, IPPROTO_TCP);
  if (server == INVALID_SOCKET) return FALSE;
  connection->sockets[1] = server;
  int length = context[0].ss_family == AF_INET6 ? (int)sizeof(SOCKADDR_IN6) : (int)sizeof(SOCKADDR_IN);
  return ioctlsocket(server, FIONBIO, &non_blocking) == 0 &&
         WSAIoctl(server, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, records, size, NULL, 0, &bytes, NULL, NULL) == 0 &&
         (connect(server, (const struct sockaddr *)&context[0], length) == 0 || would_block());
}

static void accept_one(SOCKET listener) {
  u_long non_blocking = 1;
  struct connection *connection = connections;
  while (connection->is_open)
    if (++connection == connections + CONNECTIONS) return;
  memset(connection, 0, sizeof *connection);
  connection->sockets[0] = accept(listener, NULL, NULL);
  connection->sockets[1] = INVALID_SOCKET;
  if (connection->sockets[0] == INVALID_SOCKET) return;
  connection->is_open = TRUE;
  if (ioctlsocket(connection->sockets[0], FIONBIO, &non_blocking) != 0 || !connect_onward(connection))
    end(connection, TRUE);
}

static void serve(SOCKET *listeners, fd_set *readable, fd_set *writable, fd_set *failed) {
  for (int index = 0; index < CONNECTIONS; index++) {
    struct connection *connection = &connections[index];
    if (!connection->is_open) continue;
    BOOL is_good = !FD_ISSET(connection->sockets[1], failed); /* a connect that failed */
    for (int side = 0; side < 2 && is_good; side++) {
      if (FD_ISSET(connection->sockets[side], readable)) is_good = receive(connection, side);
      if (is_good &&
          (FD_ISSET(connection->sockets[side], readable) || FD_ISSET(connection->sockets[1 - side], writable)))
        is_good = pass_on(connection, side);
    }
    if (!is_good)
      end(connection, TRUE);
    else if (connection->directions[0].is_passed_on && connection->directions[1].is_passed_on)
      end(connection, FALSE);
  }
  for (int index = 0; index < 2; index++)
    if (FD_ISSET(listeners[index], readable)) accept_one(listeners[index]);
}

static int run(SOCKET *listeners) {
  while (left != 0) {
    fd_set readable, writable, failed;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_ZERO(&failed);
    for (int index = 0; index < 2; index++) FD_SET(listeners[index], &readable);
    for (int index = 0; index < CONNECTIONS; index++) {
      struct connection *connection = &connections[index];
      if (!connection->is_open) continue;
      FD_SET(connection->sockets[1], &failed);
      for (int side = 0; side < 2; side++) {
        struct direction *direction = &connection->directions[side];
        if (direction->start < direction->end)
          FD_SET(connection->sockets[1 - side], &writable);
        else if (!direction->has_ended)
          FD_SET(connection->sockets[side], &readable);
      }
    }
    if (select(0, &readable, &writable, &failed, NULL) == SOCKET_ERROR) {
      fprintf(stderr, "select: error %d\n", WSAGetLastError());
      return 1;
    }
    serve(listeners, &readable, &writable, &failed);
  }
  return 0;
}

static SOCKET open_listener(int family, USHORT *port) {
  SOCKADDR_STORAGE name;
  u_long non_blocking = 1;
  int length = family == AF_INET6 ? (int)sizeof(SOCKADDR_IN6) : (int)sizeof(SOCKADDR_IN);
  memset(&name, 0, sizeof name);
  name.ss_family = (USHORT)family;
  if (family == AF_INET6)
    ((struct sockaddr_in6 *)&name)->sin6_addr = in6addr_loopback;
  else
    ((struct sockaddr_in *)&name)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ((struct sockaddr_in *)&name)->sin_port = htons(*port);
  SOCKET s = socket(family, SOCK_STREAM, IPPROTO_TCP);
  if (s == INVALID_SOCKET || bind(s, (struct sockaddr *)&name, length) != 0 || listen(s, SOMAXCONN) != 0 ||
      ioctlsocket(s, FIONBIO, &non_blocking) != 0 || getsockname(s, (struct sockaddr *)&name, &length) != 0) {
    fprintf(stderr, "cannot listen: error %d\n", WSAGetLastError());
    exit(1);
  }
  *port = ntohs(((struct sockaddr_in *)&name)->sin_port);
  return s;
}

int main(int argc, char **argv) {
  WSADATA data;
  SOCKET listeners[2];
  USHORT port = (USHORT)(argc > 1 ? atoi(argv[1]) : 0);
  if (argc > 3 && strcmp(argv[2], "--count") == 0) left = atol(argv[3]);
  if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
  listeners[0] = open_listener(AF_INET, &port);
  listeners[1] = open_listener(AF_INET6, &port);
  printf("listening on %u\n", (unsigned)port);
  fflush(stdout);
  int result = run(listeners);
  closesocket(listeners[0]);
  closesocket(listeners[1]);
  WSACleanup();
  return result;
}
