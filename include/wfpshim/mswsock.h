/* Microsoft's extensions to Winsock: their types, options and identifiers. */
#ifndef WFPSHIM_MSWSOCK_H
#define WFPSHIM_MSWSOCK_H

#include "winsock2.h"

#define SO_UPDATE_ACCEPT_CONTEXT 0x700B
#define SO_CONNECT_TIME 0x700C
#define SO_UPDATE_CONNECT_CONTEXT 0x7010

#define TF_DISCONNECT 0x01
#define TF_REUSE_SOCKET 0x02
#define TF_WRITE_BEHIND 0x04
#define TF_USE_DEFAULT_WORKER 0x00
#define TF_USE_SYSTEM_THREAD 0x10
#define TF_USE_KERNEL_APC 0x20

#define TP_ELEMENT_MEMORY 1
#define TP_ELEMENT_FILE 2
#define TP_ELEMENT_EOP 4

#define WS2_ACCEPTEX_GUID(first)                                              \
  {                                                                           \
    first, 0xcbac, 0x11cf, { 0x95, 0xca, 0x00, 0x80, 0x5f, 0x48, 0xa1, 0x92 } \
  }
#define WSAID_TRANSMITFILE WS2_ACCEPTEX_GUID(0xb5367df0)
#define WSAID_ACCEPTEX WS2_ACCEPTEX_GUID(0xb5367df1)
#define WSAID_GETACCEPTEXSOCKADDRS WS2_ACCEPTEX_GUID(0xb5367df2)
#define WSAID_CONNECTEX                                                            \
  {                                                                                \
    0x25a207b9, 0xddf3, 0x4660, { 0x8e, 0xe9, 0x76, 0xe5, 0x8c, 0x74, 0x06, 0x3e } \
  }
#define WSAID_DISCONNECTEX                                                         \
  {                                                                                \
    0x7fda2e11, 0x8630, 0x436f, { 0xa0, 0x31, 0xf5, 0x36, 0xa6, 0xee, 0xc1, 0x57 } \
  }
#define WSAID_TRANSMITPACKETS                                                      \
  {                                                                                \
    0xd9689da0, 0x1f90, 0x11d3, { 0x99, 0x71, 0x00, 0xc0, 0x4f, 0x68, 0xc8, 0x76 } \
  }
#define WSAID_WSARECVMSG                                                           \
  {                                                                                \
    0xf689d7c8, 0x6f1f, 0x436b, { 0x8a, 0x53, 0xe5, 0x4f, 0xe3, 0x51, 0xc3, 0x22 } \
  }
#define WSAID_WSASENDMSG                                                           \
  {                                                                                \
    0xa441e712, 0x754f, 0x43ca, { 0x84, 0xa7, 0x0d, 0xee, 0x44, 0xcf, 0x60, 0x6d } \
  }

#define WSAID_WSAPOLL                                                              \
  {                                                                                \
    0x18c76f85, 0xdc66, 0x4964, { 0x97, 0x2e, 0x23, 0xc2, 0x72, 0x38, 0x31, 0x2b } \
  }

typedef struct _TRANSMIT_FILE_BUFFERS {
  LPVOID Head;
  DWORD HeadLength;
  LPVOID Tail;
  DWORD TailLength;
} TRANSMIT_FILE_BUFFERS, *PTRANSMIT_FILE_BUFFERS, *LPTRANSMIT_FILE_BUFFERS;

typedef struct _TRANSMIT_PACKETS_ELEMENT {
  ULONG dwElFlags;
  ULONG cLength;
  union {
    struct {
      LARGE_INTEGER nFileOffset;
      HANDLE hFile;
    };
    PVOID pBuffer;
  };
} TRANSMIT_PACKETS_ELEMENT, *PTRANSMIT_PACKETS_ELEMENT, *LPTRANSMIT_PACKETS_ELEMENT;

