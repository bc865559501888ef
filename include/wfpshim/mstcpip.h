/* Microsoft's TCP/IP control codes, the three of the connection redirect among them, and address helpers. */
#ifndef WFPSHIM_MSTCPIP_H
#define WFPSHIM_MSTCPIP_H

#include "winsock2.h"
#include "ws2ipdef.h"
#include "wfp_ioctl.h" /* SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, _CONTEXT, SIO_SET_..._RECORDS */

#define SIO_RCVALL _WSAIOW(IOC_VENDOR, 1)
#define SIO_KEEPALIVE_VALS _WSAIOW(IOC_VENDOR, 4)
#define SIO_UDP_CONNRESET _WSAIOW(IOC_VENDOR, 12)
#define SIO_UDP_NETRESET _WSAIOW(IOC_VENDOR, 15)
#define SIO_LOOPBACK_FAST_PATH _WSAIOW(IOC_VENDOR, 16)
#define SIO_TCP_INITIAL_RTO _WSAIOW(IOC_VENDOR, 17)
#define SIO_TCP_INFO _WSAIORW(IOC_VENDOR, 39)
#define SIO_ACQUIRE_PORT_RESERVATION _WSAIOW(IOC_VENDOR, 100)
#define SIO_RELEASE_PORT_RESERVATION _WSAIOW(IOC_VENDOR, 101)
#define SIO_ASSOCIATE_PORT_RESERVATION _WSAIOW(IOC_VENDOR, 102)
#define SIO_SET_SECURITY _WSAIOW(IOC_VENDOR, 200)
#define SIO_QUERY_SECURITY _WSAIORW(IOC_VENDOR, 201)
#define SIO_SET_PEER_TARGET_NAME _WSAIOW(IOC_VENDOR, 202)
#define SIO_DELETE_PEER_TARGET_NAME _WSAIOW(IOC_VENDOR, 203)
#define SIO_QUERY_WFP_ALE_ENDPOINT_HANDLE _WSAIOR(IOC_VENDOR, 205)

WS2_STATIC_ASSERT(SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS == _WSAIOW(IOC_VENDOR, 220), "control code 220");
WS2_STATIC_ASSERT(SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT == _WSAIOW(IOC_VENDOR, 221), "control code 221");
WS2_STATIC_ASSERT(SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS == _WSAIOW(IOC_VENDOR, 222), "control code 222");

struct tcp_keepalive {
  ULONG onoff;
  ULONG keepalivetime;     /* milliseconds */
  ULONG keepaliveinterval; /* milliseconds */
};

typedef enum _TCPSTATE {
  TCPSTATE_CLOSED,
  TCPSTATE_LISTEN,
  TCPSTATE_SYN_SENT,
  TCPSTATE_SYN_RCVD,
  TCPSTATE_ESTABLISHED,
  TCPSTATE_FIN_WAIT_1,
  TCPSTATE_FIN_WAIT_2,
  TCPSTATE_CLOSE_WAIT,
  TCPSTATE_CLOSING,
  TCPSTATE_LAST_ACK,
  TCPSTATE_TIME_WAIT,
  TCPSTATE_MAX
} TCPSTATE;

/* SIO_TCP_INFO's answers. Where Linux keeps no such number it is 0. */
#define WS2_TCP_INFO_V0      \
  TCPSTATE State;            \
  ULONG Mss;                 \
  ULONG64 ConnectionTimeMs;  \
  BOOLEAN TimestampsEnabled; \
  ULONG RttUs;               \
  ULONG MinRttUs;            \
  ULONG BytesInFlight;       \
  ULONG Cwnd;                \
  ULONG SndWnd;              \
  ULONG RcvWnd;              \
  ULONG RcvBuf;              \
  ULONG64 BytesOut;          \
  ULONG64 BytesIn;           \
  ULONG BytesReordered;      \
  ULONG BytesRetrans;        \
  ULONG FastRetrans;         \
  ULONG DupAcksIn;           \
  ULONG TimeoutEpisodes;     \
  UCHAR SynRetrans;
typedef struct _TCP_INFO_v0 {
  WS2_TCP_INFO_V0
} TCP_INFO_v0, *PTCP_INFO_v0;
typedef struct _TCP_INFO_v1 {
  WS2_TCP_INFO_V0
  ULONG SndLimTransRwin;
  ULONG SndLimTimeRwin;
  ULONG64 SndLimBytesRwin;
  ULONG SndLimTransCwnd;
  ULONG SndLimTimeCwnd;
  ULONG64 SndLimBytesCwnd;
  ULONG SndLimTransSnd;
  ULONG SndLimTimeSnd;
  ULONG64 SndLimBytesSnd;
} TCP_INFO_v1, *PTCP_INFO_v1;
WS2_STATIC_ASSERT(sizeof(TCP_INFO_v0) == 88 && sizeof(TCP_INFO_v1) == 136, "TCP_INFO");

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

#endif
