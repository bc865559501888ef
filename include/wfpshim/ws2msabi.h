/* With -DWFPSHIM_MS_ABI, WINAPI and CALLBACK functions of the program have the Windows x64 calling convention (x86-64
 * only: elsewhere there is no such convention and nothing changes). The library's own functions keep the System V one.
 * A pointer does not show its convention: whoever hands over a callback says it by the function that it calls. Part of
 * <winsock2.h>. */
#ifndef WFPSHIM_WS2MSABI_H
#define WFPSHIM_WS2MSABI_H

#if defined(__cplusplus)
extern "C" {
#endif

SOCKET ws2_ms_WSAAccept(SOCKET s, struct sockaddr *addr, WS2_LENGTH_POINTER addrlen, LPCONDITIONPROC lpfnCondition,
                        DWORD_PTR dwCallbackData);
int ws2_ms_WSASend(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, WS2_DWORD_POINTER lpNumberOfBytesSent,
                   DWORD dwFlags, LPWSAOVERLAPPED lpOverlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
int ws2_ms_WSARecv(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, WS2_DWORD_POINTER lpNumberOfBytesRecvd,
                   WS2_DWORD_POINTER lpFlags, LPWSAOVERLAPPED lpOverlapped,
                   LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
int ws2_ms_WSASendTo(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, WS2_DWORD_POINTER lpNumberOfBytesSent,
                     DWORD dwFlags, const struct sockaddr *lpTo, int iTolen, LPWSAOVERLAPPED lpOverlapped,
                     LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
int ws2_ms_WSARecvFrom(SOCKET s, LPWSABUF lpBuffers, DWORD dwBufferCount, WS2_DWORD_POINTER lpNumberOfBytesRecvd,
                       WS2_DWORD_POINTER lpFlags, struct sockaddr *lpFrom, WS2_LENGTH_POINTER lpFromlen,
                       LPWSAOVERLAPPED lpOverlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
int ws2_ms_WSASendMsg(SOCKET s, LPWSAMSG lpMsg, DWORD dwFlags, WS2_DWORD_POINTER lpNumberOfBytesSent,
                      LPWSAOVERLAPPED lpOverlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
int ws2_ms_WSAIoctl(SOCKET s, DWORD dwIoControlCode, LPVOID lpvInBuffer, DWORD cbInBuffer, LPVOID lpvOutBuffer,
                    DWORD cbOutBuffer, WS2_DWORD_POINTER lpcbBytesReturned, LPWSAOVERLAPPED lpOverlapped,
                    LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);

#if defined(__cplusplus)
}
#endif

#if defined(WS2_MS_ABI)
#define WSAAccept ws2_ms_WSAAccept
#define WSASend ws2_ms_WSASend
#define WSARecv ws2_ms_WSARecv
#define WSASendTo ws2_ms_WSASendTo
#define WSARecvFrom ws2_ms_WSARecvFrom
#define WSASendMsg ws2_ms_WSASendMsg
#define WSAIoctl ws2_ms_WSAIoctl
#endif

#endif
