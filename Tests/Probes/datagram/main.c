// Datagrams by script: `datagram COMMAND...`, each argument one command, one line a command. S is a socket, a letter.
//
//   new S 4|6|dual|tcp|unix|icmp    6: IPV6_V6ONLY; every receive ends after three seconds
//   bind S HOST PORT, connect S HOST PORT, disconnect S (AF_UNSPEC), close S, dup S T
//   listening S      says `listening PORT`
//   set S LEVEL NAME VALUE [LENGTH]
//   peer S, name S   getpeername, getsockname (the port as `*` when it is not 0)
//   refuse CALL ERROR   a seccomp filter (probe_refuse) from here on
//   hold             says `holding` and waits for SIGUSR1
//   ... and what send.c, receive.c, service.c and odd.c list
#define _GNU_SOURCE  // strerrorname_np
#include "datagram.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "probe.h"

static struct place places[26];
unsigned char context[65536], records[4160];
size_t context_size, records_size;

struct place *place_named(const char *name) {
  if (name[0] < 'a' || name[0] > 'z' || name[1]) {
    errno = EINVAL;
    probe_die(name);
  }
  return &places[name[0] - 'a'];
}

void say_result(ssize_t n) {
  if (n < 0) {
    probe_say("%s", strerrorname_np(errno));
  } else {
    probe_say("ok %zd", n);
  }
}

void say_received(ssize_t n, const char *data, const struct sockaddr_storage *from, socklen_t length) {
  char text[64];
  if (n < 0) {
    probe_say("%s", strerrorname_np(errno));
  } else if (length) {
    probe_say("%.*s from %s", n < 60 ? (int)n : 60, data, probe_text(from, text));
  } else {
    probe_say("%.*s", n < 60 ? (int)n : 60, data);
  }
}

static int make(const char *kind) {
  int off = 0, on = 1, fd;
  if (strcmp(kind, "tcp") == 0) return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (strcmp(kind, "unix") == 0) return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (strcmp(kind, "icmp") == 0) return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
  fd = socket(strcmp(kind, "4") == 0 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && strcmp(kind, "4") != 0)
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, strcmp(kind, "6") == 0 ? &on : &off, sizeof on);
  return fd;
}

static int set_option(char **words, int count) {
  int value = atoi(words[4]);
  socklen_t length = count > 5 ? (socklen_t)atoi(words[5]) : sizeof value;
  const void *at = strcmp(words[4], "bad") == 0 ? (void *)8 : &value;
  return setsockopt(place_named(words[1])->fd, atoi(words[2]), atoi(words[3]), at, length);
}

static void say_name(int fd, int peer) {
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  char text[64];
  int result = peer ? getpeername(fd, (struct sockaddr *)&address, &length)
                    : getsockname(fd, (struct sockaddr *)&address, &length);
  if (result != 0) return say_result(result);
  probe_text(&address, text);
  char *port = strrchr(text, ':');
  if (!peer && strcmp(port, ":0") != 0) strcpy(port, ":*");
  probe_say("%s", text);
}

static void hold(void) {
  sigset_t usr1;
  int number;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  probe_say("holding");
  sigwait(&usr1, &number);
}

static int run_refuse(char **words, int count) {
  if (count != 3 || strcmp(words[0], "refuse") != 0) return 0;
  probe_refuse(words[1], words[2]);
  say_result(0);
  return 1;
}

static int run_own(char **words, int count) {
  if (strcmp(words[0], "hold") == 0) return hold(), 1;
  if (count < 2) return 0;
  struct place *place = place_named(words[1]);
  struct sockaddr_storage address;
  socklen_t length = count > 3 && strcmp(words[0], "set") != 0 ? probe_address(words[2], words[3], &address) : 0;
  if (strcmp(words[0], "new") == 0) {
    struct timeval patience = {3, 0};
    place->fd = make(words[2]);
    if (place->fd >= 0) setsockopt(place->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    say_result(place->fd < 0 ? -1 : 0);
  } else if (strcmp(words[0], "bind") == 0) {
    say_result(bind(place->fd, (struct sockaddr *)&address, length));
  } else if (strcmp(words[0], "connect") == 0) {
    say_result(connect(place->fd, (struct sockaddr *)&address, length));
  } else if (strcmp(words[0], "disconnect") == 0) {
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    say_result(connect(place->fd, &none, sizeof none));
  } else if (strcmp(words[0], "close") == 0) {
    say_result(close(place->fd));
  } else if (strcmp(words[0], "dup") == 0) {
    struct place *copy = place_named(words[2]);
    copy->fd = dup(place->fd);
    say_result(copy->fd < 0 ? -1 : 0);
  } else if (strcmp(words[0], "set") == 0) {
    say_result(set_option(words, count));
  } else if (strcmp(words[0], "peer") == 0 || strcmp(words[0], "name") == 0) {
    say_name(place->fd, words[0][0] == 'p');
  } else if (strcmp(words[0], "listening") == 0) {
    length = sizeof address;
    if (getsockname(place->fd, (struct sockaddr *)&address, &length) != 0) probe_die("getsockname");
    probe_say("listening %u", ntohs(((struct sockaddr_in *)&address)->sin_port));
  } else {
    return 0;
  }
  return 1;
}

int main(int argc, char **argv) {
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, NULL);
  for (int i = 1; i < argc; i++) {
    char *words[16], line[512];
    int count = 0;
    snprintf(line, sizeof line, "%s", argv[i]);
    for (char *word = strtok(line, " "); word && count < 16; word = strtok(NULL, " ")) words[count++] = word;
    if (count == 0) continue;
    if (!run_refuse(words, count) && !run_odd(words, count) && !run_service(words, count) && !run_send(words, count) &&
        !run_receive(words, count) && !run_own(words, count)) {
      probe_say("unknown command %s", argv[i]);
      return 2;
    }
  }
}
