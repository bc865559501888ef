/* Windows Sockets 2 for programs written for Windows: link with -lws2_32. */
#ifndef WFPSHIM_WINSOCK2_H
#define WFPSHIM_WINSOCK2_H
#define _WINSOCK2API_ /* by which programs ask whether it has been read */
#if !defined(_WINSOCKAPI_)
#define _WINSOCKAPI_
#endif

#include "ws2def.h"
#include "windows.h" /* as Windows' own does */

#define WSAAPI
#define WINSOCK_VERSION MAKEWORD(2, 2)
#define INVALID_SOCKET ((SOCKET)(~(SOCKET)0))
#define SOCKET_ERROR (-1)
#define FROM_PROTOCOL_INFO (-1)

#define SD_RECEIVE 0
#define SD_SEND 1
#define SD_BOTH 2

#define WSA_FLAG_OVERLAPPED 0x01
#define WSA_FLAG_MULTIPOINT_C_ROOT 0x02
#define WSA_FLAG_MULTIPOINT_C_LEAF 0x04
#define WSA_FLAG_MULTIPOINT_D_ROOT 0x08
#define WSA_FLAG_MULTIPOINT_D_LEAF 0x10
#define WSA_FLAG_ACCESS_SYSTEM_SECURITY 0x40
#define WSA_FLAG_NO_HANDLE_INHERIT 0x80
#define WSA_FLAG_REGISTERED_IO 0x100

#define SOMAXCONN_HINT(backlog) (-(backlog))
#define MSG_PARTIAL 0x8000
#define MSG_INTERRUPT 0x10
#define ADDR_ANY INADDR_ANY
#define MAXGETHOSTSTRUCT 1024

/* Options that Linux has not are numbered as Windows numbers them. */
#define SO_DONTLINGER ((int)(~SO_LINGER))
#define SO_EXCLUSIVEADDRUSE ((int)(~SO_REUSEADDR))
#define SO_MAX_MSG_SIZE 0x2003
#define SO_CONDITIONAL_ACCEPT 0x3002
#define SO_RANDOMIZE_PORT 0x3005
#define SO_PORT_SCALABILITY 0x3006
#define SO_REUSE_UNICASTPORT 0x3007
#if !defined(SO_ORIGINAL_DST) /* <linux/netfilter_ipv4.h> has one of its own, for another level */
#define SO_ORIGINAL_DST 0x300F
#endif
#define SO_BSP_STATE 0x1009
#define SO_GROUP_ID 0x2001
#define SO_GROUP_PRIORITY 0x2002
#define PVD_CONFIG 0x3001
#define SO_PROTOCOL_INFOA 0x2004
#define SO_PROTOCOL_INFOW 0x2005
#define SO_OPENTYPE 0x7008
#define SO_SYNCHRONOUS_ALERT 0x10
#define SO_SYNCHRONOUS_NONALERT 0x20

#define CF_ACCEPT 0
#define CF_REJECT 1
#define CF_DEFER 2

#define WSA_INFINITE 0xffffffffu
#define WSA_INVALID_EVENT ((WSAEVENT)0)
#define WSA_MAXIMUM_WAIT_EVENTS 64
#define WSA_WAIT_FAILED 0xffffffffu
#define WSA_WAIT_EVENT_0 0u
#define WSA_WAIT_IO_COMPLETION 0xc0u
#define WSA_WAIT_TIMEOUT 0x102u

