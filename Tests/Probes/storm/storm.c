// Many flows at once. `storm serve`: a redirect service that answers itself, late, shuffled, and not everything; what
// it sends back says for which destination its context was. `storm send PORT SOCKETS DESTINATIONS COUNT`: COUNT
// datagrams from SOCKETS unconnected sockets (IPv4; dual-stack to IPv4-mapped; dual-stack to IPv6) to DESTINATIONS
// addresses each, by sendto, sendmsg and sendmmsg, read by recvfrom, recvmsg and recvmmsg; every source and every
// context is compared.
#define _GNU_SOURCE  // sendmmsg
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../include/wfpshim/wfp_ioctl.h"
#include "probe.h"
#include "storm.h"

enum { WINDOW = 128, KNOWN = 1 << 16, LOST = 7 };

static socklen_t length_of(const struct sockaddr_storage *address) {
  return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

// --- the service

static struct known {
  struct sockaddr_in source;
  struct sockaddr_storage remote;
} table[KNOWN];

static struct known *known(const struct sockaddr_in *source) {
  uint32_t at = (source->sin_addr.s_addr * 2654435761u ^ source->sin_port * 40503u) & (KNOWN - 1);
  while (table[at].source.sin_port &&
         (table[at].source.sin_port != source->sin_port || table[at].source.sin_addr.s_addr != source->sin_addr.s_addr))
    at = (at + 1) & (KNOWN - 1);
  return &table[at];
}

static struct letter late[WINDOW];
static struct sockaddr_in senders[WINDOW];

static void answer(int fd, int count, unsigned *seed) {
  for (int i = count - 1; i >= 0; i--) {
    int j = (int)(rand_r(seed) % (unsigned)(i + 1));
    struct letter one = late[j];
    struct sockaddr_in to = senders[j];
    late[j] = late[i];
    senders[j] = senders[i];
    if (sendto(fd, &one, sizeof one, 0, (struct sockaddr *)&to, sizeof to) < 0) probe_say("answer: %d", errno);
  }
}

static void serve(void) {
  struct sockaddr_storage address;
  socklen_t length = probe_address("127.0.0.1", "0", &address);
  int on = 1, size = 4 << 20, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, IPPROTO_IP, IP_WFP_REDIRECT_CONTEXT, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (bind(fd, (struct sockaddr *)&address, length) != 0) probe_die("bind");
  getsockname(fd, (struct sockaddr *)&address, &length);
  probe_say("listening %u", ntohs(((struct sockaddr_in *)&address)->sin_port));
  uint64_t contexts = 0, received = 0, strays = 0;
  unsigned seed = 1;
  int waiting = 0;
  for (;;) {
    union {
      struct cmsghdr header;
      char bytes[1024];
    } control;
    struct iovec part = {&late[waiting], sizeof late[waiting]};
    struct msghdr message = {.msg_name = &senders[waiting], .msg_namelen = sizeof senders[waiting], .msg_iov = &part};
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    if (waiting == WINDOW || recvmsg(fd, &message, waiting ? MSG_DONTWAIT : 0) != sizeof(struct letter)) {
      answer(fd, waiting, &seed);
      waiting = 0;
      continue;
    }
    received++;
    struct letter *letter = &late[waiting];
    struct known *flow = known(&senders[waiting]);
    struct cmsghdr *one = CMSG_FIRSTHDR(&message);
    if (one) {
      contexts++;
      flow->source = senders[waiting];
      memcpy(&flow->remote, CMSG_DATA(one), sizeof flow->remote);
    } else if (!flow->source.sin_port) {
      strays++;
    }
    letter->context = flow->remote;
    letter->contexts = contexts;
    letter->received = received;
    letter->strays = strays;
    if (letter->number % 10 != LOST) waiting++;
  }
}

// --- the client

static int sockets, destinations;
static int *descriptors;
static struct pollfd *polled;
static unsigned char *seen;
static uint64_t answered, wrong_source, wrong_context, wrong_socket, twice, contexts, received, strays;

static void destination(int socket, int number, const char *port, struct sockaddr_storage *to) {
  char host[64];
  const char *kinds[] = {"198.51.%d.%d", "::ffff:203.0.%d.%d", "2001:db8::%d:%d"};
  snprintf(host, sizeof host, kinds[socket % 3], 100 + number / 250, 1 + number % 250);
  probe_address(host, port, to);
}

static void check(int socket, const struct letter *letter, const struct sockaddr_storage *from, ssize_t n) {
  answered++;
  if (n != sizeof *letter || letter->socket != (uint32_t)socket) {
    wrong_socket++;
    return;
  }
  if (memcmp(from, &letter->dialled, length_of(from)) != 0) wrong_source++;
  if (memcmp(&letter->context, &letter->dialled, length_of(&letter->dialled)) != 0) wrong_context++;
  if (seen[letter->number]++) twice++;
  if (letter->received > received) {
    contexts = letter->contexts;
    received = letter->received;
    strays = letter->strays;
  }
}

static int receive(int socket) {
  struct letter letter;
  struct sockaddr_storage from;
  memset(&from, 0, sizeof from);
  socklen_t length = sizeof from;
  struct iovec part = {&letter, sizeof letter};
  struct mmsghdr message = {.msg_hdr = {.msg_name = &from, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1}};
  int fd = descriptors[socket];
  ssize_t n;
  if (socket / 3 % 3 == 0) {
    n = recvfrom(fd, &letter, sizeof letter, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
  } else if (socket / 3 % 3 == 1) {
    n = recvmsg(fd, &message.msg_hdr, MSG_DONTWAIT);
  } else {
    n = recvmmsg(fd, &message, 1, MSG_DONTWAIT, NULL) == 1 ? (ssize_t)message.msg_len : -1;
  }
  if (n < 0) return 0;
  check(socket, &letter, &from, n);
  return 1;
}

static int transmit(int how, int fd, struct letter *letter) {
  struct iovec part = {letter, sizeof *letter};
  struct mmsghdr message = {.msg_hdr = {.msg_name = &letter->dialled, .msg_iov = &part, .msg_iovlen = 1}};
  message.msg_hdr.msg_namelen = length_of(&letter->dialled);
  if (how == 0)
    return sendto(fd, letter, sizeof *letter, 0, message.msg_hdr.msg_name, message.msg_hdr.msg_namelen) < 0 ? -1 : 0;
  if (how == 1) return sendmsg(fd, &message.msg_hdr, 0) < 0 ? -1 : 0;
  return sendmmsg(fd, &message, 1, 0) == 1 ? 0 : -1;
}

// Until at most `rest` answers are missing. Returns 0 when none has come for ten seconds.
static int drain(uint64_t expected, uint64_t rest) {
  while (expected - answered > rest) {
    if (poll(polled, (nfds_t)sockets, 10000) <= 0) return 0;
    for (int i = 0; i < sockets; i++)
      while (polled[i].revents && receive(i)) continue;
  }
  return 1;
}

static void storm(const char *port, long count) {
  uint64_t expected = 0, failed = 0;
  unsigned seed = 7;
  for (long number = 0; number < count; number++) {
    struct letter letter;
    memset(&letter, 0, sizeof letter);
    letter.number = (uint32_t)number;
    letter.socket = (uint32_t)rand_r(&seed) % (uint32_t)sockets;
    // Each flow once, then any.
    int flow = number < (long)sockets * destinations ? (int)number : (int)(rand_r(&seed) >> 3);
    if (number < (long)sockets * destinations) letter.socket = (uint32_t)(flow % sockets);
    destination((int)letter.socket, flow / sockets % destinations, port, &letter.dialled);
    if (transmit((int)(number % 3), descriptors[letter.socket], &letter) != 0) {
      if (failed++ == 0) probe_say("send: %s", strerror(errno));
      continue;
    }
    if (number % 10 != LOST) expected++;
    if (expected - answered >= WINDOW && !drain(expected, WINDOW / 2)) break;
  }
  drain(expected, 0);
  probe_say("sent %ld failed %lu answered %lu of %lu twice %lu wrong socket %lu source %lu context %lu", count, failed,
            answered, expected, twice, wrong_socket, wrong_source, wrong_context);
  probe_say("service received %lu contexts %lu strays %lu", received, contexts, strays);
}

int main(int argc, char **argv) {
  if (argc == 2) serve();
  if (argc == 5) return race(argv[2], atoi(argv[3]), atoi(argv[4])), 0;
  if (argc < 6) return 2;
  sockets = atoi(argv[3]);
  destinations = atoi(argv[4]);
  descriptors = calloc((size_t)sockets, sizeof *descriptors);
  polled = calloc((size_t)sockets, sizeof *polled);
  seen = calloc((size_t)atol(argv[5]), 1);
  for (int i = 0; i < sockets; i++) {
    int off = 0, size = 1 << 20;
    descriptors[i] = socket(i % 3 == 0 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (i % 3 != 0) setsockopt(descriptors[i], IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    setsockopt(descriptors[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    polled[i] = (struct pollfd){descriptors[i], POLLIN, 0};
  }
  storm(argv[2], atol(argv[5]));
}