typedef INT(WSAAPI *LPFN_WSARECVMSG)(SOCKET s, LPWSAMSG lpMsg, WS2_DWORD_POINTER lpdwNumberOfBytesRecvd,
                                     LPWSAOVERLAPPED lpOverlapped,
                                     LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
typedef INT(WSAAPI *LPFN_WSASENDMSG)(SOCKET s, LPWSAMSG lpMsg, DWORD dwFlags, WS2_DWORD_POINTER lpNumberOfBytesSent,
                                     LPWSAOVERLAPPED lpOverlapped,
                                     LPWSAOVERLAPPED_COMPLETION_ROUTINE lpCompletionRoutine);
typedef BOOL(WSAAPI *LPFN_ACCEPTEX)(SOCKET sListenSocket, SOCKET sAcceptSocket, PVOID lpOutputBuffer,
                                    DWORD dwReceiveDataLength, DWORD dwLocalAddressLength, DWORD dwRemoteAddressLength,
                                    WS2_DWORD_POINTER lpdwBytesReceived, LPOVERLAPPED lpOverlapped);
typedef BOOL(WSAAPI *LPFN_CONNECTEX)(SOCKET s, const struct sockaddr *name, int namelen, PVOID lpSendBuffer,
                                     DWORD dwSendDataLength, WS2_DWORD_POINTER lpdwBytesSent,
                                     LPOVERLAPPED lpOverlapped);
typedef BOOL(WSAAPI *LPFN_DISCONNECTEX)(SOCKET s, LPOVERLAPPED lpOverlapped, DWORD dwFlags, DWORD dwReserved);
typedef VOID(WSAAPI *LPFN_GETACCEPTEXSOCKADDRS)(PVOID lpOutputBuffer, DWORD dwReceiveDataLength,
                                                DWORD dwLocalAddressLength, DWORD dwRemoteAddressLength,
                                                struct sockaddr **LocalSockaddr, LPINT LocalSockaddrLength,
                                                struct sockaddr **RemoteSockaddr, LPINT RemoteSockaddrLength);
typedef BOOL(WSAAPI *LPFN_TRANSMITFILE)(SOCKET hSocket, HANDLE hFile, DWORD nNumberOfBytesToWrite,
                                        DWORD nNumberOfBytesPerSend, LPOVERLAPPED lpOverlapped,
                                        LPTRANSMIT_FILE_BUFFERS lpTransmitBuffers, DWORD dwReserved);
typedef BOOL(WSAAPI *LPFN_TRANSMITPACKETS)(SOCKET hSocket, LPTRANSMIT_PACKETS_ELEMENT lpPacketArray,
                                           DWORD nElementCount, DWORD nSendSize, LPOVERLAPPED lpOverlapped,
                                           DWORD dwFlags);

/* The other extensions have no name to link with: SIO_GET_EXTENSION_FUNCTION_POINTER. */
#if defined(__cplusplus)
extern "C" {
#endif

BOOL WSAAPI AcceptEx(SOCKET sListenSocket, SOCKET sAcceptSocket, PVOID lpOutputBuffer, DWORD dwReceiveDataLength,
                     DWORD dwLocalAddressLength, DWORD dwRemoteAddressLength, WS2_DWORD_POINTER lpdwBytesReceived,
                     LPOVERLAPPED lpOverlapped);
VOID WSAAPI GetAcceptExSockaddrs(PVOID lpOutputBuffer, DWORD dwReceiveDataLength, DWORD dwLocalAddressLength,
                                 DWORD dwRemoteAddressLength, struct sockaddr **LocalSockaddr,
                                 LPINT LocalSockaddrLength, struct sockaddr **RemoteSockaddr,
                                 LPINT RemoteSockaddrLength);
BOOL WSAAPI TransmitFile(SOCKET hSocket, HANDLE hFile, DWORD nNumberOfBytesToWrite, DWORD nNumberOfBytesPerSend,
                         LPOVERLAPPED lpOverlapped, LPTRANSMIT_FILE_BUFFERS lpTransmitBuffers, DWORD dwReserved);

#if defined(__cplusplus)
}

/* As in ws2names.h: 32 bits are stored. */
template <WS2_ONLY(T, unsigned long)>
inline BOOL AcceptEx(SOCKET listener, SOCKET accepting, PVOID output, DWORD data, DWORD local, DWORD remote, T *bytes,
                     LPOVERLAPPED overlapped) {
  return AcceptEx(listener, accepting, output, data, local, remote, reinterpret_cast<DWORD *>(bytes), overlapped);
}
#endif

WS2_STATIC_ASSERT(sizeof(TRANSMIT_FILE_BUFFERS) == 32 || sizeof(void *) != 8, "TRANSMIT_FILE_BUFFERS");
WS2_STATIC_ASSERT(sizeof(TRANSMIT_PACKETS_ELEMENT) == 24 || sizeof(void *) != 8, "TRANSMIT_PACKETS_ELEMENT");

#endif
