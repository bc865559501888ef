/* A WFP redirect service on one completion port, written for Windows: AcceptEx, a few worker threads that all wait in
 * GetQueuedCompletionStatus, ConnectEx, and WSARecv and WSASend in both directions.
 *
 *   port_relay PORT [--threads N] [--count N]
 *
 * --threads  worker threads (default 2)
 * --count    exit after that many connections
 *
 * It listens on 127.0.0.1 and [::1]; PORT 0 takes a free one. The callout writes two SOCKADDR_STORAGE into the context,
 * remote and local. */

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <mstcpip.h>
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { ACCEPT, CONNECT, RECEIVE, SEND };
enum { ROOM = 65536, NAME = sizeof(SOCKADDR_STORAGE) + 16, ACCEPTS = 16 };

struct connection;

struct operation {
  OVERLAPPED overlapped;
  enum kind kind;
  int side; /* whose socket is read; the other one is written */
  struct connection *connection;
  char buffer[ROOM];
};

struct listener {
  SOCKET socket;
  int family;
};

struct connection {
  struct connection *next;
  struct listener *listener;
  SOCKET sockets[2]; /* the client's, the one to the destination */
  LONG volatile references;
  LONG volatile failed;
  struct operation operations[2];
};

static HANDLE port;
static LPFN_ACCEPTEX accept_ex;
static LPFN_CONNECTEX connect_ex;
static struct listener listeners[2];
static CRITICAL_SECTION spares_lock;
static struct connection *spares;
static LONG volatile connections_left = -1; /* negative: no limit */
static HANDLE done;

/* Connections are used again: a new one would cost more than all that is done with it. */
static struct connection *take_spare(struct listener *listener) {
  EnterCriticalSection(&spares_lock);
  struct connection *connection = spares;
  if (connection != NULL) spares = connection->next;
  LeaveCriticalSection(&spares_lock);
  if (connection == NULL) connection = malloc(sizeof *connection);
  if (connection == NULL) return NULL;
  connection->listener = listener;
  connection->sockets[0] = connection->sockets[1] = INVALID_SOCKET;
  connection->references = 1;
  connection->failed = 0;
  return connection;
}

/* The last one who lets go closes the sockets. What failed is reset, so that both peers hear of it. */
static BOOL release(struct connection *connection) {
  int side;
  if (InterlockedDecrement(&connection->references) > 0) return FALSE;
  for (side = 0; side < 2; side++) {
    struct linger reset = {1, 0};
    if (connection->sockets[side] == INVALID_SOCKET) continue;
    if (connection->failed)
      setsockopt(connection->sockets[side], SOL_SOCKET, SO_LINGER, (const char *)&reset, sizeof reset);
    closesocket(connection->sockets[side]);
  }
  EnterCriticalSection(&spares_lock);
  connection->next = spares;
  spares = connection;
  LeaveCriticalSection(&spares_lock);
  return TRUE;
}

/* A direction of a connection has ended, and with the last one the connection. */
static void count_down(struct connection *connection) {
  if (release(connection) && connections_left > 0 && InterlockedDecrement(&connections_left) == 0) SetEvent(done);
}

/* Ends the other direction too. It looks at `failed` after it has begun something. */
static void fail(struct connection *connection) {
  InterlockedExchange(&connection->failed, 1);
  CancelIoEx((HANDLE)connection->sockets[0], NULL);
  if (connection->sockets[1] != INVALID_SOCKET) CancelIoEx((HANDLE)connection->sockets[1], NULL);
}

static struct operation *prepare(struct connection *connection, int side, enum kind kind) {
  struct operation *operation = &connection->operations[side];
  memset(&operation->overlapped, 0, sizeof operation->overlapped);
  operation->kind = kind;
  operation->side = side;
  operation->connection = connection;
  return operation;
}

static SOCKET make_socket(int family) {
  SOCKET s = WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
  if (s != INVALID_SOCKET && CreateIoCompletionPort((HANDLE)s, port, 0, 0) == NULL) {
    closesocket(s);
    return INVALID_SOCKET;
  }
  return s;
}

