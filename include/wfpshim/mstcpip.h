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

/* The pages' types of the codes that this library does not know (WSAEOPNOTSUPP). */
typedef struct _INET_PORT_RANGE {
  USHORT StartPort; /* network order */
  USHORT NumberOfPorts;
} INET_PORT_RANGE, *PINET_PORT_RANGE, INET_PORT_RESERVATION, *PINET_PORT_RESERVATION;
typedef struct {
  ULONG64 Token;
} INET_PORT_RESERVATION_TOKEN, *PINET_PORT_RESERVATION_TOKEN;
typedef struct {
  INET_PORT_RESERVATION Reservation;
  INET_PORT_RESERVATION_TOKEN Token;
} INET_PORT_RESERVATION_INSTANCE, *PINET_PORT_RESERVATION_INSTANCE;
typedef struct {
  ULONG OwningPid;
} INET_PORT_RESERVATION_INFORMATION, *PINET_PORT_RESERVATION_INFORMATION;
#define INVALID_PORT_RESERVATION_TOKEN ((ULONG64)0)

typedef enum { RCVALL_OFF, RCVALL_ON, RCVALL_SOCKETLEVELONLY, RCVALL_IPLEVEL } RCVALL_VALUE, *PRCVALL_VALUE;

#define TCP_INITIAL_RTO_UNSPECIFIED_RTT ((USHORT)-1)
#define TCP_INITIAL_RTO_UNSPECIFIED_MAX_SYN_RETRANSMISSIONS ((UCHAR)-1)
#define TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS ((UCHAR)-2)
typedef struct _TCP_INITIAL_RTO_PARAMETERS {
  USHORT Rtt; /* milliseconds */
  UCHAR MaxSynRetransmissions;
} TCP_INITIAL_RTO_PARAMETERS, *PTCP_INITIAL_RTO_PARAMETERS;

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

#include "ws2inetaddr.h"

#endif
