/* What an address is, and making one: part of <mstcpip.h>. */
#ifndef WFPSHIM_WS2INETADDR_H
#define WFPSHIM_WS2INETADDR_H

#include "ws2ipdef.h"

static inline void IN4ADDR_SETSOCKADDR(PSOCKADDR_IN address, const IN_ADDR *host, USHORT port) {
  memset(address, 0, sizeof *address);
  address->sin_family = AF_INET;
  address->sin_port = port;
  address->sin_addr = *host;
}
static inline void IN4ADDR_SETLOOPBACK(PSOCKADDR_IN address) {
  memset(address, 0, sizeof *address);
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = IN4ADDR_LOOPBACK;
}
static inline void IN4ADDR_SETANY(PSOCKADDR_IN address) {
  memset(address, 0, sizeof *address);
  address->sin_family = AF_INET;
}
static inline BOOLEAN IN4ADDR_ISLOOPBACK(const SOCKADDR_IN *address) {
  return IN4_IS_ADDR_LOOPBACK(&address->sin_addr);
}
static inline BOOLEAN IN4ADDR_ISANY(const SOCKADDR_IN *address) { return IN4_IS_ADDR_UNSPECIFIED(&address->sin_addr); }
static inline BOOLEAN IN4ADDR_ISEQUAL(const SOCKADDR_IN *a, const SOCKADDR_IN *b) {
  return (BOOLEAN)(a->sin_port == b->sin_port && IN4_ADDR_EQUAL(&a->sin_addr, &b->sin_addr));
}

static inline void IN6ADDR_SETSOCKADDR(PSOCKADDR_IN6 address, const IN6_ADDR *host, SCOPE_ID scope, USHORT port) {
  memset(address, 0, sizeof *address);
  address->sin6_family = AF_INET6;
  address->sin6_port = port;
  address->sin6_addr = *host;
  address->sin6_scope_struct = scope;
}
static inline void IN6ADDR_SETLOOPBACK(PSOCKADDR_IN6 address) {
  memset(address, 0, sizeof *address);
  address->sin6_family = AF_INET6;
  address->sin6_addr = in6addr_loopback;
}
static inline void IN6ADDR_SETANY(PSOCKADDR_IN6 address) {
  memset(address, 0, sizeof *address);
  address->sin6_family = AF_INET6;
}
static inline BOOLEAN IN6ADDR_ISLOOPBACK(const SOCKADDR_IN6 *address) {
  return IN6_IS_ADDR_LOOPBACK(&address->sin6_addr);
}
static inline BOOLEAN IN6ADDR_ISANY(const SOCKADDR_IN6 *address) {
  return IN6_IS_ADDR_UNSPECIFIED(&address->sin6_addr);
}
static inline BOOLEAN IN6ADDR_ISEQUAL(const SOCKADDR_IN6 *a, const SOCKADDR_IN6 *b) {
  return (BOOLEAN)(a->sin6_port == b->sin6_port && a->sin6_scope_id == b->sin6_scope_id &&
                   IN6_ADDR_EQUAL(&a->sin6_addr, &b->sin6_addr));
}
static inline BOOLEAN IN6ADDR_ISV4MAPPED(const SOCKADDR_IN6 *address) {
  return IN6_IS_ADDR_V4MAPPED(&address->sin6_addr);
}
static inline void IN6ADDR_SETV4MAPPED(PSOCKADDR_IN6 address, const IN_ADDR *host, SCOPE_ID scope, USHORT port) {
  IN6_ADDR mapped = IN6ADDR_ANY_INIT;
  mapped.s6_bytes[10] = mapped.s6_bytes[11] = 0xff;
  memcpy(&mapped.s6_bytes[12], host, sizeof *host);
  IN6ADDR_SETSOCKADDR(address, &mapped, scope, port);
}

