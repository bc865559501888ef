// What the probe programs share. A probe is a plain Linux program: it behaves the same with and without the shim,
// but for what the shim promises. One result a line on stdout, flushed, so that a test can wait for it.
#ifndef PROBE_H
#define PROBE_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

// Prints the message with errno's text and exits with 1.
void probe_die(const char *what) __attribute__((noreturn));

// Prints one line and flushes it.
void probe_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Parses "127.0.0.1" or "::1" (or "::ffff:127.0.0.1") and a port. Returns the sockaddr's length.
socklen_t probe_address(const char *host, const char *port, struct sockaddr_storage *to);

// Text of an address: "127.0.0.1:80", "[::1]:80".
const char *probe_text(const struct sockaddr_storage *address, char text[64]);

// A listener on an address; port 0 takes any. Dual-stack when v6only is 0. *port receives the port.
extern int probe_share_port;   // SO_REUSEPORT
extern int probe_transparent;  // IP_TRANSPARENT
int probe_listen(const char *host, const char *port, int v6only, uint16_t *chosen);

// All of it, whatever the signals. Returns 0, or -1 at the end of the stream or an error.
int probe_send_all(int fd, const void *data, size_t n);
int probe_receive_all(int fd, void *data, size_t n);

// Copies both directions until both have ended, with half-close. Closes nothing.
void probe_relay(int a, int b);

// From now on the kernel answers the system call `name` (refuse.c lists them; `netlink` is socket(AF_NETLINK, ...))
// with EPERM or ENOSYS.
void probe_refuse(const char *name, const char *error);

// Starts a detached thread.
void probe_thread(void *(*body)(void *), void *argument);

// The value behind --name, or fallback.
const char *probe_option(int argc, char **argv, const char *name, const char *fallback);
int probe_flag(int argc, char **argv, const char *name);

#endif
