/* A WFP redirect service for UDP, written for Windows: the first datagram of a flow brings its redirect context and
 * records as control data (WSARecvMsg); the relay gives each flow a socket of its own, hands the records on with the
 * first datagram to the destination (WSASendMsg), and sends the answers back to where the flow came from.
 *
 *   datagram_relay NAME PORT [--ipv6] [--no-set] [--count N]
 *
 * --ipv6    listen on [::1] instead of 127.0.0.1
 * --no-set  do not hand the records on
 * --count   exit after that many flows, when the last one is idle
 *
 * PORT 0 takes a free one. One line on stdout for each flow. */

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What WFPSampler's callout writes. */
struct storage_context {
  SOCKADDR_STORAGE remote;
  SOCKADDR_STORAGE local;
};

#define DATAGRAM_MAX 65536
#define CONTROL_MAX 8192
#define IDLE_MILLISECONDS 60000
#define LAST_IDLE_MILLISECONDS 500

struct flow {
  SOCKET server; /* INVALID_SOCKET: the entry is free */
  SOCKADDR_STORAGE client;
  SOCKADDR_STORAGE destination;
  BYTE records[CONTROL_MAX];
  DWORD records_size; /* 0: handed on already, or none came */
  ULONGLONG last_used;
};

static struct flow flows[FD_SETSIZE - 1];
static LPFN_WSARECVMSG receive_message;
static const char *name;
static BOOL hands_records_on = TRUE;
static int served, limit;

static int size_of(const SOCKADDR_STORAGE *address) {
  return address->ss_family == AF_INET6 ? (int)sizeof(SOCKADDR_IN6) : (int)sizeof(SOCKADDR_IN);
}

static USHORT port_of(const SOCKADDR_STORAGE *address) { return ((const SOCKADDR_IN *)address)->sin_port; }

static BOOL same(const SOCKADDR_STORAGE *a, const SOCKADDR_STORAGE *b) {
  if (a->ss_family != b->ss_family || port_of(a) != port_of(b)) return FALSE;
  if (a->ss_family == AF_INET)
    return ((const SOCKADDR_IN *)a)->sin_addr.s_addr == ((const SOCKADDR_IN *)b)->sin_addr.s_addr;
  return memcmp(&((const SOCKADDR_IN6 *)a)->sin6_addr, &((const SOCKADDR_IN6 *)b)->sin6_addr, sizeof(IN6_ADDR)) == 0;
}

