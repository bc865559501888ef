// One call of a control code. Its result: `RETURN ERRNO BYTES BUFFER`, where
//   ERRNO   the name; `-` when errno was left alone
//   BYTES   bytes_returned; `kept` when the call did not write it; `-` when there is no request to look at
//   BUFFER  `same` when the out buffer still has its pattern, else `wrote`; `-` when there is none to look at
// and `+fields` when the call changed another field of its request, `+over` when it wrote behind the blob.
#define _GNU_SOURCE  // strerrorname_np
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../../../include/wfpshim/wfp_ioctl.h"
#include "table.h"

#define KEPT 0xa5a5a5a5u
#define UNUSED_ERRNO 7777

uint8_t records[4160];
size_t records_size;

const char *error_name(int error) {
  if (error == UNUSED_ERRNO) return "-";
  const char *name = strerrorname_np(error);
  return name ? name : "?";
}

static const char *value(int count, char **words, const char *key) {
  size_t length = strlen(key);
  for (int i = 0; i < count; i++)
    if (strncmp(words[i], key, length) == 0 && words[i][length] == '=') return words[i] + length + 1;
  return NULL;
}

static int flag(int count, char **words, const char *key) {
  for (int i = 0; i < count; i++)
    if (strcmp(words[i], key) == 0) return 1;
  return 0;
}

static size_t parse_hex(const char *text, uint8_t *to, size_t capacity) {
  size_t n = 0;
  for (unsigned byte; n < capacity && sscanf(text + 2 * n, "%2x", &byte) == 1; n++) to[n] = (uint8_t)byte;
  return n;
}

// in=good | flip:N | cut:N | extend:N | hops:N (claims N hops) | hex:... | zeros:N
static size_t make_blob(const char *what, uint8_t *to, size_t capacity) {
  long n = strchr(what, ':') ? strtol(strchr(what, ':') + 1, NULL, 10) : 0;
  if (strncmp(what, "hex:", 4) == 0) return parse_hex(what + 4, to, capacity);
  memset(to, 0, capacity);
  if (strncmp(what, "zeros:", 6) == 0) return (size_t)n;
  memcpy(to, records, records_size);
  if (strncmp(what, "flip:", 5) == 0) to[n] ^= 0x01;
  if (strncmp(what, "top:", 4) == 0) to[n] ^= 0x80;
  if (strncmp(what, "cut:", 4) == 0) return records_size - (size_t)n;
  if (strncmp(what, "extend:", 7) == 0) return records_size + (size_t)n;
  return records_size;
}

static uint64_t fnv(const uint8_t *at, size_t n) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < n; i++) hash = (hash ^ at[i]) * 0x100000001b3u;
  return hash;
}

static int changed(const uint8_t *at, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (at[i] != PATTERN) return 1;
  return 0;
}

static unsigned long code_of(char op, int count, char **words) {
  const char *given = value(count, words, "code");
  if (given) return strtoul(given, NULL, 0);
  unsigned long code = op == 'R'   ? SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS
                       : op == 'C' ? SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT
                                   : SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS;
  if (flag(count, words, "sign-extended")) code = (unsigned long)(long)(int)code;
  return code;
}

static uint32_t number(int count, char **words, const char *key, uint32_t fallback) {
  const char *given = value(count, words, key);
  return given ? (uint32_t)strtoul(given, NULL, 0) : fallback;
}

static const char *or_else(const char *given, const char *fallback) { return given ? given : fallback; }

