/* A relay on one completion port: AcceptEx with the first data, ConnectEx that sends it on, then WSARecv and WSASend in
 * both directions. Compiles for Windows as it is.
 *
 *   port_relay 4|6 ORIGIN_PORT CONNECTIONS */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { ACCEPT, CONNECT, RECEIVE, SEND };
enum { ROOM = 4096, NAME = sizeof(SOCKADDR_IN6) + 16 };

struct relay;
struct operation {
  OVERLAPPED overlapped;
  enum kind kind;
  struct relay *relay;
  int side; /* which socket was read, or whose data is sent */
  char data[ROOM + 2 * NAME];
};
struct relay {
  SOCKET sockets[2]; /* the client, the origin */
  struct operation operations[2];
  DWORD first;
  int ended;
};

static int family, origin_port;
static HANDLE port;
static SOCKET listener;
static LPFN_ACCEPTEX accept_ex;
static LPFN_CONNECTEX connect_ex;
static LPFN_GETACCEPTEXSOCKADDRS accept_names;

static void fail(const char *what) {
  printf("%s: error %d\n", what, WSAGetLastError());
  fflush(stdout);
  exit(1);
}

static void find(GUID identifier, void *function) {
  DWORD bytes = 0;
  if (WSAIoctl(listener, SIO_GET_EXTENSION_FUNCTION_POINTER, &identifier, sizeof identifier, function, sizeof(void *),
               &bytes, NULL, NULL) != 0 ||
      bytes != sizeof(void *))
    fail("extension");
}

static int make_name(SOCKADDR_STORAGE *name, int number, int is_any) {
  memset(name, 0, sizeof *name);
  if (family == AF_INET) {
    struct sockaddr_in *four = (struct sockaddr_in *)name;
    four->sin_family = AF_INET;
    four->sin_port = htons((u_short)number);
    four->sin_addr.s_addr = htonl(is_any ? INADDR_ANY : INADDR_LOOPBACK);
    return sizeof *four;
  }
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)name;
  six->sin6_family = AF_INET6;
  six->sin6_port = htons((u_short)number);
  six->sin6_addr = is_any ? in6addr_any : in6addr_loopback;
  return sizeof *six;
}

static SOCKET make_socket(void *key) {
  SOCKET s = WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
  if (s == INVALID_SOCKET) fail("socket");
  if (key != NULL && CreateIoCompletionPort((HANDLE)s, port, (ULONG_PTR)key, 0) == NULL) fail("association");
  return s;
}

static struct operation *prepare(struct relay *relay, int side, enum kind kind) {
  struct operation *operation = &relay->operations[side];
  memset(&operation->overlapped, 0, sizeof operation->overlapped);
  operation->kind = kind;
  operation->relay = relay;
  operation->side = side;
  return operation;
}

static void start_accept(void) {
  struct relay *relay = calloc(1, sizeof *relay);
  DWORD bytes = 0;
  relay->sockets[0] = make_socket(relay);
  struct operation *operation = prepare(relay, 0, ACCEPT);
  if (!accept_ex(listener, relay->sockets[0], operation->data, ROOM, NAME, NAME, &bytes, &operation->overlapped) &&
      WSAGetLastError() != ERROR_IO_PENDING)
    fail("AcceptEx");
}

static void start_connect(struct relay *relay, DWORD first) {
  SOCKADDR_STORAGE name;
  struct sockaddr *local, *remote;
  int local_size = 0, remote_size = 0;
  if (setsockopt(relay->sockets[0], SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, (char *)&listener, sizeof listener) != 0)
    fail("accept context");
  accept_names(relay->operations[0].data, ROOM, NAME, NAME, &local, &local_size, &remote, &remote_size);
  if (local->sa_family != family || remote->sa_family != family || local_size != remote_size) fail("names");
  relay->sockets[1] = make_socket(relay);
  int size = make_name(&name, 0, 1);
  if (bind(relay->sockets[1], (struct sockaddr *)&name, size) != 0) fail("bind");
  size = make_name(&name, origin_port, 0);
  DWORD bytes = 0;
  struct operation *operation = prepare(relay, 1, CONNECT);
  relay->first = first;
  if (!connect_ex(relay->sockets[1], (struct sockaddr *)&name, size, relay->operations[0].data, first, &bytes,
                  &operation->overlapped) &&
      WSAGetLastError() != ERROR_IO_PENDING)
    fail("ConnectEx");
}

static void start_receive(struct relay *relay, int side) {
  struct operation *operation = prepare(relay, side, RECEIVE);
  WSABUF buffer = {ROOM, operation->data};
  DWORD flags = 0;
  if (WSARecv(relay->sockets[side], &buffer, 1, NULL, &flags, &operation->overlapped, NULL) != 0 &&
      WSAGetLastError() != WSA_IO_PENDING)
    fail("WSARecv");
}

static int received(struct relay *relay, int side, DWORD count) {
  if (count == 0) {
    shutdown(relay->sockets[1 - side], SD_SEND);
    if (++relay->ended < 2) return 0;
    closesocket(relay->sockets[0]);
    closesocket(relay->sockets[1]);
    free(relay);
    return 1;
  }
  struct operation *operation = prepare(relay, side, SEND);
  WSABUF buffer = {count, operation->data};
  if (WSASend(relay->sockets[1 - side], &buffer, 1, NULL, 0, &operation->overlapped, NULL) != 0 &&
      WSAGetLastError() != WSA_IO_PENDING)
    fail("WSASend");
  return 0;
}

static int advance(struct operation *operation, DWORD count) {
  struct relay *relay = operation->relay;
  switch (operation->kind) {
    case ACCEPT:
      start_accept();
      start_connect(relay, count);
      return 0;
    case CONNECT:
      if (count != relay->first) fail("first data");
      if (setsockopt(relay->sockets[1], SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0) != 0) fail("connect context");
      start_receive(relay, 0);
      start_receive(relay, 1);
      return 0;
    case RECEIVE:
      return received(relay, operation->side, count);
    case SEND:
      start_receive(relay, operation->side);
      return 0;
  }
  return 0;
}

int main(int argc, char **argv) {
  WSADATA data;
  SOCKADDR_STORAGE name;
  if (argc != 4 || WSAStartup(MAKEWORD(2, 2), &data) != 0) return 2;
  family = argv[1][0] == '6' ? AF_INET6 : AF_INET;
  origin_port = atoi(argv[2]);
  port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
  listener = make_socket((void *)&listener);
  int size = make_name(&name, 0, 0);
  if (bind(listener, (struct sockaddr *)&name, size) != 0 || listen(listener, SOMAXCONN) != 0) fail("listen");
  getsockname(listener, (struct sockaddr *)&name, &size);
  GUID accept_identifier = WSAID_ACCEPTEX, connect_identifier = WSAID_CONNECTEX;
  GUID names_identifier = WSAID_GETACCEPTEXSOCKADDRS;
  find(accept_identifier, &accept_ex);
  find(connect_identifier, &connect_ex);
  find(names_identifier, &accept_names);
  for (int i = 0; i < 4; i++) start_accept();
  printf("listening %d\n", ntohs(((struct sockaddr_in *)&name)->sin_port));
  fflush(stdout);
  for (int left = atoi(argv[3]); left > 0;) {
    DWORD count = 0;
    ULONG_PTR key = 0;
    OVERLAPPED *overlapped = NULL;
    if (!GetQueuedCompletionStatus(port, &count, &key, &overlapped, 30000)) fail("completion");
    left -= advance(CONTAINING_RECORD(overlapped, struct operation, overlapped), count);
  }
  closesocket(listener);
  printf("done\n");
  return WSACleanup();
}
