/* System calls of the extension functions and of the control codes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>

#include "wfp_winsock.h"

static void close_unseen(int fd) {
  int error = errno;
  syscall(SYS_close, fd);
  errno = error;
}

int ws2_take_number(int made, int number) {
  int flags = fcntl(number, F_GETFD);
  int result = flags < 0 ? -1 : dup3(made, number, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
  close_unseen(made);
  return result < 0 ? -1 : 0;
}

int ws2_duplicate(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 0); }

int ws2_source_for(const struct sockaddr *to, socklen_t size, struct sockaddr_storage *from) {
  socklen_t room = sizeof *from;
  int fd = (int)syscall(SYS_socket, to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int result = (int)syscall(SYS_connect, fd, to, size);
  if (result == 0) result = (int)syscall(SYS_getsockname, fd, from, &room);
  close_unseen(fd);
  return result;
}

void *ws2_extension_function(const GUID *identifier, BOOL takes_windows_callbacks) {
  static const struct {
    GUID identifier;
    void *function;
    void *windows; /* for callbacks of the Windows x64 convention, where there are any */
  } known[] = {
      {WSAID_ACCEPTEX, (void *)AcceptEx, NULL},
      {WSAID_CONNECTEX, (void *)ws2_ConnectEx, NULL},
      {WSAID_DISCONNECTEX, (void *)ws2_DisconnectEx, NULL},
      {WSAID_GETACCEPTEXSOCKADDRS, (void *)GetAcceptExSockaddrs, NULL},
      {WSAID_TRANSMITFILE, (void *)TransmitFile, NULL},
      {WSAID_TRANSMITPACKETS, (void *)ws2_TransmitPackets, NULL},
      {WSAID_WSARECVMSG, (void *)ws2_WSARecvMsg, (void *)ws2_ms_WSARecvMsg},
      {WSAID_WSASENDMSG, (void *)WSASendMsg, (void *)ws2_ms_WSASendMsg},
      {WSAID_WSAPOLL, (void *)WSAPoll, NULL},
  };
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (memcmp(&known[i].identifier, identifier, sizeof *identifier) == 0)
      return takes_windows_callbacks && known[i].windows ? known[i].windows : known[i].function;
  return NULL;
}

WS2_STATIC_ASSERT(sizeof(TCP_INFO_v1) == 136 && offsetof(TCP_INFO_v1, BytesOut) == 48, "TCP_INFO_v1");
WS2_STATIC_ASSERT(offsetof(SOCKET_ADDRESS_LIST, Address) == 8, "SOCKET_ADDRESS_LIST");
WS2_STATIC_ASSERT(POLLRDHUP == 0x2000, "POLLRDHUP");
