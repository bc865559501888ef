// Places of hosts.c that stand in files of their own.
#ifndef PLACES_H
#define PLACES_H

#include <signal.h>
#include <sys/socket.h>

extern struct sockaddr_storage destination;
extern socklen_t length;
extern volatile sig_atomic_t good, failure;

// One connection and its echo. Async-signal-safe. Returns 0 or errno.
int exchange(void);
// The same with read(2) and write(2) only, to `to`. Returns the name of errno, or `echo`.
const char *plain_exchange(const struct sockaddr_storage *to);

void spawned(char **argv);                                    // spawn.c
void vforked(char **argv);                                    // spawn.c
void refused(int argc, char **argv);                          // rough.c
void bare(void);                                              // rough.c
void few(void);                                               // rough.c
void crowd(void);                                             // storms.c
void forks(int count);                                        // storms.c
void alarms(int count);                                       // storms.c
void datagrams(void);                                         // rough.c
void closes(void);                                            // rough.c
void plugin(const char *how, const char *path, char **argv);  // rough.c

#endif
