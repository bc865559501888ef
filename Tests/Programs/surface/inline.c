// What the headers define inline: interlocked operations, and addresses.
#include "surface.h"

#include <mstcpip.h>

#define INTERLOCKED(name, before, operand, after, returned)        \
  SURE_CALL(name, "it cannot fail")                                \
  SUCCESS(name) {                                                  \
    volatile LONG value = before;                                  \
    CHECK(name(&value operand) == (returned) && value == (after)); \
    DONE;                                                          \
  }
#define WITH(...) , __VA_ARGS__
INTERLOCKED(InterlockedIncrement, 4, , 5, 5)
INTERLOCKED(InterlockedDecrement, 4, , 3, 3)
INTERLOCKED(InterlockedExchange, 4, WITH(9), 9, 4)
INTERLOCKED(InterlockedOr, 4, WITH(1), 5, 4)
INTERLOCKED(InterlockedAnd, 7, WITH(5), 5, 7)
INTERLOCKED(InterlockedCompareExchange, 4, WITH(9, 4), 9, 4)
SURE_CALL(MemoryBarrier, "it returns nothing")
SUCCESS(MemoryBarrier) {
  MemoryBarrier();
  DONE;
}
SURE_CALL(RtlCopyMemory, "it returns nothing")
SUCCESS(RtlCopyMemory) {
  char to[4];
  RtlCopyMemory(to, "abc", 4);
  CHECK(strcmp(to, "abc") == 0);
  DONE;
}
SURE_CALL(SecureZeroMemory, "it returns its argument")
SUCCESS(SecureZeroMemory) {
  char bytes[4] = {1, 2, 3, 4};
  CHECK(SecureZeroMemory(bytes, 3) == bytes && bytes[2] == 0 && bytes[3] == 4);
  DONE;
}
SURE_CALL(IsEqualGUID, "they are equal or not")
SUCCESS(IsEqualGUID) {
  GUID first = WSAID_ACCEPTEX, second = WSAID_CONNECTEX, third = WSAID_ACCEPTEX;
  CHECK(IsEqualGUID(&first, &third) && !IsEqualGUID(&first, &second));
  DONE;
}
SURE_CALL(IN4ADDR_SETLOOPBACK, "it returns nothing")
SUCCESS(IN4ADDR_SETLOOPBACK) {
  SOCKADDR_IN address;
  IN4ADDR_SETLOOPBACK(&address);
  CHECK(address.sin_family == AF_INET && address.sin_addr.s_addr == htonl(INADDR_LOOPBACK) && address.sin_port == 0);
  DONE;
}
SURE_CALL(INETADDR_SETANY, "it returns nothing")
SUCCESS(INETADDR_SETANY) {
  SOCKADDR_IN6 address;
  memset(&address, 0xff, sizeof address);
  address.sin6_family = AF_INET6;
  INETADDR_SETANY((PSOCKADDR)&address);
  CHECK(memcmp(&address.sin6_addr, &in6addr_any, sizeof in6addr_any) == 0);
  DONE;
}
SURE_CALL(INETADDR_ISLOOPBACK, "it is loopback or not")
SUCCESS(INETADDR_ISLOOPBACK) {
  SOCKADDR_IN address;
  IN4ADDR_SETLOOPBACK(&address);
  CHECK(INETADDR_ISLOOPBACK((PSOCKADDR)&address));
  address.sin_addr.s_addr = htonl(0xc0000207);
  CHECK(!INETADDR_ISLOOPBACK((PSOCKADDR)&address));
  DONE;
}
SURE_CALL(IN6ADDR_SETV4MAPPED, "it returns nothing")
SUCCESS(IN6ADDR_SETV4MAPPED) {
  SOCKADDR_IN6 address;
  SCOPE_ID scope;
  struct in_addr mapped;
  char text[64];
  memset(&scope, 0, sizeof scope);
  mapped.s_addr = htonl(0xc0000207);
  IN6ADDR_SETV4MAPPED(&address, &mapped, scope, htons(80));
  CHECK(inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text) && strcmp(text, "::ffff:192.0.2.7") == 0);
  CHECK(address.sin6_port == htons(80));
  DONE;
}
SURE_CALL(INETADDR_PORT, "it only reads")
SUCCESS(INETADDR_PORT) {
  SOCKADDR_IN address;
  IN4ADDR_SETLOOPBACK(&address);
  address.sin_port = htons(80);
  CHECK(INETADDR_PORT((PSOCKADDR)&address) == htons(80));
  DONE;
}