static inline void INETADDR_SETLOOPBACK(PSOCKADDR address) {
  if (address->sa_family == AF_INET6)
    IN6ADDR_SETLOOPBACK((PSOCKADDR_IN6)(void *)address);
  else
    IN4ADDR_SETLOOPBACK((PSOCKADDR_IN)(void *)address);
}
static inline void INETADDR_SETANY(PSOCKADDR address) {
  if (address->sa_family == AF_INET6)
    IN6ADDR_SETANY((PSOCKADDR_IN6)(void *)address);
  else
    IN4ADDR_SETANY((PSOCKADDR_IN)(void *)address);
}
static inline BOOLEAN INETADDR_ISLOOPBACK(const SOCKADDR *address) {
  return address->sa_family == AF_INET6 ? IN6ADDR_ISLOOPBACK((const SOCKADDR_IN6 *)(const void *)address)
                                        : IN4ADDR_ISLOOPBACK((const SOCKADDR_IN *)(const void *)address);
}
static inline BOOLEAN INETADDR_ISANY(const SOCKADDR *address) {
  return address->sa_family == AF_INET6 ? IN6ADDR_ISANY((const SOCKADDR_IN6 *)(const void *)address)
                                        : IN4ADDR_ISANY((const SOCKADDR_IN *)(const void *)address);
}
static inline BOOLEAN INETADDR_ISV4MAPPED(const SOCKADDR *address) {
  return (BOOLEAN)(address->sa_family == AF_INET6 && IN6ADDR_ISV4MAPPED((const SOCKADDR_IN6 *)(const void *)address));
}
/* Port, a 16-bit field at the same place in both families, in network order. */
static inline USHORT SS_PORT(const void *address) { return ((const SOCKADDR_IN *)address)->sin_port; }
#define INETADDR_PORT(address) SS_PORT(address)
static inline void INETADDR_SET_PORT(PSOCKADDR address, USHORT port) {
  ((PSOCKADDR_IN)(void *)address)->sin_port = port;
}

static inline BOOLEAN IN4_IS_ADDR_BROADCAST(const IN_ADDR *a) { return (BOOLEAN)(a->s_addr == IN4ADDR_BROADCAST); }
static inline BOOLEAN IN4_IS_ADDR_MULTICAST(const IN_ADDR *a) {
  return (BOOLEAN)((a->S_un.S_un_b.s_b1 & 0xf0) == 0xe0);
}
static inline BOOLEAN IN4_IS_ADDR_LINKLOCAL(const IN_ADDR *a) {
  return (BOOLEAN)(a->S_un.S_un_b.s_b1 == 169 && a->S_un.S_un_b.s_b2 == 254);
}
/* The blocks of RFC 1918. */
static inline BOOLEAN IN4_IS_ADDR_RFC1918(const IN_ADDR *a) {
  UCHAR first = a->S_un.S_un_b.s_b1, second = a->S_un.S_un_b.s_b2;
  return (BOOLEAN)(first == 10 || (first == 172 && (second & 0xf0) == 16) || (first == 192 && second == 168));
}
static inline const UCHAR *IN6_GET_ADDR_V4MAPPED(const IN6_ADDR *a) { return &a->s6_bytes[12]; }
static inline void IN6_SET_ADDR_UNSPECIFIED(PIN6_ADDR a) { memset(a, 0, sizeof *a); }
static inline void IN6_SET_ADDR_LOOPBACK(PIN6_ADDR a) { *a = in6addr_loopback; }
static inline void IN6_SET_ADDR_V4MAPPED(PIN6_ADDR a, const IN_ADDR *host) {
  memset(a, 0, sizeof *a);
  a->s6_bytes[10] = a->s6_bytes[11] = 0xff;
  memcpy(&a->s6_bytes[12], host, sizeof *host);
}
#define IN4ADDR_ISUNSPECIFIED IN4ADDR_ISANY
#define IN6ADDR_ISUNSPECIFIED IN6ADDR_ISANY
#define INETADDR_ISUNSPECIFIED INETADDR_ISANY

static inline BOOLEAN INETADDR_ISEQUAL(const SOCKADDR *a, const SOCKADDR *b) {
  if (a->sa_family != b->sa_family) return FALSE;
  return a->sa_family == AF_INET6
             ? IN6ADDR_ISEQUAL((const SOCKADDR_IN6 *)(const void *)a, (const SOCKADDR_IN6 *)(const void *)b)
             : IN4ADDR_ISEQUAL((const SOCKADDR_IN *)(const void *)a, (const SOCKADDR_IN *)(const void *)b);
}
static inline UCHAR *INETADDR_ADDRESS(const SOCKADDR *address) {
  SOCKADDR_INET *name = (SOCKADDR_INET *)(uintptr_t)address;
  return address->sa_family == AF_INET6 ? name->Ipv6.sin6_addr.s6_bytes : (UCHAR *)&name->Ipv4.sin_addr;
}
static inline SCOPE_ID INETADDR_SCOPE_ID(const SOCKADDR *address) {
  SCOPE_ID scope = {0};
  if (address->sa_family == AF_INET6) scope = ((const SOCKADDR_IN6 *)(const void *)address)->sin6_scope_struct;
  return scope;
}
static inline void INETADDR_SETSOCKADDR(ADDRESS_FAMILY family, PSOCKADDR address, const void *host, SCOPE_ID scope,
                                        USHORT port) {
  if (family == AF_INET6)
    IN6ADDR_SETSOCKADDR((PSOCKADDR_IN6)(void *)address, (const IN6_ADDR *)host, scope, port);
  else
    IN4ADDR_SETSOCKADDR((PSOCKADDR_IN)(void *)address, (const IN_ADDR *)host, port);
}

#endif
