/* glibc's socket headers, read before Winsock's names become macros, so that a later #include of one of them
 * changes nothing; and the structures that Winsock lays out differently, under names of their own. */
#ifndef WFPSHIM_WS2BASE_H
#define WFPSHIM_WS2BASE_H

#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE 1 /* the C99 and C11 modes hide most of the socket headers */
#endif

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "sys/select.h"
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

#include "minwindef.h"
#include "winerror.h"

#if !defined(__USE_MISC)
/* Some header came first in a strict mode: glibc keeps these to itself. */
typedef unsigned char u_char;
typedef unsigned short u_short;
typedef unsigned int u_int;
typedef unsigned long u_long;
#endif

#define fd_set ws2_fd_set
#define in_addr ws2_in_addr
#define in6_addr ws2_in6_addr
#define sockaddr_in ws2_sockaddr_in
#define sockaddr_in6 ws2_sockaddr_in6
#define addrinfo ws2_addrinfo
#define pollfd ws2_pollfd
#define ip_mreq ws2_ip_mreq
#define ipv6_mreq ws2_ipv6_mreq
#undef s6_addr
#undef s6_addr16
#undef s6_addr32
#undef FD_SET
#undef FD_CLR
#undef FD_ISSET
#undef FD_ZERO
#undef in6addr_any
#undef in6addr_loopback
#undef IN6_IS_ADDR_UNSPECIFIED
#undef IN6_IS_ADDR_LOOPBACK
#undef IN6_IS_ADDR_MULTICAST
#undef IN6_IS_ADDR_LINKLOCAL
#undef IN6_IS_ADDR_SITELOCAL
#undef IN6_IS_ADDR_V4MAPPED
#undef IN6_IS_ADDR_V4COMPAT
#undef IN6_ARE_ADDR_EQUAL

#endif