void run_call(char op, int fd, int count, char **words, char *result, size_t result_size) {
  uint8_t stack[4096] __attribute__((aligned(16)));
  static _Thread_local uint8_t blob[8192];
  struct place out, in, request;
  uint32_t out_size = op == 'S' ? 0 : 1024;
  if (count > 0 && words[0][0] >= '0' && words[0][0] <= '9') out_size = (uint32_t)strtoul(words[0], NULL, 0);
  out_size = number(count, words, "size", out_size);
  size_t in_size = op == 'S' ? make_blob(or_else(value(count, words, "in"), "good"), blob, sizeof blob) : 0;
  uint32_t stated = number(count, words, "insize", (uint32_t)in_size);
  const char *in_place = or_else(value(count, words, "inat"), op == 'S' ? "heap" : "noncanonical");
  const char *out_place = or_else(value(count, words, "out"), op == 'S' ? "null" : "heap");
  if (place_open(&out, out_place, out_size, stack) != 0 || place_open(&in, in_place, in_size, stack) != 0 ||
      place_open(&request, or_else(value(count, words, "req"), "heap"), sizeof(struct wfp_ioctl), stack + 2048) != 0) {
    snprintf(result, result_size, "no such place");
    return;
  }
  if (in.room >= in_size && in_size) memcpy(in.at, blob, in_size);
  struct wfp_ioctl call = {.in = in.at,
                           .out = out.at,
                           .in_size = stated,
                           .out_size = out_size,
                           .bytes_returned = KEPT,
                           .reserved = number(count, words, "reserved", 0)};
  if (request.room >= sizeof call) memcpy(request.at, &call, sizeof call);
  place_seal(&out);
  place_seal(&in);
  place_seal(&request);
  errno = UNUSED_ERRNO;
  int returned = ioctl(fd, code_of(op, count, words), request.at);
  int error = errno;
  place_unseal(&out);
  place_unseal(&in);
  place_unseal(&request);
  struct wfp_ioctl after = call;
  int readable = request.room >= sizeof after;
  if (readable) memcpy(&after, request.at, sizeof after);
  char bytes[16];
  snprintf(bytes, sizeof bytes, !readable ? "-" : after.bytes_returned == KEPT ? "kept" : "%u", after.bytes_returned);
  const char *buffer = out.room == 0 ? "-" : changed(out.at, out.room) ? "wrote" : "same";
  int n = snprintf(result, result_size, "%d %s %s %s", returned, error_name(error), bytes, buffer);
  int same = after.in == call.in && after.out == call.out && after.in_size == call.in_size &&
             after.out_size == call.out_size && after.reserved == call.reserved;
  if (!same) n += snprintf(result + n, result_size - (size_t)n, " +fields");
  if (returned == 0 && op != 'S' && out.room > after.bytes_returned) {
    if (changed(out.at + after.bytes_returned, out.room - after.bytes_returned))
      n += snprintf(result + n, result_size - (size_t)n, " +over");
    if (flag(count, words, "hash"))
      snprintf(result + n, result_size - (size_t)n, " %016lx", fnv(out.at, after.bytes_returned));
    if (flag(count, words, "hex"))
      for (uint32_t i = 0; i < after.bytes_returned && (size_t)n + 4 < result_size; i++)
        n += snprintf(result + n, result_size - (size_t)n, i ? "%02x" : " %02x", out.at[i]);
    if (op == 'R' && after.bytes_returned <= sizeof records && flag(count, words, "keep")) {
      memcpy(records, out.at, after.bytes_returned);
      records_size = after.bytes_returned;
    }
  }
  place_close(&out);
  place_close(&in);
  place_close(&request);
}

struct race {
  volatile uint32_t *word;
  volatile int over;
  uint64_t lost, written;
};

static void *scribble(void *argument) {
  struct race *race = argument;
  for (uint32_t i = 0; !race->over; i++) {
    *race->word = i;
    if (*race->word != i) race->lost++;
    race->written++;
  }
  return NULL;
}

void run_race(char op, int fd, char *result, size_t result_size) {
  uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct race race = {.word = (uint32_t *)page};
  struct wfp_ioctl *call = (struct wfp_ioctl *)(page + 1024);
  memcpy(page + 2048, records, records_size);
  pthread_t thread;
  if (pthread_create(&thread, NULL, scribble, &race) != 0) return;
  int error = 0;
  char words[] = "x";
  char *list[] = {words};
  for (int i = 0; i < 30000; i++) {
    // 8 bytes do not suffice for any blob here: the buffer is judged, and nothing is written.
    *call = (struct wfp_ioctl){.in = page + 2048, .in_size = (uint32_t)records_size, .out = page, .out_size = 8};
    if (op == 'S') call->out = NULL, call->out_size = 0;
    error = ioctl(fd, code_of(op, 1, list), call) == 0 ? 0 : errno;
  }
  race.over = 1;
  pthread_join(thread, NULL);
  munmap(page, 4096);
  snprintf(result, result_size, "%s lost %lu of %s", error ? error_name(error) : "0", race.lost,
           race.written > 100000 ? "many" : "few");
}
