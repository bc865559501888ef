/* A WFP redirect service, written for Windows: it accepts connections that its callout has redirected to it, asks
 * each for its redirect records and its context, hands the records on to a new socket and relays to the
 * destination that the context names.
 *
 *   redirect_service NAME PORT [--layout sockaddr_storage|packed] [--no-set] [--count N]
 *
 * --layout  what the callout writes into the context (see struct storage_context and struct packed_context)
 * --no-set  do not hand the records on: what the loop guard is for
 * --count   exit after that many connections
 *
 * PORT 0 takes a free one. One line on stdout for each connection. */

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What WFPSampler's callout writes. */
struct storage_context {
  SOCKADDR_STORAGE remote;
  SOCKADDR_STORAGE local;
};

/* The shortest layout in use: 20 bytes. */
struct packed_context {
  UCHAR ip_version;
  UCHAR zero;
  USHORT port; /* host order */
  UCHAR address[16];
};

struct service {
  const char *name;
  BOOL packed;
  BOOL hand_on_records;
  LONG limit; /* connections to serve, 0: no limit */
  CRITICAL_SECTION output;
  LONG volatile active;
  HANDLE idle; /* signalled while no connection is active */
};

struct blob {
  BYTE *bytes;
  DWORD size;
};

struct connection {
  struct service *service;
  LONG number;
  SOCKET client;
  SOCKET server;
  struct blob records;
  struct blob context;
  SOCKADDR_STORAGE destination;
};

/* One direction of a relay. */
struct pump {
  SOCKET from;
  SOCKET to;
};

static void format_address(const SOCKADDR_STORAGE *address, char *text, DWORD size) {
  char host[NI_MAXHOST], port[NI_MAXSERV];
  int length = address->ss_family == AF_INET6 ? (int)sizeof(SOCKADDR_IN6) : (int)sizeof(SOCKADDR_IN);
  if (getnameinfo((const struct sockaddr *)address, length, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    snprintf(text, size, "?");
    return;
  }
  snprintf(text, size, address->ss_family == AF_INET6 ? "[%.64s]:%.8s" : "%.64s:%.8s", host, port);
}

static void report(struct connection *connection, const char *state, int error) {
  SOCKADDR_STORAGE peer;
  int length = sizeof peer;
  char app[96] = "?", destination[96] = "?", reason[32] = "";
  if (getpeername(connection->client, (struct sockaddr *)&peer, &length) == 0) format_address(&peer, app, sizeof app);
  if (connection->destination.ss_family != 0) format_address(&connection->destination, destination, sizeof destination);
  if (error != 0) snprintf(reason, sizeof reason, ", error %d", error);

  EnterCriticalSection(&connection->service->output);
  printf("%s: #%d %s->%s records=%u bytes context=%u bytes %s%s\n", connection->service->name, (int)connection->number,
         app, destination, (unsigned)connection->records.size, (unsigned)connection->context.size, state, reason);
  fflush(stdout);
  LeaveCriticalSection(&connection->service->output);
}

/* Asks for the size first, then for the blob. Returns 0 or the error. */
static int query_probing(SOCKET s, DWORD code, struct blob *blob) {
  DWORD size = 0;
  if (WSAIoctl(s, code, NULL, 0, NULL, 0, &size, NULL, NULL) == 0) return WSAEINVAL;
  int error = WSAGetLastError();
  if (error != ERROR_INSUFFICIENT_BUFFER) return error;

  BYTE *bytes = malloc(size);
  if (bytes == NULL) return WSAENOBUFS;
  if (WSAIoctl(s, code, NULL, 0, bytes, size, &size, NULL, NULL) == SOCKET_ERROR) {
    error = WSAGetLastError();
    free(bytes);
    return error;
  }
  blob->bytes = bytes;
  blob->size = size;
  return 0;
}

/* Starts with a buffer that is mostly large enough and grows it. Returns 0 or the error. */
static int query_growing(SOCKET s, DWORD code, struct blob *blob) {
  DWORD room = 128;
  for (;;) {
    BYTE *bytes = malloc(room);
    DWORD size = 0;
    if (bytes == NULL) return WSAENOBUFS;
    if (WSAIoctl(s, code, NULL, 0, bytes, room, &size, NULL, NULL) == 0) {
      blob->bytes = bytes;
      blob->size = size;
      return 0;
    }
    int error = WSAGetLastError();
    free(bytes);
    if ((error != ERROR_INSUFFICIENT_BUFFER && error != WSAEFAULT) || size <= room) return error;
    room = size;
  }
}

static BOOL read_storage_context(const struct blob *blob, SOCKADDR_STORAGE *destination) {
  struct storage_context context;
  if (blob->size < sizeof context) return FALSE;
  memcpy(&context, blob->bytes, sizeof context);
  *destination = context.remote;
  return destination->ss_family == AF_INET || destination->ss_family == AF_INET6;
}

static BOOL read_packed_context(const struct blob *blob, SOCKADDR_STORAGE *destination) {
  struct packed_context context;
  if (blob->size < sizeof context) return FALSE;
  memcpy(&context, blob->bytes, sizeof context);
  memset(destination, 0, sizeof *destination);
  if (context.ip_version == 4) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)destination;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(context.port);
    memcpy(&v4->sin_addr, context.address, sizeof v4->sin_addr);
    return TRUE;
  }
  if (context.ip_version == 6) {
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)destination;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(context.port);
    memcpy(&v6->sin6_addr, context.address, sizeof v6->sin6_addr);
    return TRUE;
  }
  return FALSE;
}

