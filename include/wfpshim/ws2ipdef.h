/* Internet addresses and the options of the IPv4 and IPv6 levels. */
#ifndef WFPSHIM_WS2IPDEF_H
#define WFPSHIM_WS2IPDEF_H

#include "ws2def.h"

typedef struct in6_addr {
  union {
    UCHAR Byte[16];
    USHORT Word[8];
  } u;
} IN6_ADDR, *PIN6_ADDR, *LPIN6_ADDR;
#define s6_addr u.Byte
#define s6_bytes u.Byte
#define s6_words u.Word

typedef union _SCOPE_ID {
  ULONG Value;
} SCOPE_ID, *PSCOPE_ID;

typedef struct sockaddr_in6 {
  ADDRESS_FAMILY sin6_family;
  USHORT sin6_port;
  ULONG sin6_flowinfo;
  IN6_ADDR sin6_addr;
  union {
    ULONG sin6_scope_id;
    SCOPE_ID sin6_scope_struct;
  };
} SOCKADDR_IN6, *PSOCKADDR_IN6, *LPSOCKADDR_IN6, SOCKADDR_IN6_LH, *PSOCKADDR_IN6_LH;

typedef union _SOCKADDR_INET {
  SOCKADDR_IN Ipv4;
  SOCKADDR_IN6 Ipv6;
  ADDRESS_FAMILY si_family;
} SOCKADDR_INET, *PSOCKADDR_INET;

/* SIO_GET_INTERFACE_LIST's entry; the flags are net/if.h's IFF_ bits. */
struct sockaddr_in6_old {
  SHORT sin6_family;
  USHORT sin6_port;
  ULONG sin6_flowinfo;
  IN6_ADDR sin6_addr;
};
typedef union sockaddr_gen {
  struct sockaddr Address;
  struct sockaddr_in AddressIn;
  struct sockaddr_in6_old AddressIn6;
} sockaddr_gen;
typedef struct _INTERFACE_INFO {
  ULONG iiFlags;
  sockaddr_gen iiAddress;
  sockaddr_gen iiBroadcastAddress;
  sockaddr_gen iiNetmask;
} INTERFACE_INFO, *LPINTERFACE_INFO;

typedef struct ip_mreq {
  IN_ADDR imr_multiaddr;
  IN_ADDR imr_interface;
} IP_MREQ, *PIP_MREQ;

typedef struct ipv6_mreq {
  IN6_ADDR ipv6mr_multiaddr;
  ULONG ipv6mr_interface;
} IPV6_MREQ, *PIPV6_MREQ;

#define IN4ADDR_ANY 0x00000000u
#define IN4ADDR_LOOPBACK 0x0100007fu /* network order */
#define IN4ADDR_BROADCAST 0xffffffffu
#undef IN6ADDR_ANY_INIT
#undef IN6ADDR_LOOPBACK_INIT
#define IN6ADDR_ANY_INIT                                 \
  {                                                      \
    {                                                    \
      { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } \
    }                                                    \
  }
#define IN6ADDR_LOOPBACK_INIT                            \
  {                                                      \
    {                                                    \
      { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } \
    }                                                    \
  }

static const IN6_ADDR ws2_in6addr_any __attribute__((__unused__)) = IN6ADDR_ANY_INIT;
static const IN6_ADDR ws2_in6addr_loopback __attribute__((__unused__)) = IN6ADDR_LOOPBACK_INIT;
#define in6addr_any ws2_in6addr_any
#define in6addr_loopback ws2_in6addr_loopback

/* Linux's number, which a strict mode of glibc's <netinet/in.h> hides. */
#if !defined(IP_UNICAST_IF)
#define IP_UNICAST_IF 50
#endif
#if !defined(IPV6_UNICAST_IF)
#define IPV6_UNICAST_IF 76
#endif

/* Windows' numbers, which name other options in Linux's IPv6 level: SPEC S8.2. */
#define IP_WFP_REDIRECT_RECORDS 60
#define IP_WFP_REDIRECT_CONTEXT 70
#define IPV6_WFP_REDIRECT_RECORDS 60
#define IPV6_WFP_REDIRECT_CONTEXT 70

static inline BOOLEAN IN6_ADDR_EQUAL(const IN6_ADDR *a, const IN6_ADDR *b) {
  return (BOOLEAN)(memcmp(a, b, sizeof(IN6_ADDR)) == 0);
}
#define IN6_ARE_ADDR_EQUAL IN6_ADDR_EQUAL
static inline BOOLEAN IN6_IS_ADDR_UNSPECIFIED(const IN6_ADDR *a) { return IN6_ADDR_EQUAL(a, &in6addr_any); }
static inline BOOLEAN IN6_IS_ADDR_LOOPBACK(const IN6_ADDR *a) { return IN6_ADDR_EQUAL(a, &in6addr_loopback); }
static inline BOOLEAN IN6_IS_ADDR_MULTICAST(const IN6_ADDR *a) { return (BOOLEAN)(a->s6_bytes[0] == 0xff); }
static inline BOOLEAN IN6_IS_ADDR_LINKLOCAL(const IN6_ADDR *a) {
  return (BOOLEAN)(a->s6_bytes[0] == 0xfe && (a->s6_bytes[1] & 0xc0) == 0x80);
}
static inline BOOLEAN IN6_IS_ADDR_SITELOCAL(const IN6_ADDR *a) {
  return (BOOLEAN)(a->s6_bytes[0] == 0xfe && (a->s6_bytes[1] & 0xc0) == 0xc0);
}
static inline BOOLEAN IN6_IS_ADDR_V4MAPPED(const IN6_ADDR *a) {
  static const UCHAR prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return (BOOLEAN)(memcmp(a, prefix, sizeof prefix) == 0);
}
static inline BOOLEAN IN4_IS_ADDR_LOOPBACK(const IN_ADDR *a) { return (BOOLEAN)(a->S_un.S_un_b.s_b1 == 127); }
static inline BOOLEAN IN4_IS_ADDR_UNSPECIFIED(const IN_ADDR *a) { return (BOOLEAN)(a->s_addr == IN4ADDR_ANY); }
static inline BOOLEAN IN4_ADDR_EQUAL(const IN_ADDR *a, const IN_ADDR *b) { return (BOOLEAN)(a->s_addr == b->s_addr); }

WS2_STATIC_ASSERT(sizeof(IN6_ADDR) == 16 && sizeof(SOCKADDR_IN6) == 28, "SOCKADDR_IN6");
WS2_STATIC_ASSERT(sizeof(INTERFACE_INFO) == 76, "INTERFACE_INFO");
WS2_STATIC_ASSERT(sizeof(SOCKADDR_INET) == 28, "SOCKADDR_INET");

#endif
