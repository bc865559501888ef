// A redirect service for UDP over plain recvmsg and sendmsg (SPEC S8.2): `relay NAME HOST PORT [options]`. The first
// datagram of a flow brings context (two sockaddr_storage: remote, local) and records; each flow has a socket of its
// own to the destination, on which the records go out with the first datagram. One line a flow.
//
//   --echo         no service: sends back what comes, and says `got TEXT`
//   --no-set       sets no records
//   --always       sends the records with every datagram
//   --connected    its sockets are connected, and the records sent without an address
//   --shared       one socket for all flows to a destination
//   --options late sets the options after its bind; never: not at all
//   --several      receives with recvmmsg
//   --share        SO_REUSEPORT
//   --greet PORT   at SIGUSR1 first sends a datagram to 127.0.0.1:PORT from a socket of its own, and says what comes
//                  back
#define _GNU_SOURCE  // recvmmsg
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "../../../include/wfpshim/wfp_ioctl.h"
#include "probe.h"

#define FLOWS 4096

struct flow {
  struct sockaddr_storage client, destination;
  unsigned char records[4160];
  size_t records_size;
};
static struct flow *flows;
static struct pollfd polled[FLOWS + 1];
static int flow_count, set_records, always, connected, shared;
static const char *name;

static socklen_t length_of(const struct sockaddr_storage *address) {
  return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static int same(const struct sockaddr_storage *a, const struct sockaddr_storage *b) {
  char first[64], second[64];
  return a->ss_family == b->ss_family && strcmp(probe_text(a, first), probe_text(b, second)) == 0;
}

static void send_on(struct flow *flow, int fd, const void *data, size_t size) {
  union {
    struct cmsghdr header;
    char bytes[8192];
  } control;
  char text[64];
  struct iovec part = {(void *)data, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (!connected) {
    message.msg_name = &flow->destination;
    message.msg_namelen = length_of(&flow->destination);
  }
  if (flow->records_size) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(flow->records_size);
    memset(&control, 0, message.msg_controllen);
    control.header = (struct cmsghdr){CMSG_LEN(flow->records_size), IPPROTO_IP, IP_WFP_REDIRECT_RECORDS};
    memcpy(CMSG_DATA(&control.header), flow->records, flow->records_size);
    if (!always) flow->records_size = 0;
  }
  if (sendmsg(fd, &message, 0) < 0)
    probe_say("%s send %s %s", name, probe_text(&flow->destination, text), strerrorname_np(errno));
}

static int make_socket(const struct flow *flow) {
  for (int i = 0; shared && i < flow_count; i++)
    if (&flows[i] != flow && same(&flows[i].destination, &flow->destination)) return dup(polled[i + 1].fd);
  int fd = socket(flow->destination.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connected) connect(fd, (const struct sockaddr *)&flow->destination, length_of(&flow->destination));
  return fd;
}

// The flow of a source; a context makes it anew.
static int flow_of(struct msghdr *message) {
  const struct sockaddr_storage *source = message->msg_name;
  int which = 0;
  while (which < flow_count && !same(&flows[which].client, source)) which++;
  struct flow *flow = &flows[which];
  size_t context_size = 0, records_size = 0;
  for (struct cmsghdr *one = CMSG_FIRSTHDR(message); one; one = CMSG_NXTHDR(message, one)) {
    size_t size = one->cmsg_len - CMSG_LEN(0);
    if (one->cmsg_level != IPPROTO_IP) continue;
    if (one->cmsg_type == IP_WFP_REDIRECT_CONTEXT && size >= 2 * sizeof flow->destination) {
      memcpy(&flow->destination, CMSG_DATA(one), sizeof flow->destination);
      context_size = size;
    } else if (one->cmsg_type == IP_WFP_REDIRECT_RECORDS && size <= sizeof flow->records) {
      memcpy(flow->records, CMSG_DATA(one), records_size = size);
    }
  }
  if (!context_size) return which < flow_count ? which : -1;
  if (which == flow_count && flow_count == FLOWS - 1) return -1;
  char text[64];
  flow->client = *source;
  flow->records_size = set_records ? records_size : 0;
  if (which < flow_count) close(polled[which + 1].fd);
  if (which == flow_count) flow_count++;
  polled[which + 1] = (struct pollfd){.fd = make_socket(flow), .events = POLLIN};
  probe_say("%s flow %s records %zu context %zu", name, probe_text(&flow->destination, text), records_size,
            context_size);
  return which;
}

static void serve(int fd, int several) {
  static char data[65536];
  static union {
    struct cmsghdr header;
    char bytes[72000];
  } control;
  struct sockaddr_storage from;
  struct iovec part = {data, sizeof data};
  struct mmsghdr message = {.msg_hdr = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part}};
  message.msg_hdr.msg_iovlen = 1;
  message.msg_hdr.msg_control = &control;
  message.msg_hdr.msg_controllen = sizeof control;
  ssize_t n = several ? recvmmsg(fd, &message, 1, MSG_DONTWAIT, NULL) : recvmsg(fd, &message.msg_hdr, MSG_DONTWAIT);
  if (n < 0) return;
  if (several) n = message.msg_len;
  int which = flow_of(&message.msg_hdr);
  if (which < 0) {
    probe_say("%s stray %.*s", name, n < 40 ? (int)n : 40, data);
  } else {
    send_on(&flows[which], polled[which + 1].fd, data, (size_t)n);
  }
}

