// What the PROXY protocol's producer asks of an accepted TCP socket: how much of its stream was read, the bytes
// that come next, and a wait for more of them.
#ifndef WFP_STREAM_H
#define WFP_STREAM_H

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "wfp_system.h"

// POLLRDHUP, which glibc shows to _GNU_SOURCE only.
#define WFP_POLLRDHUP 0x2000

struct wfp_stream {
  uint64_t received;  // bytes that ever came; the peer's FIN counts for one
  int32_t unread;     // bytes that wait to be read, without the FIN
  int32_t state;      // TCP_*
};
// struct tcp_info of <linux/tcp.h>, which glibc's lacks the later fields of and which cannot stand beside it:
// tcpi_bytes_received is at 128, since Linux 4.1.
enum { WFP_TCP_INFO_RECEIVED = 128, WFP_TCP_INFO_SIZE = 136 };
// 0 or -errno. Fails on what is not TCP, and on a listener.
static inline int32_t wfp_stream_of(int32_t fd, struct wfp_stream *_Nonnull to) {
  uint8_t info[WFP_TCP_INFO_SIZE];
  uint32_t length = sizeof info;
  int32_t unread = 0;
  int32_t result = wfp_get_option(fd, IPPROTO_TCP, TCP_INFO, info, &length);
  if (result != 0) return result;
  if (length < sizeof info) return -ENOSYS;
  result = (int32_t)wfp_syscall6(SYS_ioctl, fd, FIONREAD, (long)&unread, 0, 0, 0);
  if (result != 0) return result;
  __builtin_memcpy(&to->received, info + WFP_TCP_INFO_RECEIVED, sizeof to->received);
  to->unread = unread;
  to->state = info[0];
  return 0;
}

// Both never wait. Discarding copies nothing: MSG_TRUNC of tcp(7).
static inline long wfp_peek_bytes(int32_t fd, void *_Nonnull to, size_t n) {
  return wfp_syscall6(SYS_recvfrom, fd, (long)to, (long)n, MSG_PEEK | MSG_DONTWAIT, 0, 0);
}
static inline long wfp_discard_bytes(int32_t fd, size_t n) {
  return wfp_syscall6(SYS_recvfrom, fd, 0, (long)n, MSG_TRUNC | MSG_DONTWAIT, 0, 0);
}

static inline int32_t wfp_is_nonblocking(int32_t fd) {
  long flags = wfp_syscall6(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0);
  return flags >= 0 && (flags & O_NONBLOCK) ? 1 : 0;
}
// SO_RCVTIMEO in ns; 0: none.
static inline uint64_t wfp_receive_timeout(int32_t fd) {
  struct timeval t = {0, 0};
  uint32_t length = sizeof t;
  if (wfp_get_option(fd, SOL_SOCKET, SO_RCVTIMEO, &t, &length) != 0 || t.tv_sec < 0) return 0;
  return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_usec * 1000;
}
// Sleeps until the socket is readable or its peer has ended the stream (fd -1: only the time counts).
// timeout in ns, 0: none. Returns 1, 0 when the time is over, or -errno: EINTR whatever SA_RESTART says.
static inline int32_t wfp_wait_readable(int32_t fd, uint64_t timeout) {
  struct pollfd polled = {fd, POLLIN | WFP_POLLRDHUP, 0};
  struct timespec t = {(time_t)(timeout / 1000000000), (long)(timeout % 1000000000)};
  return (int32_t)wfp_syscall6(SYS_ppoll, (long)&polled, 1, timeout ? (long)&t : 0, 0, 8, 0);
}

static inline uint32_t wfp_thread(void) { return (uint32_t)wfp_syscall6(SYS_gettid, 0, 0, 0, 0, 0, 0); }

// Memory for a header that is too large for the stack; given back with wfp_unmap. NULL when there is none.
static inline void *_Nullable wfp_map_memory(size_t n) {
  long at = wfp_syscall6(SYS_mmap, 0, (long)n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at < 0 && at > -4096 ? NULL : (void *)at;
}

#endif
