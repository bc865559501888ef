// Calls with odd arguments: `odd S NAME HOST PORT`, S a socket of the script, HOST and PORT a destination. Each prints
// what the calls gave; an address that is the destination's is called so.
#define _GNU_SOURCE  // strerrorname_np
#include "datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

static int fd;
static struct sockaddr_storage to;
static socklen_t to_length;
static char line[512];

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *format, ...) {
  va_list list;
  size_t at = strlen(line);
  va_start(list, format);
  vsnprintf(line + at, sizeof line - at, format, list);
  va_end(list);
}
static void note_result(ssize_t n) {
  if (n < 0) {
    note(" %s", strerrorname_np(errno));
  } else {
    note(" %zd", n);
  }
}
static struct sockaddr *address(void) { return (struct sockaddr *)&to; }
static ssize_t send_text(const char *text) { return sendto(fd, text, strlen(text), 0, address(), to_length); }

static void no_destination(void) {
  note_result(sendto(fd, "a", 1, 0, NULL, 0));
  note_result(sendto(fd, "a", 1, 0, NULL, 16));
  struct msghdr message = {0};
  note_result(sendmsg(fd, &message, 0));
  message.msg_name = &to;  // of no length
  note_result(sendmsg(fd, &message, 0));
}
static void nothing(void) {
  char byte[4] = "...";
  note_result(send_text(""));
  note_result(recvfrom(fd, byte, 3, 0, NULL, NULL));
  struct msghdr message = {.msg_name = &to, .msg_namelen = to_length};
  note_result(sendmsg(fd, &message, 0));
  note_result(recv(fd, byte, 3, 0));
  note(" %s", byte);
}
static void too_large(void) {
  static char large[70000];
  note_result(sendto(fd, large, sizeof large, 0, address(), to_length));
  struct iovec part = {large, sizeof large};
  struct msghdr message = {.msg_name = &to, .msg_namelen = to_length, .msg_iov = &part, .msg_iovlen = 1};
  note_result(sendmsg(fd, &message, 0));
}
static void bad_pointers(void) {
  void *bad = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct iovec part = {bad, 4}, good = {"good", 4};
  struct msghdr message = {.msg_name = &to, .msg_namelen = to_length, .msg_iov = &part, .msg_iovlen = 1};
  note_result(sendto(fd, bad, 4, 0, address(), to_length));
  note_result(sendto(fd, "a", 1, 0, bad, to_length));
  note_result(sendmsg(fd, bad, 0));
  note_result(sendmsg(fd, &message, 0));
  message.msg_iov = bad;
  note_result(sendmsg(fd, &message, 0));
  message.msg_iov = &good;
  message.msg_control = bad;
  message.msg_controllen = 64;
  note_result(sendmsg(fd, &message, 0));
  message.msg_control = NULL;
  message.msg_controllen = 0;
  message.msg_name = bad;
  note_result(sendmsg(fd, &message, 0));
  note_result(sendmmsg(fd, bad, 1, 0));
  note_result(recvmsg(fd, bad, MSG_DONTWAIT));
  note_result(recvmmsg(fd, bad, 1, MSG_DONTWAIT, NULL));
  note_result(recvfrom(fd, line + 500, 1, MSG_DONTWAIT, address(), bad));
}
static void short_addresses(void) {
  for (socklen_t length = 0; length < to_length; length++) {
    ssize_t n = sendto(fd, "a", 1, 0, address(), length);
    if (length == 0 || length == 1 || length == 2 || length == 15 || length == 16 || length == 23) note_result(n);
    if (n > 0) recv(fd, line + 500, 1, 0);
  }
  note_result(sendto(fd, "a", 1, 0, address(), 4096));
}
static void truncated_address(void) {
  const socklen_t sizes[] = {0, 1, 2, 8, to_length, sizeof to};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct sockaddr_storage from;
    memset(&from, 0xa5, sizeof from);
    socklen_t length = sizes[i], kept = 0;
    send_text("a");
    ssize_t n = recvfrom(fd, line + 500, 1, 0, (struct sockaddr *)&from, &length);
    while (kept < sizes[i] && kept < to_length && ((char *)&from)[kept] == ((char *)&to)[kept]) kept++;
    note(" %zd/%u/%u%s", n, length, kept,
         ((unsigned char *)&from)[sizes[i] < sizeof from ? sizes[i] : 127] == 0xa5 ? "" : "/over");
  }
}
static void bad_lengths(void) {
  char byte;
  socklen_t length = (socklen_t)-1;
  struct iovec part = {&byte, 1};
  struct sockaddr_storage from;
  struct msghdr message = {.msg_name = &from, .msg_namelen = (socklen_t)-1, .msg_iov = &part, .msg_iovlen = 1};
  send_text("b");
  note_result(recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &length));
  note_result(recvmsg(fd, &message, MSG_DONTWAIT));
  message = (struct msghdr){.msg_namelen = 7, .msg_iov = &part, .msg_iovlen = 1};
  send_text("b");
  note_result(recvmsg(fd, &message, 0));
  note(" %u", message.msg_namelen);
}
static void truncated_data(void) {
  char bytes[4] = "...";
  struct iovec part = {bytes, 2};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  send_text("abcdef");
  note_result(recvfrom(fd, bytes, 2, MSG_TRUNC, NULL, NULL));
  send_text("abcdef");
  note_result(recvmsg(fd, &message, 0));
  note(" %s %s", message.msg_flags & MSG_TRUNC ? "TRUNC" : "-", bytes);
}
static void not_now(void) {
  char bytes[4];
  struct sockaddr_storage from;
  socklen_t length = 3;
  struct msghdr message = {.msg_name = &from, .msg_namelen = 5, .msg_flags = 0x77};
  struct mmsghdr many = {.msg_hdr = message};
  struct timespec soon = {0, 1000}, wrong = {0, -1};
  note_result(recvfrom(fd, bytes, 4, MSG_DONTWAIT, (struct sockaddr *)&from, &length));
  note(" %u", length);
  note_result(recvmsg(fd, &message, MSG_DONTWAIT));
  note(" %u %x", message.msg_namelen, (unsigned)message.msg_flags);
  note_result(recvmmsg(fd, &many, 1, MSG_DONTWAIT, &soon));
  note_result(recvmmsg(fd, &many, 1, MSG_DONTWAIT, &wrong));
  note_result(recvmmsg(fd, &many, 0, MSG_DONTWAIT, NULL));
  note_result(recvmsg(fd, &message, MSG_DONTWAIT | MSG_ERRQUEUE));
}
static void several(void) {
  char bytes[4][8] = {"", "", "", ""};
  struct iovec in[4], out[3] = {{"one", 3}, {"three", 5}, {"seventh", 7}};
  struct sockaddr_storage from[4];
  struct mmsghdr messages[4], sent[3];
  struct timespec patience = {60, 0};
  memset(messages, 0, sizeof messages);
  memset(sent, 0, sizeof sent);
  for (int i = 0; i < 3; i++)
    sent[i].msg_hdr = (struct msghdr){.msg_name = &to, .msg_namelen = to_length, .msg_iov = &out[i], .msg_iovlen = 1};
  note_result(sendmmsg(fd, sent, 3, 0));
  note(" %u %u %u", sent[0].msg_len, sent[1].msg_len, sent[2].msg_len);
  int got = 0;
  while (got < 3) {
    for (int i = got; i < 4; i++) {
      in[i] = (struct iovec){bytes[i], 7};
      messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = 128, .msg_iov = &in[i]};
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    int n = recvmmsg(fd, messages + got, (unsigned)(4 - got), MSG_WAITFORONE, &patience);
    if (n <= 0) return note_result(n);
    got += n;
  }
  note("%s", patience.tv_sec == 60 && patience.tv_nsec == 0 ? " untouched" : "");  // recvmmsg(2): it is not changed
  for (int i = 0; i < got; i++)
    note(" %s/%u%s", bytes[i], messages[i].msg_len, memcmp(&from[i], &to, to_length) ? "/other" : "");
}
static void other_descriptors(void) {
  int pipes[2];
  struct mmsghdr none = {0};
  if (pipe(pipes) != 0) return;
  note_result(sendto(pipes[1], "a", 1, 0, address(), to_length));
  note_result(recvfrom(pipes[0], line + 500, 1, 0, address(), &to_length));
  note_result(sendmmsg(-1, &none, 1, 0));
  note_result(recvmmsg(-1, &none, 1, 0, NULL));
  note_result(setsockopt(-1, IPPROTO_IP, IP_PKTINFO, &pipes[0], 4));
  close(pipes[0]);
  close(pipes[1]);
}

