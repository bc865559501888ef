/* A WFP redirect service of events, written for Windows: WSAEventSelect tells of new clients, and every socket's
 * overlapped WSARecv and WSASend have an event of their own. One thread waits for all of them with
 * WSAWaitForMultipleEvents, which takes 64: a listener of each family and 31 connections at a time.
 *
 *   event_relay PORT [--count N]
 *
 * --count  exit after that many connections
 *
 * It listens on 127.0.0.1 and [::1]; PORT 0 takes a free one. The callout writes two SOCKADDR_STORAGE into the context,
 * remote and local. */

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTENERS = 2, CONNECTIONS = (WSA_MAXIMUM_WAIT_EVENTS - LISTENERS) / 2, ROOM = 65536 };

/* What one socket receives and the other one of its connection sends. */
struct direction {
  SOCKET from, to;
  WSAOVERLAPPED overlapped;
  BOOL sends; /* what is under way */
  BOOL has_ended;
  char buffer[ROOM];
};

struct connection {
  BOOL is_open;
  BOOL has_failed;
  struct direction directions[2];
};

static SOCKET listeners[LISTENERS];
static struct connection connections[CONNECTIONS];
/* The listeners' events, then two for each connection. */
static WSAEVENT events[WSA_MAXIMUM_WAIT_EVENTS];
static int open_count;

static BOOL begin_receive(struct direction *direction) {
  WSABUF buffer = {ROOM, direction->buffer};
  DWORD flags = 0;
  direction->sends = FALSE;
  return WSARecv(direction->from, &buffer, 1, NULL, &flags, &direction->overlapped, NULL) == 0 ||
         WSAGetLastError() == WSA_IO_PENDING;
}

static BOOL begin_send(struct direction *direction, DWORD count) {
  WSABUF buffer = {count, direction->buffer};
  direction->sends = TRUE;
  return WSASend(direction->to, &buffer, 1, NULL, 0, &direction->overlapped, NULL) == 0 ||
         WSAGetLastError() == WSA_IO_PENDING;
}

static void end_direction(struct connection *connection, struct direction *direction) {
  int index;
  direction->has_ended = TRUE;
  WSAResetEvent(direction->overlapped.hEvent);
  if (connection->has_failed) { /* the other direction is of no use any more; its event tells of its end */
    CancelIoEx((HANDLE)direction->from, NULL);
    CancelIoEx((HANDLE)direction->to, NULL);
  }
  if (!connection->directions[0].has_ended || !connection->directions[1].has_ended) return;
  for (index = 0; index < 2; index++) {
    SOCKET s = connection->directions[index].from;
    struct linger reset = {1, 0};
    if (connection->has_failed) setsockopt(s, SOL_SOCKET, SO_LINGER, (const char *)&reset, sizeof reset);
    closesocket(s);
  }
  connection->is_open = FALSE;
  open_count--;
}

/* The direction's event is set. Returns whether one more connection is over. */
static BOOL advance(struct connection *connection, struct direction *direction) {
  DWORD count = 0, flags = 0;
  SOCKET s = direction->sends ? direction->to : direction->from;
  BOOL goes_on = TRUE;
  if (!WSAGetOverlappedResult(s, &direction->overlapped, &count, FALSE, &flags)) {
    if (WSAGetLastError() == WSA_IO_INCOMPLETE) return FALSE;
    goes_on = FALSE;
  } else if (connection->has_failed) {
    goes_on = FALSE;
  } else if (direction->sends) {
    goes_on = begin_receive(direction);
  } else if (count > 0) {
    goes_on = begin_send(direction, count);
  } else {
    shutdown(direction->to, SD_SEND); /* the end of the stream, passed on */
    end_direction(connection, direction);
    return !connection->is_open;
  }
  if (goes_on) return FALSE;
  connection->has_failed = TRUE;
  end_direction(connection, direction);
  return !connection->is_open;
}

