/* Numbers from, and output of, characters of 16 bits: the other half of wide.c. Streams stay streams of bytes, in
 * UTF-8, so that printf and wprintf mix as on Windows. */
#include "wfp_runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef ws2_unit unit;

/* A number has ASCII characters only: so many of them as bytes, on the stack when they are few. */
#define NUMBER_FROM(type, call)                                                      \
  char buffer[128], *narrow_end;                                                     \
  size_t length = 0;                                                                 \
  while (text[length] != 0 && text[length] < 0x80) length++;                         \
  char *narrow = length < sizeof buffer ? buffer : malloc(length + 1);               \
  if (narrow == NULL) return 0;                                                      \
  for (size_t index = 0; index < length; index++) narrow[index] = (char)text[index]; \
  narrow[length] = 0;                                                                \
  type value = call;                                                                 \
  if (end != NULL) *end = (unit *)text + (narrow_end - narrow);                      \
  if (narrow != buffer) free(narrow);                                                \
  return value

long long ws2_wcstoll(const unit *text, unit **end, int base) {
  NUMBER_FROM(long long, strtoll(narrow, &narrow_end, base));
}
unsigned long long ws2_wcstoull(const unit *text, unit **end, int base) {
  NUMBER_FROM(unsigned long long, strtoull(narrow, &narrow_end, base));
}
long ws2_wcstol(const unit *text, unit **end, int base) { NUMBER_FROM(long, strtol(narrow, &narrow_end, base)); }
unsigned long ws2_wcstoul(const unit *text, unit **end, int base) {
  NUMBER_FROM(unsigned long, strtoul(narrow, &narrow_end, base));
}
double ws2_wcstod(const unit *text, unit **end) { NUMBER_FROM(double, strtod(narrow, &narrow_end)); }
float ws2_wcstof(const unit *text, unit **end) { NUMBER_FROM(float, strtof(narrow, &narrow_end)); }

int ws2_fputws(const unit *text, FILE *file) {
  char *narrow = ws2_narrow(text);
  if (narrow == NULL) return EOF;
  int result = fputs(narrow, file);
  free(narrow);
  return result;
}
unsigned ws2_fputwc(unit value, FILE *file) {
  unit text[] = {value, 0};
  return ws2_fputws(text, file) < 0 ? (unsigned)EOF : value;
}
unsigned ws2_putwc(unit value, FILE *file) { return ws2_fputwc(value, file); }
unsigned ws2_putwchar(unit value) { return ws2_fputwc(value, stdout); }

int ws2_vfwprintf(FILE *file, const unit *format, va_list arguments) {
  int length = ws2_vsnwprintf(NULL, 0, format, arguments);
  unit *text = length < 0 ? NULL : malloc(((size_t)length + 1) * sizeof *text);
  if (text == NULL) return -1;
  ws2_vsnwprintf(text, (size_t)length + 1, format, arguments);
  int result = ws2_fputws(text, file);
  free(text);
  return result < 0 ? -1 : length;
}
int ws2_vwprintf(const unit *format, va_list arguments) { return ws2_vfwprintf(stdout, format, arguments); }
int ws2_vswprintf(unit *to, size_t room, const unit *format, va_list arguments) {
  int length = ws2_vsnwprintf(to, room, format, arguments);
  return length >= 0 && (size_t)length < room ? length : -1;
}

#define VARIADIC(call)         \
  va_list arguments;           \
  va_start(arguments, format); \
  int result = call;           \
  va_end(arguments);           \
  return result
int ws2_wprintf(const unit *format, ...) { VARIADIC(ws2_vfwprintf(stdout, format, arguments)); }
int ws2_fwprintf(FILE *file, const unit *format, ...) { VARIADIC(ws2_vfwprintf(file, format, arguments)); }
int ws2_swprintf(unit *to, size_t room, const unit *format, ...) {
  VARIADIC(ws2_vswprintf(to, room, format, arguments));
}

FILE *ws2_wfopen(const unit *name, const unit *mode) {
  char *narrow_name = ws2_narrow(name), *narrow_mode = ws2_narrow(mode);
  FILE *file = narrow_name == NULL || narrow_mode == NULL ? NULL : fopen(narrow_name, narrow_mode);
  int error = errno;
  free(narrow_name);
  free(narrow_mode);
  errno = error;
  return file;
}
