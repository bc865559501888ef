// A redirect service over plain ioctl (SPEC S12): `service NAME HOST PORT [--no-set] [--chain FILE]`. It accepts,
// queries records and context, sets the records on its own socket, connects to the destination that the context
// names (two sockaddr_storage: remote, local) and relays.
#define _GNU_SOURCE  // strerrorname_np
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../../include/wfpshim/wfp_ioctl.h"
#include "probe.h"

static const char *name;
static int set_records = 1;

static void serve(int fd) {
  char records[4160], context[65536], text[64];
  struct wfp_ioctl query = {.out = records, .out_size = sizeof records};
  if (ioctl(fd, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, &query) != 0) {
    probe_say("%s records %s %u", name, strerrorname_np(errno), query.bytes_returned);
    return;
  }
  uint32_t records_size = query.bytes_returned;
  struct wfp_ioctl second = {.out = context, .out_size = sizeof context};
  if (ioctl(fd, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, &second) != 0) {
    probe_say("%s context %s %u", name, strerrorname_np(errno), second.bytes_returned);
    return;
  }
  struct sockaddr_storage destination;
  memcpy(&destination, context, sizeof destination);
  int out = socket(destination.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (out < 0) return;
  if (set_records) {
    struct wfp_ioctl set = {.in = records, .in_size = records_size};
    if (ioctl(out, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, &set) != 0)
      probe_say("%s set %s", name, strerrorname_np(errno));
  }
  socklen_t length = destination.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  if (connect(out, (struct sockaddr *)&destination, length) != 0) {
    probe_say("%s connect %s %s", name, probe_text(&destination, text), strerrorname_np(errno));
  } else {
    probe_say("%s flow %s records %u context %u", name, probe_text(&destination, text), records_size,
              second.bytes_returned);
    probe_relay(fd, out);
  }
  close(out);
}

static void *serve_thread(void *argument) {
  int fd = (int)(intptr_t)argument;
  serve(fd);
  close(fd);
  return NULL;
}

int main(int argc, char **argv) {
  uint16_t port;
  if (argc < 4) return 2;
  name = argv[1];
  set_records = !probe_flag(argc, argv, "--no-set");
  int listener = probe_listen(argv[2], argv[3], 0, &port);
  probe_say("listening %u", port);
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) probe_thread(serve_thread, (void *)(intptr_t)fd);
  }
}
