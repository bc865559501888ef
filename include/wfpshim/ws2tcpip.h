/* Names and addresses: getaddrinfo and its kin. */
#ifndef WFPSHIM_WS2TCPIP_H
#define WFPSHIM_WS2TCPIP_H

#include "winsock2.h"
#include "ws2ipdef.h"

/* A resolver's errors are Winsock's. */
#undef EAI_AGAIN
#undef EAI_BADFLAGS
#undef EAI_FAIL
#undef EAI_FAMILY
#undef EAI_MEMORY
#undef EAI_NONAME
#undef EAI_NODATA
#undef EAI_SERVICE
#undef EAI_SOCKTYPE
#define EAI_AGAIN WSATRY_AGAIN
#define EAI_BADFLAGS WSAEINVAL
#define EAI_FAIL WSANO_RECOVERY
#define EAI_FAMILY WSAEAFNOSUPPORT
#define EAI_MEMORY WSA_NOT_ENOUGH_MEMORY
#define EAI_NONAME WSAHOST_NOT_FOUND
#define EAI_NODATA EAI_NONAME
#define EAI_SERVICE WSATYPE_NOT_FOUND
#define EAI_SOCKTYPE WSAESOCKTNOSUPPORT

/* Linux's flags, which a strict C mode of glibc's <netdb.h> hides. */
#if !defined(AI_PASSIVE)
#define AI_PASSIVE 0x0001
#define AI_CANONNAME 0x0002
#define AI_NUMERICHOST 0x0004
#define AI_V4MAPPED 0x0008
#define AI_ALL 0x0010
#define AI_ADDRCONFIG 0x0020
#define AI_NUMERICSERV 0x0400
#endif
#if !defined(NI_NUMERICHOST)
#define NI_NUMERICHOST 1
#define NI_NUMERICSERV 2
#define NI_NOFQDN 4
#define NI_NAMEREQD 8
#define NI_DGRAM 16
#endif
#if !defined(NI_MAXHOST)
#define NI_MAXHOST 1025
#define NI_MAXSERV 32
#endif
#if !defined(INET6_ADDRSTRLEN)
#define INET_ADDRSTRLEN 16
#define INET6_ADDRSTRLEN 46
#endif

typedef struct addrinfoW {
  int ai_flags;
  int ai_family;
  int ai_socktype;
  int ai_protocol;
  size_t ai_addrlen;
  PWSTR ai_canonname;
  struct sockaddr *ai_addr;
  struct addrinfoW *ai_next;
} ADDRINFOW, *PADDRINFOW;

#if defined(__cplusplus)
extern "C" {
#endif

int ws2_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result);
void ws2_freeaddrinfo(struct addrinfo *list);
int ws2_getnameinfo(const struct sockaddr *name, int namelen, char *host, DWORD hostlen, char *service,
                    DWORD servicelen, int flags);
int ws2_inet_pton(int family, const char *text, void *address);
const char *ws2_inet_ntop(int family, const void *address, char *text, size_t size);
int GetAddrInfoW(PCWSTR pNodeName, PCWSTR pServiceName, const ADDRINFOW *pHints, PADDRINFOW *ppResult);
void FreeAddrInfoW(PADDRINFOW pAddrInfo);
int GetNameInfoW(const SOCKADDR *pSockaddr, int SockaddrLength, PWCHAR pNodeBuffer, DWORD NodeBufferSize,
                 PWCHAR pServiceBuffer, DWORD ServiceBufferSize, int Flags);
int InetPtonW(int Family, PCWSTR pszAddrString, PVOID pAddrBuf);
PCWSTR InetNtopW(int Family, const VOID *pAddr, PWSTR pStringBuf, size_t StringBufSize);
char *gai_strerrorA(int error);
WCHAR *gai_strerrorW(int error);

#if defined(__cplusplus)
}
#endif

#define getaddrinfo ws2_getaddrinfo
#define freeaddrinfo ws2_freeaddrinfo
#define getnameinfo ws2_getnameinfo
#define inet_pton ws2_inet_pton
#define inet_ntop ws2_inet_ntop
#define gai_strerror gai_strerrorA
#define GetAddrInfoA ws2_getaddrinfo
#define FreeAddrInfoA ws2_freeaddrinfo
#define GetNameInfoA ws2_getnameinfo
#define InetPtonA ws2_inet_pton
#define InetNtopA ws2_inet_ntop
#if defined(UNICODE)
#define GetAddrInfo GetAddrInfoW
#define FreeAddrInfo FreeAddrInfoW
#define GetNameInfo GetNameInfoW
#define InetPton InetPtonW
#define InetNtop InetNtopW
#define ADDRINFOT ADDRINFOW
#else
#define ADDRINFOT ADDRINFOA
#define GetAddrInfo ws2_getaddrinfo
#define FreeAddrInfo ws2_freeaddrinfo
#define GetNameInfo ws2_getnameinfo
#define InetPton ws2_inet_pton
#define InetNtop ws2_inet_ntop
#endif

#endif
