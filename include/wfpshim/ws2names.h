/* The names that POSIX has too: part of <winsock2.h>. The library exports them as ws2_* only, so that another
 * library in the process that calls, say, connect() keeps libc's. In C they are macros; in C++ overloads, which
 * a SOCKET selects: a macro would also rename std::bind and every connect() member. */
#ifndef WFPSHIM_WS2NAMES_H
#define WFPSHIM_WS2NAMES_H

/* glibc's functions of these names take the same arguments, so that no overload can be told from them. */
#define socket ws2_socket
#define gethostname ws2_gethostname
#define inet_addr ws2_inet_addr

#if !defined(__cplusplus)

#define bind ws2_bind
#define listen ws2_listen
#define accept ws2_accept
#define connect ws2_connect
#define send ws2_send
#define sendto ws2_sendto
#define recv ws2_recv
#define recvfrom ws2_recvfrom
#define shutdown ws2_shutdown
#define select ws2_select
#define getsockopt ws2_getsockopt
#define setsockopt ws2_setsockopt
#define getsockname ws2_getsockname
#define getpeername ws2_getpeername
#define inet_ntoa ws2_inet_ntoa
/* u_long is glibc's, of 64 bits; a ULONG has 32. */
#define ioctlsocket(s, cmd, argp) \
  _Generic((argp), ULONG * : ws2_ioctlsocket32, LONG * : ws2_ioctlsocket_int, default : ws2_ioctlsocket)(s, cmd, argp)
static inline int ws2_ioctlsocket_int(SOCKET s, long cmd, LONG *argp) {
  return ws2_ioctlsocket32(s, cmd, (ULONG *)argp);
}

#else

/* A template on the length, so that a size_t or a socklen_t does not prefer glibc's function. */
template <typename N>
inline int bind(SOCKET s, const struct sockaddr *name, N namelen) {
  return ws2_bind(s, name, static_cast<int>(namelen));
}
template <typename N>
inline int connect(SOCKET s, const struct sockaddr *name, N namelen) {
  return ws2_connect(s, name, static_cast<int>(namelen));
}
inline int listen(SOCKET s, int backlog) { return ws2_listen(s, backlog); }
inline int shutdown(SOCKET s, int how) { return ws2_shutdown(s, how); }

inline SOCKET accept(SOCKET s, struct sockaddr *addr, int *addrlen) { return ws2_accept(s, addr, addrlen); }
template <WS2_ONLY(T, unsigned int)>
inline SOCKET accept(SOCKET s, struct sockaddr *addr, T *addrlen) {
  return ws2_accept(s, addr, reinterpret_cast<int *>(addrlen));
}
inline int getsockname(SOCKET s, struct sockaddr *name, int *namelen) { return ws2_getsockname(s, name, namelen); }
template <WS2_ONLY(T, unsigned int)>
inline int getsockname(SOCKET s, struct sockaddr *name, T *namelen) {
  return ws2_getsockname(s, name, reinterpret_cast<int *>(namelen));
}
inline int getpeername(SOCKET s, struct sockaddr *name, int *namelen) { return ws2_getpeername(s, name, namelen); }
template <WS2_ONLY(T, unsigned int)>
inline int getpeername(SOCKET s, struct sockaddr *name, T *namelen) {
  return ws2_getpeername(s, name, reinterpret_cast<int *>(namelen));
}
inline int getsockopt(SOCKET s, int level, int optname, char *optval, int *optlen) {
  return ws2_getsockopt(s, level, optname, optval, optlen);
}
template <WS2_ONLY(T, unsigned int)>
inline int getsockopt(SOCKET s, int level, int optname, char *optval, T *optlen) {
  return ws2_getsockopt(s, level, optname, optval, reinterpret_cast<int *>(optlen));
}
template <typename N>
inline int setsockopt(SOCKET s, int level, int optname, const char *optval, N optlen) {
  return ws2_setsockopt(s, level, optname, optval, static_cast<int>(optlen));
}

template <typename N>
inline int send(SOCKET s, const char *buf, N len, int flags) {
  return ws2_send(s, buf, static_cast<int>(len), flags);
}
template <typename N>
inline int recv(SOCKET s, char *buf, N len, int flags) {
  return ws2_recv(s, buf, static_cast<int>(len), flags);
}
template <typename N, typename M>
inline int sendto(SOCKET s, const char *buf, N len, int flags, const struct sockaddr *to, M tolen) {
  return ws2_sendto(s, buf, static_cast<int>(len), flags, to, static_cast<int>(tolen));
}
template <typename N>
inline int recvfrom(SOCKET s, char *buf, N len, int flags, struct sockaddr *from, int *fromlen) {
  return ws2_recvfrom(s, buf, static_cast<int>(len), flags, from, fromlen);
}
template <typename N, WS2_ONLY(T, unsigned int)>
inline int recvfrom(SOCKET s, char *buf, N len, int flags, struct sockaddr *from, T *fromlen) {
  return ws2_recvfrom(s, buf, static_cast<int>(len), flags, from, reinterpret_cast<int *>(fromlen));
}