static void format_address(const SOCKADDR_STORAGE *address, char *text, size_t size) {
  char host[NI_MAXHOST], port[NI_MAXSERV];
  if (getnameinfo((const struct sockaddr *)address, size_of(address), host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    snprintf(text, size, "?");
    return;
  }
  snprintf(text, size, address->ss_family == AF_INET6 ? "[%.64s]:%.8s" : "%.64s:%.8s", host, port);
}

static struct flow *flow_from(const SOCKADDR_STORAGE *client) {
  for (size_t i = 0; i < ARRAYSIZE(flows); i++)
    if (flows[i].server != INVALID_SOCKET && same(&flows[i].client, client)) return &flows[i];
  return NULL;
}

static struct flow *free_flow(void) {
  for (size_t i = 0; i < ARRAYSIZE(flows); i++)
    if (flows[i].server == INVALID_SOCKET) return &flows[i];
  return NULL;
}

/* The first datagram of a flow: where it was meant to go, and the lineage to hand on. */
static struct flow *begin_flow(const SOCKADDR_STORAGE *client, WSAMSG *message) {
  struct flow *flow = free_flow();
  BOOL has_context = FALSE;
  if (!flow) return NULL;
  flow->client = *client;
  flow->records_size = 0;
  for (WSACMSGHDR *header = WSA_CMSG_FIRSTHDR(message); header; header = WSA_CMSG_NXTHDR(message, header)) {
    const BYTE *data = WSA_CMSG_DATA(header);
    size_t size = header->cmsg_len - WSA_CMSG_LEN(0);
    if (header->cmsg_level != IPPROTO_IP) continue;
    if (header->cmsg_type == IP_WFP_REDIRECT_CONTEXT && size >= sizeof(struct storage_context)) {
      memcpy(&flow->destination, data, sizeof flow->destination);
      has_context = TRUE;
    } else if (header->cmsg_type == IP_WFP_REDIRECT_RECORDS && size <= sizeof flow->records) {
      memcpy(flow->records, data, size);
      flow->records_size = (DWORD)size;
    }
  }
  if (!has_context) return NULL;
  flow->server = socket(flow->destination.ss_family, SOCK_DGRAM, IPPROTO_UDP);
  if (flow->server == INVALID_SOCKET) return NULL;
  char from[80], to[80];
  format_address(client, from, sizeof from);
  format_address(&flow->destination, to, sizeof to);
  printf("%s: #%d from %s to %s, records %lu bytes\n", name, ++served, from, to, (unsigned long)flow->records_size);
  fflush(stdout);
  return flow;
}

static void send_on(struct flow *flow, char *data, DWORD size) {
  BYTE control[WSA_CMSG_SPACE(CONTROL_MAX)];
  WSABUF buffer = {.len = size, .buf = data};
  WSAMSG message;
  DWORD sent;
  ZeroMemory(&message, sizeof message);
  message.name = (struct sockaddr *)&flow->destination;
  message.namelen = size_of(&flow->destination);
  message.lpBuffers = &buffer;
  message.dwBufferCount = 1;
  if (flow->records_size && hands_records_on) {
    ZeroMemory(control, sizeof control);
    message.Control.buf = (char *)control;
    message.Control.len = (ULONG)WSA_CMSG_SPACE(flow->records_size);
    WSACMSGHDR *header = WSA_CMSG_FIRSTHDR(&message);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_WFP_REDIRECT_RECORDS;
    header->cmsg_len = WSA_CMSG_LEN(flow->records_size);
    memcpy(WSA_CMSG_DATA(header), flow->records, flow->records_size);
  }
  if (WSASendMsg(flow->server, &message, 0, &sent, NULL, NULL) != 0) {
    printf("%s: WSASendMsg failed: %d\n", name, WSAGetLastError());
    fflush(stdout);
    return;
  }
  flow->records_size = 0;
}

static void take_from_client(SOCKET listener) {
  static char data[DATAGRAM_MAX];
  static BYTE control[CONTROL_MAX];
  SOCKADDR_STORAGE client;
  WSABUF buffer = {.len = sizeof data, .buf = data};
  WSAMSG message;
  DWORD size;
  ZeroMemory(&message, sizeof message);
  message.name = (struct sockaddr *)&client;
  message.namelen = sizeof client;
  message.lpBuffers = &buffer;
  message.dwBufferCount = 1;
  message.Control.buf = (char *)control;
  message.Control.len = sizeof control;
  if (receive_message(listener, &message, &size, NULL, NULL) != 0) return;
  struct flow *flow = flow_from(&client);
  if (!flow) flow = begin_flow(&client, &message);
  if (!flow) return;
  flow->last_used = GetTickCount64();
  send_on(flow, data, size);
}

static void take_from_server(SOCKET listener, struct flow *flow) {
  static char data[DATAGRAM_MAX];
  int size = recv(flow->server, data, sizeof data, 0);
  if (size == SOCKET_ERROR) return;
  flow->last_used = GetTickCount64();
  sendto(listener, data, size, 0, (const struct sockaddr *)&flow->client, size_of(&flow->client));
}

static BOOL expire(void) {
  BOOL is_last = limit > 0 && served >= limit, any = FALSE;
  ULONGLONG now = GetTickCount64(), idle = is_last ? LAST_IDLE_MILLISECONDS : IDLE_MILLISECONDS;
  for (size_t i = 0; i < ARRAYSIZE(flows); i++) {
    if (flows[i].server == INVALID_SOCKET) continue;
    if (now - flows[i].last_used >= idle) {
      closesocket(flows[i].server);
      flows[i].server = INVALID_SOCKET;
    } else {
      any = TRUE;
    }
  }
  return any || !is_last;
}

static void serve(SOCKET listener) {
  while (expire()) {
    fd_set readable;
    struct timeval second = {0, 250000};
    int highest = (int)listener;
    FD_ZERO(&readable);
    FD_SET(listener, &readable);
    for (size_t i = 0; i < ARRAYSIZE(flows); i++) {
      if (flows[i].server == INVALID_SOCKET) continue;
      FD_SET(flows[i].server, &readable);
      if ((int)flows[i].server > highest) highest = (int)flows[i].server;
    }
    if (select(highest + 1, &readable, NULL, NULL, &second) <= 0) continue;
    if (FD_ISSET(listener, &readable)) take_from_client(listener);
    for (size_t i = 0; i < ARRAYSIZE(flows); i++)
      if (flows[i].server != INVALID_SOCKET && FD_ISSET(flows[i].server, &readable))
        take_from_server(listener, &flows[i]);
  }
}

/* The socket on which flows arrive, with both kinds of control data switched on. */
static SOCKET open_listener(BOOL is_ipv6, USHORT port) {
  SOCKADDR_STORAGE address;
  int size = sizeof address;
  GUID guid = WSAID_WSARECVMSG;
  DWORD on = 1, count;
  SOCKET listener = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, IPPROTO_UDP);
  ZeroMemory(&address, sizeof address);
  address.ss_family = is_ipv6 ? AF_INET6 : AF_INET;
  ((SOCKADDR_IN *)&address)->sin_port = htons(port); /* at the same place in both families */
  if (is_ipv6)
    ((SOCKADDR_IN6 *)&address)->sin6_addr = in6addr_loopback;
  else
    ((SOCKADDR_IN *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (const struct sockaddr *)&address, size_of(&address)) != 0 ||
      setsockopt(listener, IPPROTO_IP, IP_WFP_REDIRECT_CONTEXT, (const char *)&on, sizeof on) != 0 ||
      setsockopt(listener, IPPROTO_IP, IP_WFP_REDIRECT_RECORDS, (const char *)&on, sizeof on) != 0 ||
      WSAIoctl(listener, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof guid, &receive_message,
               sizeof receive_message, &count, NULL, NULL) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
    printf("%s: failed: %d\n", name, WSAGetLastError());
    return INVALID_SOCKET;
  }
  printf("%s: listening on %u\n", name, ntohs(port_of(&address)));
  fflush(stdout);
  return listener;
}

int main(int argc, char **argv) {
  WSADATA data;
  BOOL is_ipv6 = FALSE;
  if (argc < 3) return 2;
  name = argv[1];
  for (int i = 3; i < argc; i++) {
    if (strcmp(argv[i], "--ipv6") == 0) is_ipv6 = TRUE;
    if (strcmp(argv[i], "--no-set") == 0) hands_records_on = FALSE;
    if (strcmp(argv[i], "--count") == 0 && i + 1 < argc) limit = atoi(argv[++i]);
  }
  for (size_t i = 0; i < ARRAYSIZE(flows); i++) flows[i].server = INVALID_SOCKET;
  if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
  SOCKET listener = open_listener(is_ipv6, (USHORT)atoi(argv[2]));
  if (listener == INVALID_SOCKET) return 1;
  serve(listener);
  closesocket(listener);
  WSACleanup();
  return 0;
}
