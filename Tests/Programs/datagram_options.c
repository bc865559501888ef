/* IP_WFP_REDIRECT_CONTEXT and _RECORDS at both levels, as a Windows program uses them on a dual-stack server:
 *
 *   datagram_options options          what set and get say
 *   datagram_options serve LEVELS     binds [::1] and 127.0.0.1 on one socket each, switches the options on at LEVELS
 *                                     (ip, ipv6, both), says its ports, takes one datagram on each, says at which level
 *                                     its control data came, and sends the records on at IPPROTO_IPV6 */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>

#include <stdio.h>
#include <string.h>

static LPFN_WSARECVMSG receive_message;

static int set(SOCKET s, int level, int name, DWORD value, int size) {
  return setsockopt(s, level, name, (const char *)&value, size) == 0 ? 0 : WSAGetLastError();
}

static int get(SOCKET s, int level, int name) {
  DWORD value = 77;
  int size = sizeof value;
  return getsockopt(s, level, name, (char *)&value, &size) == 0 ? (int)value : -WSAGetLastError();
}

static int options(void) {
  SOCKET datagrams = socket(AF_INET6, SOCK_DGRAM, 0), stream = socket(AF_INET, SOCK_STREAM, 0);
  static const int levels[] = {IPPROTO_IP, IPPROTO_IPV6}, names[] = {IP_WFP_REDIRECT_CONTEXT, IP_WFP_REDIRECT_RECORDS};
  for (int i = 0; i < 4; i++) {
    int level = levels[i / 2], name = names[i % 2];
    printf("%d/%d: %d", level, name, get(datagrams, level, name));
    printf(" set %d", set(datagrams, level, name, 1, 4));
    printf(" get %d", get(datagrams, level, name));
    printf(" short %d", set(datagrams, level, name, 1, 3));
    printf(" stream %d", set(stream, level, name, 1, 4));
    printf(" %d", get(stream, level, name));
    printf(" off %d", set(datagrams, level, name, 0, 4));
    printf(" get %d\n", get(datagrams, level, name));
  }
  return 0;
}

static void send_records(SOCKET s, const WSACMSGHDR *records, USHORT port) {
  char control[WSA_CMSG_SPACE(4096)] = {0};
  struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  WSABUF data = {.len = 2, .buf = "on"};
  WSAMSG message = {.name = (struct sockaddr *)&to, .namelen = sizeof to, .lpBuffers = &data, .dwBufferCount = 1};
  DWORD sent;
  message.Control.buf = control;
  message.Control.len = (ULONG)WSA_CMSG_SPACE(records->cmsg_len - WSA_CMSG_LEN(0));
  memcpy(control, records, records->cmsg_len);
  ((WSACMSGHDR *)control)->cmsg_level = IPPROTO_IPV6;
  printf(" sent %d", WSASendMsg(s, &message, 0, &sent, NULL, NULL) == 0 ? (int)sent : -WSAGetLastError());
  ((WSACMSGHDR *)control)->cmsg_len -= 1; /* a blob that is cut */
  message.Control.len = (ULONG)WSA_CMSG_SPACE(records->cmsg_len - 1 - WSA_CMSG_LEN(0));
  printf(" cut %d", WSASendMsg(s, &message, 0, &sent, NULL, NULL) == 0 ? (int)sent : -WSAGetLastError());
}

static int take(SOCKET s) {
  char bytes[16], control[8192];
  struct sockaddr_storage from;
  WSABUF data = {.len = sizeof bytes, .buf = bytes};
  WSAMSG message = {.name = (struct sockaddr *)&from, .namelen = sizeof from, .lpBuffers = &data, .dwBufferCount = 1};
  DWORD size;
  message.Control.buf = control;
  message.Control.len = sizeof control;
  if (receive_message(s, &message, &size, NULL, NULL) != 0) return -WSAGetLastError();
  for (WSACMSGHDR *header = WSA_CMSG_FIRSTHDR(&message); header; header = WSA_CMSG_NXTHDR(&message, header)) {
    printf("%d/%d ", header->cmsg_level, header->cmsg_type);
    if (header->cmsg_type == IP_WFP_REDIRECT_RECORDS) send_records(s, header, htons(9));
  }
  printf("\n");
  return 0;
}

static SOCKET serve(int family, const char *levels) {
  struct sockaddr_storage address = {.ss_family = (ADDRESS_FAMILY)family};
  int size = sizeof address;
  SOCKET s = socket(family, SOCK_DGRAM, 0);
  if (family == AF_INET)
    ((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  else
    ((struct sockaddr_in6 *)&address)->sin6_addr = in6addr_loopback;
  int wants_ip = strcmp(levels, "ipv6") != 0, wants_ipv6 = strcmp(levels, "ip") != 0;
  if (bind(s, (struct sockaddr *)&address, size) != 0) return INVALID_SOCKET;
  if (wants_ip &&
      (set(s, IPPROTO_IP, IP_WFP_REDIRECT_CONTEXT, 1, 4) || set(s, IPPROTO_IP, IP_WFP_REDIRECT_RECORDS, 1, 4)))
    return INVALID_SOCKET;
  if (wants_ipv6 &&
      (set(s, IPPROTO_IPV6, IPV6_WFP_REDIRECT_CONTEXT, 1, 4) || set(s, IPPROTO_IPV6, IPV6_WFP_REDIRECT_RECORDS, 1, 4)))
    return INVALID_SOCKET;
  getsockname(s, (struct sockaddr *)&address, &size);
  printf("%u\n", ntohs(((struct sockaddr_in *)&address)->sin_port));
  fflush(stdout);
  return s;
}

int main(int argc, char **argv) {
  WSADATA data;
  GUID guid = WSAID_WSARECVMSG;
  DWORD count;
  WSAStartup(MAKEWORD(2, 2), &data);
  if (argc == 2) return options();
  SOCKET v4 = serve(AF_INET, argv[2]), v6 = serve(AF_INET6, argv[2]);
  if (v4 == INVALID_SOCKET || v6 == INVALID_SOCKET) return 3;
  WSAIoctl(v4, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof guid, &receive_message, sizeof receive_message, &count,
           NULL, NULL);
  int result = take(v4);
  return result ? result : take(v6);
}