static BOOL send_all(SOCKET s, const char *bytes, int count) {
  while (count > 0) {
    int sent = send(s, bytes, count, 0);
    if (sent == SOCKET_ERROR) return FALSE;
    bytes += sent;
    count -= sent;
  }
  return TRUE;
}

/* Moves bytes until the sender closes, and passes the close on; after an error both sides are done. */
static DWORD WINAPI run_pump(LPVOID parameter) {
  struct pump *pump = parameter;
  char buffer[32768];
  for (;;) {
    int count = recv(pump->from, buffer, sizeof buffer, 0);
    if (count == 0) {
      shutdown(pump->to, SD_SEND);
      return 0;
    }
    if (count == SOCKET_ERROR || !send_all(pump->to, buffer, count)) {
      shutdown(pump->from, SD_BOTH);
      shutdown(pump->to, SD_BOTH);
      return 1;
    }
  }
}

static void relay(struct connection *connection) {
  struct pump up = {connection->client, connection->server};
  struct pump down = {connection->server, connection->client};
  HANDLE thread = CreateThread(NULL, 0, run_pump, &up, 0, NULL);
  if (thread == NULL) return;
  run_pump(&down);
  WaitForSingleObject(thread, INFINITE);
  CloseHandle(thread);
}

/* A socket to the destination that carries the records on. Returns 0 or the error. */
static int connect_onward(struct connection *connection, const char **step) {
  const SOCKADDR_STORAGE *destination = &connection->destination;
  int family = destination->ss_family;
  SOCKET s = WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
  *step = "no socket";
  if (s == INVALID_SOCKET) return WSAGetLastError();
  connection->server = s;

  if (family == AF_INET6) {
    DWORD off = 0; /* the destination may be an IPv4-mapped one */
    setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, (const char *)&off, sizeof off);
  }
  if (connection->service->hand_on_records) {
    DWORD size = 0;
    *step = "records not set";
    if (WSAIoctl(s, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, connection->records.bytes, connection->records.size, NULL,
                 0, &size, NULL, NULL) == SOCKET_ERROR)
      return WSAGetLastError();
  }
  *step = "not connected";
  int length = family == AF_INET6 ? (int)sizeof(SOCKADDR_IN6) : (int)sizeof(SOCKADDR_IN);
  if (connect(s, (const struct sockaddr *)destination, length) == SOCKET_ERROR) return WSAGetLastError();
  return 0;
}

/* Everything from the accepted socket to the one that is connected onward. Returns 0 or the error. */
static int prepare(struct connection *connection, const char **step) {
  int error;
  *step = "no records";
  error = query_probing(connection->client, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, &connection->records);
  if (error != 0) return error;
  *step = "no context";
  error = query_growing(connection->client, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, &connection->context);
  if (error != 0) return error;
  *step = "context not understood";
  if (!(connection->service->packed ? read_packed_context(&connection->context, &connection->destination)
                                    : read_storage_context(&connection->context, &connection->destination)))
    return WSAEINVAL;
  return connect_onward(connection, step);
}

static DWORD WINAPI serve(LPVOID parameter) {
  struct connection *connection = parameter;
  struct service *service = connection->service;
  const char *step;
  int error = prepare(connection, &step);
  report(connection, error == 0 ? "relaying" : step, error);
  if (error == 0) relay(connection);

  if (connection->server != INVALID_SOCKET) closesocket(connection->server);
  closesocket(connection->client);
  free(connection->records.bytes);
  free(connection->context.bytes);
  free(connection);
  if (InterlockedDecrement(&service->active) == 0) SetEvent(service->idle);
  return 0;
}

/* Hands one accepted connection to a thread of its own. */
static BOOL start_serving(struct service *service, SOCKET client, LONG number) {
  struct connection *connection = calloc(1, sizeof *connection);
  if (connection == NULL) return FALSE;
  connection->service = service;
  connection->number = number;
  connection->client = client;
  connection->server = INVALID_SOCKET;
  if (InterlockedIncrement(&service->active) == 1) ResetEvent(service->idle);
  HANDLE thread = CreateThread(NULL, 0, serve, connection, 0, NULL);
  if (thread == NULL) {
    if (InterlockedDecrement(&service->active) == 0) SetEvent(service->idle);
    free(connection);
    return FALSE;
  }
  CloseHandle(thread);
  return TRUE;
}

