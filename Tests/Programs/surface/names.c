// Addresses as text, names, and byte order.
#include "surface.h"

CALL(getaddrinfo)
SUCCESS(getaddrinfo) {
  ADDRINFOA hints = {0}, *found = NULL;
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  CHECK(getaddrinfo("127.0.0.1", "80", &hints, &found) == 0 && found->ai_family == AF_INET && found->ai_addrlen == 16);
  CHECK(((struct sockaddr_in *)found->ai_addr)->sin_port == htons(80));
  freeaddrinfo(found);
  DONE;
}
FAILURE(getaddrinfo) {
  ADDRINFOA hints = {0}, *found = NULL;
  hints.ai_flags = AI_NUMERICHOST;
  CHECK(getaddrinfo("not.a.number", NULL, &hints, &found) == WSAHOST_NOT_FOUND);
  hints.ai_family = 999;
  CHECK(getaddrinfo("127.0.0.1", NULL, &hints, &found) == WSAEAFNOSUPPORT);
  DONE;
}

SURE_CALL(freeaddrinfo, "it returns nothing")
SUCCESS(freeaddrinfo) { return success_getaddrinfo(); }

SURE_CALL(inet_ntoa, "each address has a text")
SUCCESS(inet_ntoa) {
  struct in_addr address;
  address.s_addr = htonl(0xc0000207);
  CHECK(strcmp(inet_ntoa(address), "192.0.2.7") == 0);
  DONE;
}

CALL(inet_pton)
SUCCESS(inet_pton) {
  struct in6_addr address;
  CHECK(inet_pton(AF_INET6, "::1", &address) == 1 && memcmp(&address, &in6addr_loopback, sizeof address) == 0);
  DONE;
}
FAILURE(inet_pton) {
  struct in6_addr address;
  CHECK(inet_pton(AF_INET6, "1.2.3", &address) == 0);
  SOCKET_FAILS(inet_pton(999, "::1", &address) == -1, WSAEAFNOSUPPORT);
  DONE;
}

CALL(inet_ntop)
SUCCESS(inet_ntop) {
  char text[64];
  CHECK(inet_ntop(AF_INET6, (void *)&in6addr_loopback, text, sizeof text) == text && strcmp(text, "::1") == 0);
  DONE;
}
FAILURE(inet_ntop) {
  char text[64];
  FAILS(inet_ntop(AF_INET6, (void *)&in6addr_loopback, text, 2) == NULL, ERROR_INVALID_PARAMETER);
  SOCKET_FAILS(inet_ntop(999, (void *)&in6addr_loopback, text, sizeof text) == NULL, WSAEAFNOSUPPORT);
  DONE;
}

CALL(InetNtopW)
SUCCESS(InetNtopW) {
  WCHAR text[64];
  CHECK(InetNtopW(AF_INET6, (void *)&in6addr_loopback, text, 64) == text);
  CHECK(text[0] == ':' && text[1] == ':' && text[2] == '1' && text[3] == 0);
  DONE;
}
FAILURE(InetNtopW) {
  WCHAR text[64];
  SOCKET_FAILS(InetNtopW(999, (void *)&in6addr_loopback, text, 64) == NULL, WSAEAFNOSUPPORT);
  DONE;
}

CALL(WSAAddressToStringA)
SUCCESS(WSAAddressToStringA) {
  char text[64];
  DWORD length = sizeof text;
  struct sockaddr_in address = {0};
  address.sin_family = AF_INET;
  address.sin_port = htons(80);
  address.sin_addr.s_addr = htonl(0xc0000207);
  CHECK(WSAAddressToStringA((struct sockaddr *)&address, sizeof address, NULL, text, &length) == 0);
  CHECK(strcmp(text, "192.0.2.7:80") == 0 && length == sizeof "192.0.2.7:80");
  DONE;
}
FAILURE(WSAAddressToStringA) {
  char text[64];
  DWORD length = 3;
  struct sockaddr_in address = {0};
  address.sin_family = AF_INET;
  SOCKET_FAILS(WSAAddressToStringA((struct sockaddr *)&address, sizeof address, NULL, text, &length) == SOCKET_ERROR,
               WSAEFAULT);
  CHECK(length == sizeof "0.0.0.0");
  DONE;
}

CALL(WSADuplicateSocketW)
SUCCESS(WSADuplicateSocketW) {
  WSAPROTOCOL_INFOW about;
  SOCKET pair[2], second;
  char byte;
  connected_pair(pair);
  CHECK(WSADuplicateSocketW(pair[1], GetCurrentProcessId(), &about) == 0);
  second = WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &about, 0, WSA_FLAG_OVERLAPPED);
  CHECK(second != INVALID_SOCKET && closesocket(pair[1]) == 0);
  CHECK(send(pair[0], "x", 1, 0) == 1 && recv(second, &byte, 1, 0) == 1);
  pair[1] = second;
  close_pair(pair);
  DONE;
}
FAILURE(WSADuplicateSocketW) {
  WSAPROTOCOL_INFOW about;
  SOCKET_FAILS(WSADuplicateSocketW(INVALID_SOCKET, GetCurrentProcessId(), &about) == SOCKET_ERROR, WSAENOTSOCK);
  DONE;
}

SURE_CALL(htonl, "each number has one")
SUCCESS(htonl) {
  const unsigned char bytes[4] = {1, 2, 3, 4};
  u_long number = htonl(0x01020304);
  CHECK(memcmp(&number, bytes, 4) == 0);
  DONE;
}
SURE_CALL(htons, "each number has one")
SUCCESS(htons) {
  const unsigned char bytes[2] = {1, 2};
  u_short number = htons(0x0102);
  CHECK(memcmp(&number, bytes, 2) == 0);
  DONE;
}
SURE_CALL(ntohs, "each number has one")
SUCCESS(ntohs) {
  CHECK(ntohs(htons(0x0102)) == 0x0102);
  DONE;
}
