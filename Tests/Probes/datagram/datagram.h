// What the files of the datagram probe share.
#ifndef DATAGRAM_H
#define DATAGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

// A socket of the script, called by one letter, and from whom it last received.
struct place {
  int fd;
  struct sockaddr_storage from;
  socklen_t from_length;
};
struct place *place_named(const char *name);

// The context and the records that the last `take` received whole.
extern unsigned char context[65536], records[4160];
extern size_t context_size, records_size;

// Prints `ok N`, or errno's name.
void say_result(ssize_t n);
// Prints a datagram and whence it came (`length` 0: not said).
void say_received(ssize_t n, const char *data, const struct sockaddr_storage *from, socklen_t length);

// Each runs the command if it is its own; 0: it is not.
int run_send(char **words, int count);
int run_receive(char **words, int count);
int run_service(char **words, int count);
int run_odd(char **words, int count);

#endif
