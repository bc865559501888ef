// What is sent, and what comes back.
#ifndef STORM_H
#define STORM_H

#include <stdint.h>
#include <sys/socket.h>

struct letter {
  uint32_t number, socket;
  struct sockaddr_storage dialled;  // what the client dialled
  struct sockaddr_storage context;  // what the service was told
  uint64_t contexts, received, strays;
};

void race(const char *port, int threads, int destinations);

#endif