static void passed_descriptor(void) {
  int ends[2], pipes[2], got = -1;
  char byte;
  union {
    struct cmsghdr header;
    char bytes[64];
  } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0 || pipe(pipes) != 0) return;
  memcpy(CMSG_DATA(&control.header), &pipes[1], sizeof(int));
  message.msg_controllen = CMSG_SPACE(sizeof(int));
  note_result(sendmsg(ends[0], &message, 0));
  memset(&control, 0, sizeof control);
  message.msg_controllen = sizeof control;
  note_result(recvmsg(ends[1], &message, 0));
  memcpy(&got, CMSG_DATA(&control.header), sizeof got);
  note_result(write(got, "through", 7));
  note_result(read(pipes[0], &byte, 1));
  note_result(send(ends[0], "ab", 2, 0));
  note_result(recvfrom(ends[1], &byte, 1, MSG_TRUNC, NULL, NULL));
  for (int i = 0; i < 2; i++) close(ends[i]), close(pipes[i]);
  close(got);
}

static const struct {
  const char *name;
  void (*run)(void);
} table[] = {
    {"no-destination", no_destination},
    {"nothing", nothing},
    {"too-large", too_large},
    {"bad-pointers", bad_pointers},
    {"short-addresses", short_addresses},
    {"truncated-address", truncated_address},
    {"bad-lengths", bad_lengths},
    {"truncated-data", truncated_data},
    {"not-now", not_now},
    {"several", several},
    {"other-descriptors", other_descriptors},
    {"passed-descriptor", passed_descriptor},
};

int run_odd(char **words, int count) {
  if (count < 5 || strcmp(words[0], "odd") != 0) return 0;
  fd = place_named(words[1])->fd;
  to_length = probe_address(words[3], words[4], &to);
  line[0] = 0;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (strcmp(table[i].name, words[2]) == 0) table[i].run();
  probe_say("%s:%s", words[2], line);
  return 1;
}