inline int select(int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds, const struct timeval *timeout) {
  return ws2_select(nfds, readfds, writefds, exceptfds, timeout);
}
inline char *inet_ntoa(struct in_addr in) { return ws2_inet_ntoa(in); }

inline int ioctlsocket(SOCKET s, long cmd, u_long *argp) { return ws2_ioctlsocket(s, cmd, argp); }
inline int ioctlsocket(SOCKET s, long cmd, ULONG *argp) { return ws2_ioctlsocket32(s, cmd, argp); }

/* Programs that were written with unsigned long for DWORD: 32 bits are stored. */
template <WS2_ONLY(T, unsigned long)>
inline int WSAIoctl(SOCKET s, DWORD code, LPVOID in, DWORD in_size, LPVOID out, DWORD out_size, T *bytes,
                    LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
  return WSAIoctl(s, code, in, in_size, out, out_size, reinterpret_cast<DWORD *>(bytes), overlapped, routine);
}
template <WS2_ONLY(T, unsigned long)>
inline int WSASend(SOCKET s, LPWSABUF buffers, DWORD count, T *bytes, DWORD flags, LPWSAOVERLAPPED overlapped,
                   LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
  return WSASend(s, buffers, count, reinterpret_cast<DWORD *>(bytes), flags, overlapped, routine);
}
template <typename B, WS2_ONLY(T, unsigned long)>
inline int WSARecv(SOCKET s, LPWSABUF buffers, DWORD count, B *bytes, T *flags, LPWSAOVERLAPPED overlapped,
                   LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
  return WSARecv(s, buffers, count, reinterpret_cast<DWORD *>(bytes), reinterpret_cast<DWORD *>(flags), overlapped,
                 routine);
}
template <WS2_ONLY(T, unsigned long)>
inline int WSARecv(SOCKET s, LPWSABUF buffers, DWORD count, T *bytes, DWORD *flags, LPWSAOVERLAPPED overlapped,
                   LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
  return WSARecv(s, buffers, count, reinterpret_cast<DWORD *>(bytes), flags, overlapped, routine);
}
template <WS2_ONLY(T, unsigned long)>
inline int WSASendTo(SOCKET s, LPWSABUF buffers, DWORD count, T *bytes, DWORD flags, const struct sockaddr *to,
                     int tolen, LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
  return WSASendTo(s, buffers, count, reinterpret_cast<DWORD *>(bytes), flags, to, tolen, overlapped, routine);
}
template <typename B, WS2_ONLY(T, unsigned long)>
inline int WSARecvFrom(SOCKET s, LPWSABUF buffers, DWORD count, B *bytes, T *flags, struct sockaddr *from, int *fromlen,
                       LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
  return WSARecvFrom(s, buffers, count, reinterpret_cast<DWORD *>(bytes), reinterpret_cast<DWORD *>(flags), from,
                     fromlen, overlapped, routine);
}
template <WS2_ONLY(T, unsigned long)>
inline int WSARecvFrom(SOCKET s, LPWSABUF buffers, DWORD count, T *bytes, DWORD *flags, struct sockaddr *from,
                       int *fromlen, LPWSAOVERLAPPED overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
  return WSARecvFrom(s, buffers, count, reinterpret_cast<DWORD *>(bytes), flags, from, fromlen, overlapped, routine);
}
template <WS2_ONLY(T, unsigned long)>
inline int WSASendMsg(SOCKET s, LPWSAMSG message, DWORD flags, T *bytes, LPWSAOVERLAPPED overlapped,
                      LPWSAOVERLAPPED_COMPLETION_ROUTINE routine) {
  return WSASendMsg(s, message, flags, reinterpret_cast<DWORD *>(bytes), overlapped, routine);
}
template <typename B, WS2_ONLY(T, unsigned long)>
inline BOOL WSAGetOverlappedResult(SOCKET s, LPWSAOVERLAPPED overlapped, B *bytes, BOOL waits, T *flags) {
  return WSAGetOverlappedResult(s, overlapped, reinterpret_cast<DWORD *>(bytes), waits,
                                reinterpret_cast<DWORD *>(flags));
}
template <WS2_ONLY(T, unsigned long)>
inline BOOL WSAGetOverlappedResult(SOCKET s, LPWSAOVERLAPPED overlapped, T *bytes, BOOL waits, DWORD *flags) {
  return WSAGetOverlappedResult(s, overlapped, reinterpret_cast<DWORD *>(bytes), waits, flags);
}

#endif

#endif
