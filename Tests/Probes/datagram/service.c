// A redirect service's calls of the datagram probe.
//
//   reply S TEXT                          to whom S last received from
//   accept S T                            T: bound where S is, connected to whom S last received from
//   query S R|C SIZE                      `RETURN ERRNO BYTES`
//   put S                                 SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS
//   records S HOST PORT TEXT FORM         sendmsg with the records last taken. HOST `none`: no address; `empty`: one of
//                                         no length. FORM: whole, twice, with-tos, empty, short, long, altered, zeros
#define _GNU_SOURCE  // strerrorname_np
#include "datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../../../include/wfpshim/wfp_ioctl.h"
#include "probe.h"

static void accept_datagrams(struct place *place, struct place *made) {
  struct sockaddr_storage own;
  socklen_t length = sizeof own;
  int on = 1;
  if (getsockname(place->fd, (struct sockaddr *)&own, &length) != 0) probe_die("getsockname");
  made->fd = socket(own.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  setsockopt(made->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  int result = bind(made->fd, (struct sockaddr *)&own, length);
  if (result == 0) result = connect(made->fd, (struct sockaddr *)&place->from, place->from_length);
  say_result(result);
}

static void query(int fd, const char *what, uint32_t size) {
  static char buffer[65536];
  struct wfp_ioctl request = {.out = buffer, .out_size = size, .bytes_returned = 0xdead};
  unsigned long code =
      what[0] == 'R' ? SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS : SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT;
  int result = ioctl(fd, code, &request);
  probe_say("%d %s %u", result, result ? strerrorname_np(errno) : "-", request.bytes_returned);
}

// One control message of the records in the given form.
static size_t add_records(char *to, const char *form) {
  struct cmsghdr header = {.cmsg_level = IPPROTO_IP, .cmsg_type = IP_WFP_REDIRECT_RECORDS};
  unsigned char blob[sizeof records];
  size_t size = records_size;
  memcpy(blob, records, size);
  if (strcmp(form, "empty") == 0) size = 0;
  if (strcmp(form, "short") == 0) size--;
  if (strcmp(form, "long") == 0) blob[size++] = 0;
  if (strcmp(form, "altered") == 0) blob[size / 2] ^= 1;
  if (strcmp(form, "zeros") == 0) memset(blob, 0, size);
  header.cmsg_len = CMSG_LEN(size);
  memcpy(to, &header, sizeof header);
  memcpy(to + CMSG_LEN(0), blob, size);
  return CMSG_SPACE(size);
}

static void send_records(int fd, char **words) {
  static char control[16384];
  struct sockaddr_storage to;
  int named = strcmp(words[2], "none") != 0, sized = named && strcmp(words[2], "empty") != 0;
  socklen_t length = sized ? probe_address(words[2], words[3], &to) : 0;
  struct iovec part = {words[4], strlen(words[4])};
  struct msghdr message = {.msg_name = named ? &to : NULL, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
  memset(control, 0, sizeof control);
  size_t at = 0;
  if (strcmp(words[5], "with-tos") == 0) {
    int tos = 0x20;
    struct cmsghdr header = {CMSG_LEN(sizeof tos), IPPROTO_IP, IP_TOS};
    memcpy(control, &header, sizeof header);
    memcpy(control + CMSG_LEN(0), &tos, sizeof tos);
    at = CMSG_SPACE(sizeof tos);
  }
  if (strcmp(words[5], "twice") == 0) at += add_records(control + at, "altered");
  at += add_records(control + at, words[5]);
  message.msg_control = control;
  message.msg_controllen = at;
  say_result(sendmsg(fd, &message, 0));
}

int run_service(char **words, int count) {
  if (count < 2) return 0;
  if (strcmp(words[0], "reply") == 0 && count > 2) {
    struct place *place = place_named(words[1]);
    say_result(sendto(place->fd, words[2], strlen(words[2]), 0, (struct sockaddr *)&place->from, place->from_length));
  } else if (strcmp(words[0], "accept") == 0 && count > 2) {
    accept_datagrams(place_named(words[1]), place_named(words[2]));
  } else if (strcmp(words[0], "query") == 0 && count > 3) {
    query(place_named(words[1])->fd, words[2], (uint32_t)atol(words[3]));
  } else if (strcmp(words[0], "put") == 0) {
    struct wfp_ioctl request = {.in = records, .in_size = (uint32_t)records_size};
    say_result(ioctl(place_named(words[1])->fd, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, &request));
  } else if (strcmp(words[0], "records") == 0 && count > 5) {
    send_records(place_named(words[1])->fd, words);
  } else {
    return 0;
  }
  return 1;
}
