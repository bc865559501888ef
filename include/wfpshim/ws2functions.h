/* Winsock's functions: part of <winsock2.h>. The ws2_* ones carry names that POSIX has too (see ws2names.h). */
#ifndef WFPSHIM_WS2FUNCTIONS_H
#define WFPSHIM_WS2FUNCTIONS_H

#if defined(__cplusplus)
extern "C" {
#endif

int WSAAPI WSAStartup(WORD wVersionRequested, LPWSADATA lpWSAData);
int WSAAPI WSACleanup(void);
int WSAAPI WSAGetLastError(void);
void WSAAPI WSASetLastError(int iError);

SOCKET WSAAPI WSASocketA(int af, int type, int protocol, LPWSAPROTOCOL_INFOA lpProtocolInfo, GROUP g, DWORD dwFlags);
SOCKET WSAAPI WSASocketW(int af, int type, int protocol, LPWSAPROTOCOL_INFOW lpProtocolInfo, GROUP g, DWORD dwFlags);
SOCKET WSAAPI WSAAccept(SOCKET s, struct sockaddr *addr, WS2_LENGTH_POINTER addrlen, LPCONDITIONPROC lpfnCondition,
                        DWORD_PTR dwCallbackData);
int WSAAPI WSAConnect(SOCKET s, const struct sockaddr *name, int namelen, LPWSABUF lpCallerData, LPWSABUF lpCalleeData,
                      LPQOS lpSQOS, LPQOS lpGQOS);
int WSAAPI WSASend(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, WS2_DWORD_POINTER lpNumberOfBytesSent,
                   DWORD dwFlags, LPWSAOVERLAPPED lpOverlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
int WSAAPI WSARecv(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, WS2_DWORD_POINTER lpNumberOfBytesRecvd,
                   WS2_DWORD_POINTER lpFlags, LPWSAOVERLAPPED lpOverlapped,
                   LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
int WSAAPI WSASendTo(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, WS2_DWORD_POINTER lpNumberOfBytesSent,
                     DWORD dwFlags, const struct sockaddr *lpTo, int iTolen, LPWSAOVERLAPPED lpOverlapped,
                     LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
int WSAAPI WSARecvFrom(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, WS2_DWORD_POINTER lpNumberOfBytesRecvd,
                       WS2_DWORD_POINTER lpFlags, struct sockaddr *lpFrom, WS2_LENGTH_POINTER lpFromlen,
                       LPWSAOVERLAPPED lpOverlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
BOOL WSAAPI WSAGetOverlappedResult(SOCKET s, LPWSAOVERLAPPED lpOverlapped, WS2_DWORD_POINTER lpcbTransfer, BOOL fWait,
                                   WS2_DWORD_POINTER lpdwFlags);
int WSAAPI WSAIoctl(SOCKET s, DWORD dwIoControlCode, LPVOID lpvInBuffer, DWORD cbInBuffer, LPVOID lpvOutBuffer,
                    DWORD cbOutBuffer, WS2_DWORD_POINTER lpcbBytesReturned, LPWSAOVERLAPPED lpOverlapped,
                    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
int WSAAPI WSASendMsg(SOCKET s, LPWSAMSG lpMsg, DWORD dwFlags, WS2_DWORD_POINTER lpNumberOfBytesSent,
                      LPWSAOVERLAPPED lpOverlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
int WSAAPI WSAPoll(LPWSAPOLLFD fdArray, ULONG fds, INT timeout);
int WSAAPI closesocket(SOCKET s);

WSAEVENT WSAAPI WSACreateEvent(void);
BOOL WSAAPI WSACloseEvent(WSAEVENT hEvent);
BOOL WSAAPI WSASetEvent(WSAEVENT hEvent);
BOOL WSAAPI WSAResetEvent(WSAEVENT hEvent);
DWORD WSAAPI WSAWaitForMultipleEvents(DWORD cEvents, const WSAEVENT *lphEvents, BOOL fWaitAll, DWORD dwTimeout,
                                      BOOL fAlertable);

int WSAAPI WSAEventSelect(SOCKET s, WSAEVENT hEventObject, LONG lNetworkEvents);
int WSAAPI WSAEnumNetworkEvents(SOCKET s, WSAEVENT hEventObject, LPWSANETWORKEVENTS lpNetworkEvents);

SOCKET ws2_socket(int af, int type, int protocol);
int ws2_bind(SOCKET s, const struct sockaddr *name, int namelen);
int ws2_listen(SOCKET s, int backlog);
SOCKET ws2_accept(SOCKET s, struct sockaddr *addr, WS2_LENGTH_POINTER addrlen);
int ws2_connect(SOCKET s, const struct sockaddr *name, int namelen);
int ws2_send(SOCKET s, const char *buf, int len, int flags);
int ws2_sendto(SOCKET s, const char *buf, int len, int flags, const struct sockaddr *to, int tolen);
int ws2_recv(SOCKET s, char *buf, int len, int flags);
int ws2_recvfrom(SOCKET s, char *buf, int len, int flags, struct sockaddr *from, WS2_LENGTH_POINTER fromlen);
int ws2_shutdown(SOCKET s, int how);
int ws2_select(int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds, const struct timeval *timeout);
int ws2_getsockopt(SOCKET s, int level, int optname, char *optval, WS2_LENGTH_POINTER optlen);
int ws2_setsockopt(SOCKET s, int level, int optname, const char *optval, int optlen);
int ws2_getsockname(SOCKET s, struct sockaddr *name, WS2_LENGTH_POINTER namelen);
int ws2_getpeername(SOCKET s, struct sockaddr *name, WS2_LENGTH_POINTER namelen);
int ws2_gethostname(char *name, int namelen);
unsigned int ws2_inet_addr(const char *cp);
char *ws2_inet_ntoa(struct in_addr in);
int ws2_ioctlsocket(SOCKET s, long cmd, u_long *argp);
int ws2_ioctlsocket32(SOCKET s, long cmd, ULONG *argp);

#if defined(__cplusplus)
}
#endif

#endif
