/* The redirect control codes for programs that call plain ioctl(2): SPEC S12.
 *
 *   struct wfp_ioctl request = {.out = buffer, .out_size = sizeof buffer};
 *   if (ioctl(fd, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, &request) == 0)
 *     use(buffer, request.bytes_returned);
 *
 * ioctl returns 0, or -1 with errno: ENOTSOCK, EFAULT, EINVAL, EOPNOTSUPP, ENOPROTOOPT, ENOTCONN,
 * ENETDOWN, EACCES and EINTR mean what the Winsock error of that name means; ENOBUFS stands for
 * ERROR_INSUFFICIENT_BUFFER (bytes_returned holds the size that is needed), EINPROGRESS for a record
 * that is still on its way on a non-blocking socket, or when SO_RCVTIMEO is over: poll the socket and ask
 * again. EINTR comes whatever SA_RESTART says. Without the preload the kernel answers ENOTTY.
 * Thread-safe and async-signal-safe. */
#ifndef WFPSHIM_WFP_IOCTL_H
#define WFPSHIM_WFP_IOCTL_H

#include <stdint.h>

/* _WSAIOW(IOC_VENDOR, 220..222) of the Windows SDK's mstcpip.h. */
#ifndef SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS
#define SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS 0x980000DCu
#define SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT 0x980000DDu
#define SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS 0x980000DEu
#endif

/* UDP: options of setsockopt(IPPROTO_IP) and types of control messages (cmsg(3)) at IPPROTO_IP. On a socket where the
 * option is 1 (an int) the first datagram of a redirected flow brings context or records with recvmsg and recvmmsg;
 * records go out with the first datagram that sendmsg or sendmmsg sends to a destination. ENOPROTOOPT: no socket of
 * UDP; EINVAL from sendmsg: no blob of this engine. */
#ifndef IP_WFP_REDIRECT_RECORDS
#define IP_WFP_REDIRECT_RECORDS 60
#define IP_WFP_REDIRECT_CONTEXT 70
#endif

/* Private to libws2_32.so, which makes overlapped queries of it: whether a query on an accepted socket would have to
 * wait. ioctl(fd, WFPSHIM_REDIRECT_IS_PENDING, NULL) never waits itself, whatever the socket's mode. It returns 0 when
 * a query answers at once (with success or an error); -1 with EINPROGRESS when the record is on its way: wait until
 * this very socket is readable (POLLIN | POLLRDHUP: SO_RCVLOWAT is set so), then ask again; -1 with ENOTSOCK. */
#define WFPSHIM_REDIRECT_IS_PENDING 0x980000DFu

/* The third argument of ioctl. Sizes in bytes. */
struct wfp_ioctl {
  const void *in;          /* SET: the records blob. QUERY: never read. */
  void *out;               /* QUERY: receives the blob. */
  uint32_t in_size;        /* bytes at in */
  uint32_t out_size;       /* bytes at out; 0 asks for the size that is needed */
  uint32_t bytes_returned; /* written unless the call fails with EFAULT or ENOTSOCK */
  uint32_t reserved;       /* 0, else EINVAL */
};

#if defined(__cplusplus)
static_assert(sizeof(struct wfp_ioctl) == 2 * sizeof(void *) + 16, "struct wfp_ioctl");
#else
_Static_assert(sizeof(struct wfp_ioctl) == 2 * sizeof(void *) + 16, "struct wfp_ioctl");
#endif

#endif