static void answer(int fd, int which) {
  static char data[65536];
  ssize_t n = recv(polled[which + 1].fd, data, sizeof data, MSG_DONTWAIT);
  const struct sockaddr_storage *client = &flows[which].client;
  if (n >= 0) sendto(fd, data, (size_t)n, 0, (const struct sockaddr *)client, length_of(client));
}

static void echo(int fd) {
  static char data[65536];
  for (;;) {
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    ssize_t n = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &length);
    if (n < 0) continue;
    probe_say("got %.*s", n < 40 ? (int)n : 40, data);
    sendto(fd, data, (size_t)n, 0, (struct sockaddr *)&from, length);
  }
}

static void greet(const char *port) {
  struct sockaddr_storage to;
  socklen_t length = probe_address("127.0.0.1", port, &to);
  struct timeval patience = {10, 0};  // it may have sent to itself
  char text[16] = "";
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (sendto(fd, "greeting", 8, 0, (struct sockaddr *)&to, length) < 0 || recv(fd, text, 15, 0) < 0)
    snprintf(text, sizeof text, "%s", strerrorname_np(errno));
  probe_say("greeted %s", text);
  close(fd);
}

static void set_options(int fd) {
  int on = 1;
  if (setsockopt(fd, IPPROTO_IP, IP_WFP_REDIRECT_CONTEXT, &on, sizeof on) != 0) probe_say("%s no context", name);
  if (setsockopt(fd, IPPROTO_IP, IP_WFP_REDIRECT_RECORDS, &on, sizeof on) != 0) probe_say("%s no records", name);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  name = argv[1];
  set_records = !probe_flag(argc, argv, "--no-set");
  always = probe_flag(argc, argv, "--always");
  connected = probe_flag(argc, argv, "--connected");
  shared = probe_flag(argc, argv, "--shared");
  const char *options = probe_option(argc, argv, "--options", "early");
  const char *greeted = probe_option(argc, argv, "--greet", NULL);
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, NULL);
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && (limit.rlim_cur = limit.rlim_max)) setrlimit(RLIMIT_NOFILE, &limit);
  struct sockaddr_storage address;
  socklen_t length = probe_address(argv[2], argv[3], &address);
  int off = 0, is_echo = probe_flag(argc, argv, "--echo");
  int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (address.ss_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (!is_echo && strcmp(options, "early") == 0) set_options(fd);
  int on = 1;
  if (probe_flag(argc, argv, "--share")) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&address, length) != 0) probe_die("bind");
  if (!is_echo && strcmp(options, "late") == 0) set_options(fd);
  length = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) probe_die("getsockname");
  probe_say("listening %u", ntohs(((struct sockaddr_in *)&address)->sin_port));
  if (is_echo) echo(fd);
  if (greeted) {
    int number;  // the test has loaded the policy
    sigwait(&usr1, &number);
    greet(greeted);
  }
  flows = calloc(FLOWS, sizeof *flows);
  polled[0] = (struct pollfd){.fd = fd, .events = POLLIN};
  while (poll(polled, (nfds_t)flow_count + 1, -1) >= 0) {
    int several = probe_flag(argc, argv, "--several"), known = flow_count;
    if (polled[0].revents) serve(fd, several);
    for (int i = 0; i < known; i++)
      if (polled[i + 1].revents) answer(fd, i);
  }
}
