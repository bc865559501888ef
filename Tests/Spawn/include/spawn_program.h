// Starting a program for a test. C, because glibc shows the needed calls to _GNU_SOURCE only.
#ifndef SPAWN_PROGRAM_H
#define SPAWN_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

// Starts `file`. Standard output and error go to a pipe whose close-on-exec read end is *output; standard input
// is `input` (input_length bytes), or /dev/null when NULL. `directory` may be NULL.
// Returns 0 or an errno.
int spawn_program(const char *_Nonnull file, char *_Nullable const *_Nonnull argv, char *_Nullable const *_Nonnull envp,
                  const char *_Nullable directory, const char *_Nullable input, size_t input_length,
                  pid_t *_Nonnull pid, int *_Nonnull output);

#endif