static BOOL start_accept(struct listener *listener) {
  struct connection *connection = take_spare(listener);
  DWORD bytes = 0;
  if (connection == NULL) return FALSE;
  struct operation *operation = prepare(connection, 0, ACCEPT);
  connection->sockets[0] = make_socket(listener->family);
  if (connection->sockets[0] != INVALID_SOCKET &&
      (accept_ex(listener->socket, connection->sockets[0], operation->buffer, 0, NAME, NAME, &bytes,
                 &operation->overlapped) ||
       WSAGetLastError() == ERROR_IO_PENDING))
    return TRUE;
  release(connection);
  return FALSE;
}

/* A socket that carries the records on, on its way to where the context says. */
static BOOL start_connect(struct connection *connection) {
  SOCKADDR_STORAGE context[2], any;
  char records[1024];
  DWORD size = 0, bytes = 0;
  SOCKET client = connection->sockets[0];
  setsockopt(client, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, (const char *)&connection->listener->socket, sizeof(SOCKET));
  if (WSAIoctl(client, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, NULL, 0, records, sizeof records, &size, NULL,
               NULL) != 0)
    return FALSE;
  if (WSAIoctl(client, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, NULL, 0, context, sizeof context, &bytes, NULL,
               NULL) != 0 ||
      bytes != sizeof context)
    return FALSE;

  SOCKET server = make_socket(context[0].ss_family);
  if (server == INVALID_SOCKET) return FALSE;
  connection->sockets[1] = server;
  if (WSAIoctl(server, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, records, size, NULL, 0, &bytes, NULL, NULL) != 0)
    return FALSE;
  int length = context[0].ss_family == AF_INET6 ? (int)sizeof(SOCKADDR_IN6) : (int)sizeof(SOCKADDR_IN);
  memset(&any, 0, sizeof any); /* ConnectEx wants a socket that is bound */
  any.ss_family = context[0].ss_family;
  if (bind(server, (const struct sockaddr *)&any, length) != 0) return FALSE;
  struct operation *operation = prepare(connection, 1, CONNECT);
  return connect_ex(server, (const struct sockaddr *)&context[0], length, NULL, 0, NULL, &operation->overlapped) ||
         WSAGetLastError() == ERROR_IO_PENDING;
}

/* Both directions end with this: one that could not go on takes the other one along. */
static void after_start(struct connection *connection, SOCKET s, BOOL has_begun) {
  if (!has_begun) {
    fail(connection);
    count_down(connection);
  } else if (connection->failed) {
    CancelIoEx((HANDLE)s, NULL);
  }
}

static void start_receive(struct connection *connection, int side) {
  struct operation *operation = prepare(connection, side, RECEIVE);
  WSABUF buffer = {ROOM, operation->buffer};
  DWORD flags = 0;
  SOCKET s = connection->sockets[side];
  int result = WSARecv(s, &buffer, 1, NULL, &flags, &operation->overlapped, NULL);
  after_start(connection, s, result == 0 || WSAGetLastError() == WSA_IO_PENDING);
}

static void start_send(struct connection *connection, int side, DWORD count) {
  struct operation *operation = prepare(connection, side, SEND);
  WSABUF buffer = {count, operation->buffer};
  SOCKET s = connection->sockets[1 - side];
  int result = WSASend(s, &buffer, 1, NULL, 0, &operation->overlapped, NULL);
  after_start(connection, s, result == 0 || WSAGetLastError() == WSA_IO_PENDING);
}

static void relay(struct connection *connection) {
  int no_delay = 1;
  setsockopt(connection->sockets[1], SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0);
  setsockopt(connection->sockets[0], IPPROTO_TCP, TCP_NODELAY, (const char *)&no_delay, sizeof no_delay);
  setsockopt(connection->sockets[1], IPPROTO_TCP, TCP_NODELAY, (const char *)&no_delay, sizeof no_delay);
  InterlockedIncrement(&connection->references);
  start_receive(connection, 0);
  start_receive(connection, 1);
}