#define FD_READ_BIT 0
#define FD_READ (1 << FD_READ_BIT)
#define FD_WRITE_BIT 1
#define FD_WRITE (1 << FD_WRITE_BIT)
#define FD_OOB_BIT 2
#define FD_OOB (1 << FD_OOB_BIT)
#define FD_ACCEPT_BIT 3
#define FD_ACCEPT (1 << FD_ACCEPT_BIT)
#define FD_CONNECT_BIT 4
#define FD_CONNECT (1 << FD_CONNECT_BIT)
#define FD_CLOSE_BIT 5
#define FD_CLOSE (1 << FD_CLOSE_BIT)
#define FD_QOS_BIT 6
#define FD_QOS (1 << FD_QOS_BIT)
#define FD_GROUP_QOS_BIT 7
#define FD_GROUP_QOS (1 << FD_GROUP_QOS_BIT)
#define FD_ROUTING_INTERFACE_CHANGE_BIT 8
#define FD_ROUTING_INTERFACE_CHANGE (1 << FD_ROUTING_INTERFACE_CHANGE_BIT)
#define FD_ADDRESS_LIST_CHANGE_BIT 9
#define FD_ADDRESS_LIST_CHANGE (1 << FD_ADDRESS_LIST_CHANGE_BIT)
#define FD_MAX_EVENTS 10
#define FD_ALL_EVENTS ((1 << FD_MAX_EVENTS) - 1)

#if !defined(FD_SETSIZE)
#define FD_SETSIZE 64
#endif

typedef unsigned int GROUP;
typedef HANDLE WSAEVENT, *LPWSAEVENT;
typedef OVERLAPPED WSAOVERLAPPED, *LPWSAOVERLAPPED;
typedef struct timeval TIMEVAL, *PTIMEVAL, *LPTIMEVAL;
typedef struct linger LINGER, *PLINGER, *LPLINGER;
typedef struct hostent HOSTENT, *PHOSTENT, *LPHOSTENT;
typedef struct servent SERVENT, *PSERVENT, *LPSERVENT;

/* An array of sockets, not a bit mask: a select() on it looks at the first fd_count of them. */
typedef struct fd_set {
  u_int fd_count;
  SOCKET fd_array[FD_SETSIZE];
} fd_set, FD_SET, *PFD_SET, *LPFD_SET;

/* What WSAEnumNetworkEvents tells: FD_ bits, and for each of them the error by its _BIT. */
typedef struct _WSANETWORKEVENTS {
  LONG lNetworkEvents;
  int iErrorCode[FD_MAX_EVENTS];
} WSANETWORKEVENTS, *LPWSANETWORKEVENTS;

/* WSAPoll's entry; `events` and `revents` have poll.h's bits. */
typedef struct pollfd {
  SOCKET fd;
  SHORT events;
  SHORT revents;
} WSAPOLLFD, *PWSAPOLLFD, *LPWSAPOLLFD;

#define WSADESCRIPTION_LEN 256
#define WSASYS_STATUS_LEN 128
typedef struct WSAData {
  WORD wVersion;
  WORD wHighVersion;
  unsigned short iMaxSockets;
  unsigned short iMaxUdpDg;
  char *lpVendorInfo;
  char szDescription[WSADESCRIPTION_LEN + 1];
  char szSystemStatus[WSASYS_STATUS_LEN + 1];
} WSADATA, *LPWSADATA;

#define MAX_PROTOCOL_CHAIN 7
#define WSAPROTOCOL_LEN 255

typedef struct _WSAPROTOCOLCHAIN {
  int ChainLen;
  DWORD ChainEntries[MAX_PROTOCOL_CHAIN];
} WSAPROTOCOLCHAIN, *LPWSAPROTOCOLCHAIN;

#define WS2_PROTOCOL_INFO(character) \
  DWORD dwServiceFlags1;             \
  DWORD dwServiceFlags2;             \
  DWORD dwServiceFlags3;             \
  DWORD dwServiceFlags4;             \
  DWORD dwProviderFlags;             \
  GUID ProviderId;                   \
  DWORD dwCatalogEntryId;            \
  WSAPROTOCOLCHAIN ProtocolChain;    \
  int iVersion;                      \
  int iAddressFamily;                \
  int iMaxSockAddr;                  \
  int iMinSockAddr;                  \
  int iSocketType;                   \
  int iProtocol;                     \
  int iProtocolMaxOffset;            \
  int iNetworkByteOrder;             \
  int iSecurityScheme;               \
  DWORD dwMessageSize;               \
  DWORD dwProviderReserved;          \
  character szProtocol[WSAPROTOCOL_LEN + 1];

