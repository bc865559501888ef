// Sends of the datagram probe. TEXT `-` is empty, `*N` are N bytes.
//
//   sendto|sendmsg|sendmmsg S HOST PORT TEXT   HOST `none`: without an address. sendmmsg takes up to eight texts.
//   send|write S TEXT
//   marked S HOST PORT TEXT LEVEL TYPE VALUE   sendmsg with an int as control data
//   from S HOST PORT TEXT SOURCE               sendmsg with IP_PKTINFO
//   segments S HOST PORT COUNT SIZE            one send of COUNT datagrams of SIZE bytes each (UDP_SEGMENT)
#define _GNU_SOURCE  // sendmmsg
#include "datagram.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static char filling[131072];

static struct iovec text_of(const char *word) {
  if (strcmp(word, "-") == 0) return (struct iovec){filling, 0};
  if (word[0] != '*') return (struct iovec){(void *)word, strlen(word)};
  memset(filling, 'x', sizeof filling);
  return (struct iovec){filling, (size_t)atol(word + 1)};
}

static ssize_t send_several(int fd, struct sockaddr_storage *to, socklen_t length, char **texts, int count) {
  struct mmsghdr messages[8];
  struct iovec parts[8];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < count; i++) {
    parts[i] = text_of(texts[i]);
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = length ? to : NULL;
    messages[i].msg_hdr.msg_namelen = length;
  }
  int sent = sendmmsg(fd, messages, (unsigned)count, 0);
  ssize_t total = sent;
  for (int i = 0; i < sent; i++) total += messages[i].msg_len;
  return sent < 0 ? -1 : total - sent;
}

static ssize_t send_controlled(int fd, struct sockaddr_storage *to, socklen_t length, struct iovec part, int level,
                               int type, const void *value, size_t size) {
  union {
    struct cmsghdr header;
    char bytes[128];
  } control;
  memset(&control, 0, sizeof control);
  control.header.cmsg_level = level;
  control.header.cmsg_type = type;
  control.header.cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(&control.header), value, size);
  struct msghdr message = {.msg_name = length ? to : NULL, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
  message.msg_control = &control;
  message.msg_controllen = CMSG_SPACE(size);
  return sendmsg(fd, &message, 0);
}

static int send_addressed(char **words, int count) {
  static const char *const own[] = {"sendto", "sendmsg", "sendmmsg", "marked", "from", "segments"};
  size_t known = 0;
  while (known < sizeof own / sizeof *own && strcmp(own[known], words[0]) != 0) known++;
  if (known == sizeof own / sizeof *own) return 0;
  int fd = place_named(words[1])->fd;
  struct sockaddr_storage to;
  socklen_t length = strcmp(words[2], "none") == 0 ? 0 : probe_address(words[2], words[3], &to);
  struct iovec part = text_of(words[4]);
  struct msghdr message = {.msg_name = length ? &to : NULL, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
  if (strcmp(words[0], "sendto") == 0) {
    say_result(sendto(fd, part.iov_base, part.iov_len, 0, length ? (struct sockaddr *)&to : NULL, length));
  } else if (strcmp(words[0], "sendmsg") == 0) {
    say_result(sendmsg(fd, &message, 0));
  } else if (strcmp(words[0], "sendmmsg") == 0) {
    say_result(send_several(fd, &to, length, words + 4, count - 4));
  } else if (strcmp(words[0], "marked") == 0 && count > 7) {
    int value = atoi(words[7]);
    say_result(send_controlled(fd, &to, length, part, atoi(words[5]), atoi(words[6]), &value, sizeof value));
  } else if (strcmp(words[0], "from") == 0 && count > 5) {
    struct in_pktinfo source = {0};
    inet_pton(AF_INET, words[5], &source.ipi_spec_dst);
    say_result(send_controlled(fd, &to, length, part, IPPROTO_IP, IP_PKTINFO, &source, sizeof source));
  } else if (strcmp(words[0], "segments") == 0 && count > 5) {
    uint16_t size = (uint16_t)atoi(words[5]);
    memset(filling, 'x', sizeof filling);
    part = (struct iovec){filling, (size_t)(atoi(words[4]) * size)};
    say_result(send_controlled(fd, &to, length, part, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size));
  } else {
    return 0;
  }
  return 1;
}

int run_send(char **words, int count) {
  if (count < 3) return 0;
  if (strcmp(words[0], "send") == 0 || strcmp(words[0], "write") == 0) {
    struct iovec part = text_of(words[2]);
    int fd = place_named(words[1])->fd;
    say_result(words[0][0] == 's' ? send(fd, part.iov_base, part.iov_len, 0) : write(fd, part.iov_base, part.iov_len));
    return 1;
  }
  return count > 4 ? send_addressed(words, count) : 0;
}