/* One operation has ended; what comes next in its direction. */
static void advance(struct operation *operation, DWORD count, BOOL has_succeeded) {
  struct connection *connection = operation->connection;
  int side = operation->side;
  if (operation->kind == ACCEPT) {
    struct listener *listener = connection->listener;
    if (has_succeeded && !start_connect(connection)) {
      connection->failed = 1;
      count_down(connection);
    } else if (!has_succeeded) {
      release(connection);
    }
    start_accept(listener);
  } else if (!has_succeeded) {
    fail(connection);
    count_down(connection);
  } else if (operation->kind == CONNECT) {
    relay(connection);
  } else if (operation->kind == SEND) {
    start_receive(connection, side);
  } else if (count > 0) {
    start_send(connection, side, count);
  } else {
    shutdown(connection->sockets[1 - side], SD_SEND); /* the end of the stream, passed on */
    count_down(connection);
  }
}

static DWORD WINAPI work(LPVOID parameter) {
  (void)parameter;
  for (;;) {
    DWORD count = 0;
    ULONG_PTR key = 0;
    OVERLAPPED *overlapped = NULL;
    BOOL has_succeeded = GetQueuedCompletionStatus(port, &count, &key, &overlapped, INFINITE);
    if (overlapped == NULL) return 0; /* the packet that says so, or the port is gone */
    advance(CONTAINING_RECORD(overlapped, struct operation, overlapped), count, has_succeeded);
  }
}

static BOOL find(GUID identifier, void *function, DWORD size) {
  DWORD bytes = 0;
  return WSAIoctl(listeners[0].socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &identifier, sizeof identifier, function,
                  size, &bytes, NULL, NULL) == 0;
}

static BOOL open_listener(struct listener *listener, int family, USHORT *number) {
  SOCKADDR_STORAGE name;
  int length = family == AF_INET6 ? (int)sizeof(SOCKADDR_IN6) : (int)sizeof(SOCKADDR_IN);
  memset(&name, 0, sizeof name);
  name.ss_family = (USHORT)family;
  if (family == AF_INET6)
    ((struct sockaddr_in6 *)&name)->sin6_addr = in6addr_loopback;
  else
    ((struct sockaddr_in *)&name)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ((struct sockaddr_in *)&name)->sin_port = htons(*number); /* at the same place in both families */
  listener->family = family;
  listener->socket = make_socket(family);
  if (listener->socket == INVALID_SOCKET || bind(listener->socket, (struct sockaddr *)&name, length) != 0 ||
      listen(listener->socket, SOMAXCONN) != 0 || getsockname(listener->socket, (struct sockaddr *)&name, &length) != 0)
    return FALSE;
  *number = ntohs(((struct sockaddr_in *)&name)->sin_port);
  return TRUE;
}

int main(int argc, char **argv) {
  WSADATA data;
  USHORT number = (USHORT)(argc > 1 ? atoi(argv[1]) : 0);
  int index, threads = 2;
  GUID accept_identifier = WSAID_ACCEPTEX, connect_identifier = WSAID_CONNECTEX;
  for (index = 2; index + 1 < argc; index += 2) {
    if (strcmp(argv[index], "--threads") == 0) threads = atoi(argv[index + 1]);
    if (strcmp(argv[index], "--count") == 0) connections_left = atoi(argv[index + 1]);
  }
  if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
  InitializeCriticalSection(&spares_lock);
  done = CreateEventW(NULL, TRUE, FALSE, NULL);
  port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, (DWORD)threads);
  if (!open_listener(&listeners[0], AF_INET, &number) || !open_listener(&listeners[1], AF_INET6, &number) ||
      !find(accept_identifier, &accept_ex, sizeof accept_ex) ||
      !find(connect_identifier, &connect_ex, sizeof connect_ex)) {
    fprintf(stderr, "cannot listen on port %u: error %d\n", (unsigned)number, WSAGetLastError());
    return 1;
  }
  for (index = 0; index < ACCEPTS; index++)
    if (!start_accept(&listeners[0]) || !start_accept(&listeners[1])) return 1;
  printf("listening on %u\n", (unsigned)number);
  fflush(stdout);

  HANDLE *workers = calloc((size_t)threads, sizeof *workers);
  for (index = 0; index < threads; index++) workers[index] = CreateThread(NULL, 0, work, NULL, 0, NULL);
  WaitForSingleObject(done, INFINITE);
  for (index = 0; index < threads; index++) PostQueuedCompletionStatus(port, 0, 0, NULL);
  for (index = 0; index < threads; index++) WaitForSingleObject(workers[index], INFINITE);
  return WSACleanup();
}