typedef struct _WSAPROTOCOL_INFOA {
  WS2_PROTOCOL_INFO(CHAR)
} WSAPROTOCOL_INFOA, *LPWSAPROTOCOL_INFOA;
typedef struct _WSAPROTOCOL_INFOW {
  WS2_PROTOCOL_INFO(WCHAR)
} WSAPROTOCOL_INFOW, *LPWSAPROTOCOL_INFOW;

typedef struct _QualityOfService *LPQOS; /* no quality of service here: NULL */

typedef void(CALLBACK *LPWSAOVERLAPPED_COMPLETION_ROUTINE)(DWORD dwError, DWORD cbTransferred,
                                                           LPWSAOVERLAPPED lpOverlapped, DWORD dwFlags);
typedef int(CALLBACK *LPCONDITIONPROC)(LPWSABUF lpCallerId, LPWSABUF lpCallerData, LPQOS lpSQOS, LPQOS lpGQOS,
                                       LPWSABUF lpCalleeId, LPWSABUF lpCalleeData, GROUP *g, DWORD_PTR dwCallbackData);

#include "ws2functions.h"
#include "ws2msabi.h"
#include "ws2names.h"

#if defined(UNICODE)
#define WSASocket WSASocketW
#define SO_PROTOCOL_INFO SO_PROTOCOL_INFOW
#define WSAPROTOCOL_INFO WSAPROTOCOL_INFOW
#define LPWSAPROTOCOL_INFO LPWSAPROTOCOL_INFOW
#else
#define WSASocket WSASocketA
#define SO_PROTOCOL_INFO SO_PROTOCOL_INFOA
#define WSAPROTOCOL_INFO WSAPROTOCOL_INFOA
#define LPWSAPROTOCOL_INFO LPWSAPROTOCOL_INFOA
#endif

#undef h_errno
#define h_errno WSAGetLastError()

#define FD_ZERO(set) ((void)((set)->fd_count = 0))
#define FD_ISSET(socket, set) ws2_fd_isset((SOCKET)(socket), (const fd_set *)(set))
#define FD_SET(socket, set) ws2_fd_add((SOCKET)(socket), (set))
#define FD_CLR(socket, set) ws2_fd_remove((SOCKET)(socket), (set))

static inline int ws2_fd_isset(SOCKET s, const fd_set *set) {
  for (u_int i = 0; i < set->fd_count; i++)
    if (set->fd_array[i] == s) return 1;
  return 0;
}

static inline void ws2_fd_add(SOCKET s, fd_set *set) {
  if (!ws2_fd_isset(s, set) && set->fd_count < FD_SETSIZE) set->fd_array[set->fd_count++] = s;
}

static inline void ws2_fd_remove(SOCKET s, fd_set *set) {
  u_int kept = 0;
  for (u_int i = 0; i < set->fd_count; i++)
    if (set->fd_array[i] != s) set->fd_array[kept++] = set->fd_array[i];
  set->fd_count = kept;
}

WS2_STATIC_ASSERT(sizeof(WSADATA) == 408 || sizeof(void *) != 8, "WSADATA");
WS2_STATIC_ASSERT(sizeof(WSAOVERLAPPED) == 32 || sizeof(void *) != 8, "WSAOVERLAPPED");
WS2_STATIC_ASSERT(offsetof(fd_set, fd_array) == sizeof(SOCKET), "fd_set");
WS2_STATIC_ASSERT(sizeof(WSANETWORKEVENTS) == 44 && sizeof(WSAPOLLFD) == sizeof(SOCKET) + 8, "WSANETWORKEVENTS");
WS2_STATIC_ASSERT(sizeof(WSAPROTOCOL_INFOA) == 372 && sizeof(WSAPROTOCOL_INFOW) == 628, "WSAPROTOCOL_INFO");

#endif
