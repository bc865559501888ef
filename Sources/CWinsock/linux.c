/* What is asked of libc under its own names, which Winsock's header takes: SIO_TCP_INFO from Linux' tcp_info. The
 * kernel's header, which knows all of it, excludes glibc's: the answer is declared a second time. */
#define _GNU_SOURCE
#include <linux/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct answer {
  uint32_t state, mss;
  uint64_t connection_time;
  uint8_t timestamps;
  uint32_t rtt, min_rtt, in_flight, cwnd, send_window, receive_window, receive_buffer;
  uint64_t bytes_out, bytes_in;
  uint32_t reordered, retransmitted, fast, duplicates, timeouts;
  uint8_t syn;
  uint32_t window_transitions, window_time;
  uint64_t window_bytes;
  uint32_t congestion_transitions, congestion_time;
  uint64_t congestion_bytes;
  uint32_t sender_transitions, sender_time;
  uint64_t sender_bytes;
};
_Static_assert(sizeof(struct answer) == 136, "TCP_INFO_v1");

/* Linux' states are 1 to 12 in an order of their own. */
static uint32_t state_of(unsigned state) {
  static const uint8_t states[] = {0, 4, 2, 3, 5, 6, 10, 0, 7, 9, 1, 8, 3};
  return state < sizeof states ? states[state] : 0;
}

int ws2_tcp_info(int fd, struct answer *answer) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  int buffer = 0;
  socklen_t buffer_size = sizeof buffer;
  memset(&info, 0, sizeof info);
  if (getsockopt(fd, 6, TCP_INFO, &info, &size) != 0) return -1;
  getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, &buffer_size);
  memset(answer, 0, sizeof *answer);
  answer->state = state_of(info.tcpi_state);
  answer->mss = info.tcpi_snd_mss;
  answer->timestamps = (info.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0;
  answer->rtt = info.tcpi_rtt;
  answer->min_rtt = info.tcpi_min_rtt == UINT32_MAX ? 0 : info.tcpi_min_rtt;
  answer->in_flight = info.tcpi_unacked * info.tcpi_snd_mss;
  answer->cwnd = info.tcpi_snd_cwnd * info.tcpi_snd_mss;
  answer->send_window = info.tcpi_snd_wnd;
  answer->receive_window = info.tcpi_rcv_space;
  answer->receive_buffer = (uint32_t)buffer;
  answer->bytes_out = info.tcpi_bytes_sent;
  answer->bytes_in = info.tcpi_bytes_received;
  answer->reordered = info.tcpi_reord_seen;
  answer->retransmitted = (uint32_t)info.tcpi_bytes_retrans;
  answer->fast = info.tcpi_total_retrans;
  answer->duplicates = info.tcpi_dsack_dups;
  answer->timeouts = info.tcpi_backoff;
  answer->window_time = (uint32_t)(info.tcpi_rwnd_limited / 1000);
  answer->sender_time = (uint32_t)(info.tcpi_sndbuf_limited / 1000);
  return 0;
}

/* Each peek goes on behind the one before: SO_PEEK_OFF. */
long ws2_datagram_backlog(int fd) {
  enum { LIMIT = 65536 };
  int start = 0, off = -1;
  long total = 0;
  char byte;
  if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &start, sizeof start) != 0) return -1;
  for (int count = 0; count < LIMIT; count++) {
    ssize_t size = recv(fd, &byte, sizeof byte, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    if (size < 0) break;
    total += size;
  }
  setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof off);
  return total;
}