/* Listens on the loopback address of the family. *port 0: takes a free one and says which. */
static SOCKET open_listener(int family, USHORT *port) {
  SOCKADDR_STORAGE address;
  int length = family == AF_INET6 ? (int)sizeof(SOCKADDR_IN6) : (int)sizeof(SOCKADDR_IN);
  u_long non_blocking = 1;
  memset(&address, 0, sizeof address);
  address.ss_family = (USHORT)family;
  if (family == AF_INET6)
    ((struct sockaddr_in6 *)&address)->sin6_addr = in6addr_loopback;
  else
    ((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ((struct sockaddr_in *)&address)->sin_port = htons(*port); /* at the same place in both families */

  SOCKET listener = WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
  if (listener == INVALID_SOCKET) return INVALID_SOCKET;
  if (bind(listener, (struct sockaddr *)&address, length) == SOCKET_ERROR ||
      listen(listener, SOMAXCONN) == SOCKET_ERROR || ioctlsocket(listener, FIONBIO, &non_blocking) == SOCKET_ERROR ||
      getsockname(listener, (struct sockaddr *)&address, &length) == SOCKET_ERROR) {
    fprintf(stderr, "cannot listen on port %u: error %d\n", (unsigned)*port, WSAGetLastError());
    closesocket(listener);
    return INVALID_SOCKET;
  }
  *port = ntohs(((struct sockaddr_in *)&address)->sin_port);
  return listener;
}

/* Accepts what is there. False when the listener is of no more use. */
static BOOL accept_waiting(struct service *service, SOCKET listener, LONG *accepted) {
  u_long blocking = 0;
  SOCKET client = accept(listener, NULL, NULL);
  if (client == INVALID_SOCKET) {
    int error = WSAGetLastError();
    return error == WSAEWOULDBLOCK || error == WSAECONNRESET || error == WSAECONNABORTED || error == WSAEMFILE ||
           error == WSAENOBUFS;
  }
  ioctlsocket(client, FIONBIO, &blocking); /* it has the listener's mode */
  *accepted += 1;
  if (!start_serving(service, client, *accepted)) closesocket(client);
  return TRUE;
}

static int serve_until_done(struct service *service, const SOCKET *listeners, int count) {
  LONG accepted = 0;
  while (service->limit == 0 || accepted < service->limit) {
    fd_set readable;
    int index;
    FD_ZERO(&readable);
    for (index = 0; index < count; index++) FD_SET(listeners[index], &readable);
    if (select(0, &readable, NULL, NULL, NULL) == SOCKET_ERROR) {
      fprintf(stderr, "select: error %d\n", WSAGetLastError());
      return 1;
    }
    for (index = 0; index < count; index++) {
      if (!FD_ISSET(listeners[index], &readable) || (service->limit != 0 && accepted >= service->limit)) continue;
      if (!accept_waiting(service, listeners[index], &accepted)) {
        fprintf(stderr, "accept: error %d\n", WSAGetLastError());
        return 1;
      }
    }
  }
  WaitForSingleObject(service->idle, INFINITE);
  return 0;
}

static BOOL parse_options(struct service *service, int argc, char **argv) {
  int index;
  for (index = 3; index < argc; index++) {
    if (strcmp(argv[index], "--no-set") == 0) {
      service->hand_on_records = FALSE;
    } else if (strcmp(argv[index], "--count") == 0 && index + 1 < argc) {
      service->limit = atoi(argv[++index]);
    } else if (strcmp(argv[index], "--layout") == 0 && index + 1 < argc) {
      const char *layout = argv[++index];
      service->packed = strcmp(layout, "packed") == 0;
      if (!service->packed && strcmp(layout, "sockaddr_storage") != 0) return FALSE;
    } else {
      return FALSE;
    }
  }
  return TRUE;
}

int main(int argc, char **argv) {
  struct service service;
  SOCKET listeners[2];
  WSADATA data;
  memset(&service, 0, sizeof service);
  service.hand_on_records = TRUE;
  if (argc < 3 || !parse_options(&service, argc, argv)) {
    fprintf(stderr, "usage: %s NAME PORT [--layout sockaddr_storage|packed] [--no-set] [--count N]\n", argv[0]);
    return 2;
  }
  service.name = argv[1];
  if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
  InitializeCriticalSection(&service.output);
  service.idle = CreateEvent(NULL, TRUE, TRUE, NULL);

  USHORT port = (USHORT)atoi(argv[2]);
  listeners[0] = open_listener(AF_INET, &port);
  if (listeners[0] == INVALID_SOCKET) return 1;
  listeners[1] = open_listener(AF_INET6, &port);
  printf("%s: listening on %u\n", service.name, (unsigned)port);
  fflush(stdout);

  int result = serve_until_done(&service, listeners, listeners[1] == INVALID_SOCKET ? 1 : 2);
  closesocket(listeners[0]);
  if (listeners[1] != INVALID_SOCKET) closesocket(listeners[1]);
  CloseHandle(service.idle);
  DeleteCriticalSection(&service.output);
  WSACleanup();
  return result;
}
