// What the socket checks share. Each prints what the calls answered, with nothing in it that differs between two
// runs, so that a run with the shim can be compared with one without.
#ifndef SOCKETS_H
#define SOCKETS_H

#include "probe.h"

// Where the checks connect to: the first port is one that a policy redirects, the other may be left alone.
extern struct sockaddr_storage target, other;
extern socklen_t target_length, other_length;

// "0", or the name of errno.
const char *answer(long result);

// A TCP socket of the target's family.
int tcp(void);

// Sends a few bytes and compares the echo: "echo", or what failed.
const char *echo(int fd);

// A fresh socket that connects to the target and compares the echo.
const char *works(void);

// With --hold: prints the socket's own address, `holding`, and waits for SIGUSR1.
void hold(int fd);

void no_room(void);    // H43
void crossed(void);    // H26
void names(void);      // S7.2, H25, H43
void lengths(void);    // H26
void hostile(void);    // H43
void untouched(void);  // H14
void accepts(void);    // H43

void progress(void);     // S7.3, H16, H18
void repeated(void);     // S7.3
void interrupted(void);  // S7.3
void again(void);        // S7.3
void stuck(void);        // S7.3, S7.4
void timeout(void);      // S7.3
void unspec(void);       // S7.4
void elsewhere(void);    // S7.4
void twice(void);        // S2.13
void refusal(void);      // S10.2
void storm(void);        // H39
void burst(void);        // S4.1

void bound(const char *how);      // H27
void rebind(void);                // S7.4
void same_port(void);             // H27
void reuse(void);                 // H27
void fast_open(const char *how);  // H21
void families(void);              // H26

void leave(const char *how);  // H45
void in_vfork(void);          // H46

#endif
