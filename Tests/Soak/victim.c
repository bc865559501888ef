// The host of `faults`: a client and a service without a thread or a library beside libc. It takes every answer as it
// comes; one line tells how each connection ended, and the last one that the host lived.
//   victim origin WORD                    a listener on any port: `listening PORT`, answers WORD and closes
//   victim client PORT OTHER COUNT        COUNT times a connection to each port
//   victim service COUNT                  accepts, asks for records and context, sets the records on a socket of its
//                                         own, answers `P`
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../include/wfpshim/wfp_ioctl.h"

static int open_listener(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 64) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
    perror("listener");
    exit(1);
  }
  printf("listening %u\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

static void origin(char word) {
  int listener = open_listener();
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) continue;
    send(fd, &word, 1, MSG_NOSIGNAL);
    close(fd);
  }
}

static void dial(const char *port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  char word = 0;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) {
    printf("socket %d\n", errno);
  } else if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    printf("connect %d\n", errno);
  } else if (recv(fd, &word, 1, 0) != 1) {
    printf("recv %d\n", errno);
  } else {
    printf("answer %c\n", word);
  }
  if (fd >= 0) close(fd);
}

static void serve(int listener) {
  char records[4160], context[1024], word = 'P';
  struct wfp_ioctl first = {.out = records, .out_size = sizeof records};
  struct wfp_ioctl second = {.out = context, .out_size = sizeof context};
  int fd = accept(listener, NULL, NULL);
  if (fd < 0) {
    printf("accept %d\n", errno);
    return;
  }
  int a = ioctl(fd, SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, &first) == 0 ? 0 : errno;
  int b = ioctl(fd, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT, &second) == 0 ? 0 : errno;
  struct wfp_ioctl third = {.in = records, .in_size = first.bytes_returned};
  int own = socket(AF_INET, SOCK_STREAM, 0);
  int c = a || own < 0 ? 0 : ioctl(own, SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS, &third) == 0 ? 0 : errno;
  if (a || b || c)
    printf("asked %d %d %d\n", a, b, c);
  else
    printf("served\n");
  fflush(stdout);
  send(fd, &word, 1, MSG_NOSIGNAL);
  if (own >= 0) close(own);
  close(fd);
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "origin") == 0) origin(argv[2][0]);
  if (argc == 5 && strcmp(argv[1], "client") == 0)
    for (int i = 0; i < atoi(argv[4]); i++) {
      dial(argv[2]);
      dial(argv[3]);
    }
  if (argc == 3 && strcmp(argv[1], "service") == 0) {
    int listener = open_listener();
    for (int i = 0; i < atoi(argv[2]); i++) serve(listener);
  }
  puts("lived");
  return 0;
}
