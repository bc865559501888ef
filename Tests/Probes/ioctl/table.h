// Parts of the ioctl probe: places where a pointer may lead, kinds of sockets, and one call of a control code.
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>
#include <stdint.h>

#define PATTERN 0xa5

// Memory at which a call's argument stands. Opened writable, filled with the pattern, then sealed to what its name
// says.
struct place {
  const char *name;
  uint8_t *at;                      // what the call is given
  uint8_t *mapping;                 // to be made readable for the check and unmapped at the end
  size_t size, room, mapping_size;  // room: bytes behind `at` that can be filled and checked
};

// Returns -1 when there is no such place.
int place_open(struct place *place, const char *name, size_t size, void *stack);
void place_seal(struct place *place);
// Makes what still is mapped readable and writable again, so that it can be compared.
void place_unseal(struct place *place);
void place_close(struct place *place);

// A descriptor of a kind ("tcp", "udp", "pipe", "closed", ...). Returns -2 when the kernel has none, with errno.
int socket_of_kind(const char *kind);

// The records of the last successful query, for SIO_SET.
extern uint8_t records[4160];
extern size_t records_size;

// Runs one call, `OP SOCKET [SIZE] [key=value...]`, and writes its result into `result` (see call.c).
void run_call(char op, int fd, int count, char **words, char *result, size_t result_size);

// Scribbles on the page that the calls judge while they judge it (DESIGN D12).
void run_race(char op, int fd, char *result, size_t result_size);

const char *error_name(int error);

// Runs one command of the script; `words` begins with its name.
int run_command(int count, char **words, char *result, size_t size);

// A command of stream.c. Returns 0 when it is none.
int run_stream(int listener, int count, char **words, char *result, size_t size);

// The descriptor of a variable of the script, NULL when it has none.
int *variable(const char *name);

#endif