/* A socket that carries the records on, connected to where the context says; INVALID_SOCKET when that does not work. */
static SOCKET connect_onward(SOCKET client) {
  SOCKADDR_STORAGE context[2];
  char records[1024];
  DWORD size = 0, bytes = 0;
  if (WSAIoctl(client, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, NULL, 0, records, sizeof records, &size, NULL,
               NULL) != 0 ||
      WSAIoctl(client, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, NULL, 0, context, sizeof context, &bytes, NULL,
               NULL) != 0 ||
      bytes != sizeof context)
    return INVALID_SOCKET;
  SOCKET server = WSASocketW(context[0].ss_family, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
  if (server == INVALID_SOCKET) return INVALID_SOCKET;
  int length = context[0].ss_family == AF_INET6 ? (int)sizeof(SOCKADDR_IN6) : (int)sizeof(SOCKADDR_IN);
  if (WSAIoctl(server, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, records, size, NULL, 0, &bytes, NULL, NULL) != 0 ||
      connect(server, (const struct sockaddr *)&context[0], length) != 0) {
    closesocket(server);
    return INVALID_SOCKET;
  }
  return server;
}

static void start_connection(int number, SOCKET client, SOCKET server) {
  struct connection *connection = &connections[number];
  int index;
  connection->is_open = TRUE;
  connection->has_failed = FALSE;
  open_count++;
  for (index = 0; index < 2; index++) {
    struct direction *direction = &connection->directions[index];
    direction->from = index == 0 ? client : server;
    direction->to = index == 0 ? server : client;
    direction->has_ended = FALSE;
    memset(&direction->overlapped, 0, sizeof direction->overlapped);
    direction->overlapped.hEvent = events[LISTENERS + 2 * number + index];
  }
  for (index = 0; index < 2; index++) {
    struct direction *direction = &connection->directions[index];
    if (!connection->has_failed && begin_receive(direction)) continue;
    connection->has_failed = TRUE;
    end_direction(connection, direction);
  }
}

static int free_place(void) {
  int number;
  for (number = 0; number < CONNECTIONS; number++)
    if (!connections[number].is_open) return number;
  return -1;
}

/* Returns FALSE for a connection that was not redirected, or whose destination is not there. */
static BOOL accept_one(SOCKET listener) {
  u_long blocking = 0;
  SOCKET client = accept(listener, NULL, NULL);
  if (client == INVALID_SOCKET) return TRUE; /* it went away */
  WSAEventSelect(client, NULL, 0);           /* it has the listener's event and mode */
  ioctlsocket(client, FIONBIO, &blocking);
  SOCKET server = connect_onward(client);
  if (server == INVALID_SOCKET) {
    closesocket(client);
    return FALSE;
  }
  start_connection(free_place(), client, server);
  return TRUE;
}

static SOCKET open_listener(int family, USHORT *port, WSAEVENT event) {
  SOCKADDR_STORAGE name;
  int length = family == AF_INET6 ? (int)sizeof(SOCKADDR_IN6) : (int)sizeof(SOCKADDR_IN);
  memset(&name, 0, sizeof name);
  name.ss_family = (USHORT)family;
  if (family == AF_INET6)
    ((struct sockaddr_in6 *)&name)->sin6_addr = in6addr_loopback;
  else
    ((struct sockaddr_in *)&name)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ((struct sockaddr_in *)&name)->sin_port = htons(*port); /* at the same place in both families */
  SOCKET s = WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
  if (s == INVALID_SOCKET || bind(s, (struct sockaddr *)&name, length) != 0 || listen(s, SOMAXCONN) != 0 ||
      getsockname(s, (struct sockaddr *)&name, &length) != 0 || WSAEventSelect(s, event, FD_ACCEPT) != 0) {
    fprintf(stderr, "cannot listen on port %u: error %d\n", (unsigned)*port, WSAGetLastError());
    exit(1);
  }
  *port = ntohs(((struct sockaddr_in *)&name)->sin_port);
  return s;
}

/* While all places are taken the listeners' events stay set and are not waited for. */
static int serve(long left, BOOL is_limited) {
  int first = 0;
  while (!is_limited || left > 0) {
    int from = open_count < CONNECTIONS ? 0 : LISTENERS;
    DWORD found = WSAWaitForMultipleEvents(WSA_MAXIMUM_WAIT_EVENTS - from, events + from, FALSE, WSA_INFINITE, FALSE);
    if (found == WSA_WAIT_FAILED) return 1;
    /* Everything that is set, and each time from another one on, so that nobody waits for ever. */
    for (int step = 0; step < WSA_MAXIMUM_WAIT_EVENTS; step++) {
      int index = (first + step) % WSA_MAXIMUM_WAIT_EVENTS;
      struct connection *connection = index < LISTENERS ? NULL : &connections[(index - LISTENERS) / 2];
      if (connection != NULL) {
        struct direction *direction = &connection->directions[(index - LISTENERS) % 2];
        if (connection->is_open && !direction->has_ended && advance(connection, direction)) left--;
      } else if (open_count < CONNECTIONS && WaitForSingleObject(events[index], 0) == WAIT_OBJECT_0) {
        WSANETWORKEVENTS network;
        if (WSAEnumNetworkEvents(listeners[index], events[index], &network) == 0 && !accept_one(listeners[index]))
          left--;
      }
    }
    first++;
  }
  return 0;
}

int main(int argc, char **argv) {
  WSADATA data;
  int index;
  USHORT port = (USHORT)(argc > 1 ? atoi(argv[1]) : 0);
  BOOL is_limited = argc > 3 && strcmp(argv[2], "--count") == 0;
  if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
  for (index = 0; index < WSA_MAXIMUM_WAIT_EVENTS; index++) events[index] = WSACreateEvent();
  listeners[0] = open_listener(AF_INET, &port, events[0]);
  listeners[1] = open_listener(AF_INET6, &port, events[1]);
  printf("listening on %u\n", (unsigned)port);
  fflush(stdout);
  int result = serve(is_limited ? atol(argv[3]) : 0, is_limited);
  for (index = 0; index < LISTENERS; index++) closesocket(listeners[index]);
  for (index = 0; index < WSA_MAXIMUM_WAIT_EVENTS; index++) WSACloseEvent(events[index]);
  WSACleanup();
  return result;
}
