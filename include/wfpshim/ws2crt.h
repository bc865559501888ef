/* Microsoft's C run-time where it differs from ISO C: the bounded functions (_s) and the underscored names. Part of
 * <windows.h>, and of <stdio.h>, <stdlib.h>, <string.h>, <wchar.h> and <time.h> when this folder comes first, as on
 * Windows. What prints comes from libwfpcrt.a. A buffer that is too small gives an empty string and the error: Windows
 * would first call the invalid-parameter handler, which ends the program unless it sets one of its own. */
#ifndef WFPSHIM_WS2CRT_H
#define WFPSHIM_WS2CRT_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <wchar.h>

#include "ws2character.h"

typedef int errno_t;
typedef size_t rsize_t;
#if !defined(_TRUNCATE)
#define _TRUNCATE ((size_t)-1)
#define STRUNCATE 80
#define _countof(array) (sizeof(array) / sizeof((array)[0]))
#define _MAX_PATH 260
#define _MAX_DRIVE 3
#define _MAX_DIR 256
#define _MAX_FNAME 256
#define _MAX_EXT 256
#define _stricmp strcasecmp
#define _strcmpi strcasecmp
#define _strnicmp strncasecmp
#define _memicmp(a, b, count) strncasecmp((const char *)(a), (const char *)(b), (count))
#define _strdup strdup
#define _atoi64 atoll
#define _strtoi64 strtoll
#define _strtoui64 strtoull
#define _byteswap_ushort __builtin_bswap16
#define _byteswap_ulong __builtin_bswap32
#define _byteswap_uint64 __builtin_bswap64
#define _fileno fileno
#define _fseeki64 fseeko
#define _ftelli64 ftello
#if !defined(__cplusplus) /* libstdc++ has members of these names */
#define __max(a, b) (((a) > (b)) ? (a) : (b))
#define __min(a, b) (((a) < (b)) ? (a) : (b))
#endif
#endif

#if defined(__cplusplus)
extern "C" {
#endif

/* Formats as Microsoft's C run-time does (%I64u, %hs, %S; %ld has 32 bits, as a LONG). At most `room` units with the
 * terminator; the length that the whole text has, or -1. */
int ws2_vsnprintf(char *buffer, size_t room, const char *format, va_list arguments);
int ws2_vfprintf(FILE *file, const char *format, va_list arguments);
/* Each %s, %c and %[ has its buffer's size (unsigned) behind it; %lu stores 32 bits. */
int ws2_vsscanf_s(const char *text, const char *format, va_list arguments);

#if !defined(__cplusplus) && !defined(__USE_POSIX)
struct tm *localtime_r(const time_t *time, struct tm *result);
struct tm *gmtime_r(const time_t *time, struct tm *result);
char *strtok_r(char *text, const char *delimiters, char **context);
#endif
#if !defined(__cplusplus) && !defined(__USE_MISC)
char *strdup(const char *text);
#endif

#if defined(__cplusplus)
}
#endif

static inline errno_t ws2_empty(char *text, size_t size, errno_t error) {
  if (text != NULL && size != 0) text[0] = 0;
  errno = error;
  return error;
}
static inline errno_t strncpy_s(char *to, rsize_t size, const char *from, rsize_t count) {
  size_t length = 0;
  if (to == NULL || size == 0 || (from == NULL && count != 0)) return ws2_empty(to, size, EINVAL);
  while (length < count && from[length] != 0 && length < size) length++;
  if (length < size) {
    if (length != 0) memmove(to, from, length);
    to[length] = 0;
    return 0;
  }
  if (count != _TRUNCATE) return ws2_empty(to, size, ERANGE);
  memmove(to, from, size - 1);
  to[size - 1] = 0;
  return STRUNCATE;
}
static inline errno_t strcpy_s(char *to, rsize_t size, const char *from) {
  if (to == NULL || from == NULL) return ws2_empty(to, size, EINVAL);
  if (strlen(from) >= size) return ws2_empty(to, size, ERANGE);
  memmove(to, from, strlen(from) + 1);
  return 0;
}
static inline errno_t strncat_s(char *to, rsize_t size, const char *from, rsize_t count) {
  size_t length = 0;
  if (to == NULL || from == NULL) return ws2_empty(to, size, EINVAL);
  while (length < size && to[length] != 0) length++;
  if (length >= size) return ws2_empty(to, size, EINVAL);
  errno_t error = strncpy_s(to + length, size - length, from, count);
  return error == 0 || error == STRUNCATE ? error : ws2_empty(to, size, error);
}
static inline errno_t strcat_s(char *to, rsize_t size, const char *from) {
  return strncat_s(to, size, from, size == 0 ? 0 : (size_t)-2);
}
static inline char *strtok_s(char *text, const char *delimiters, char **context) {
  if (delimiters == NULL || context == NULL || (text == NULL && *context == NULL)) {
    errno = EINVAL;
    return NULL;
  }
  return strtok_r(text, delimiters, context);
}
static inline errno_t memcpy_s(void *to, rsize_t size, const void *from, rsize_t count) {
  if (count == 0) return 0;
  if (to == NULL || from == NULL || size < count) {
    if (to != NULL) memset(to, 0, size);
    return from == NULL || to == NULL ? EINVAL : ERANGE;
  }
  memcpy(to, from, count);
  return 0;
}
static inline errno_t memmove_s(void *to, rsize_t size, const void *from, rsize_t count) {
  if (count == 0) return 0;
  if (to == NULL || from == NULL) return EINVAL;
  if (size < count) return ERANGE;
  memmove(to, from, count);
  return 0;
}

static inline int vsprintf_s(char *to, size_t size, const char *format, va_list arguments) {
  int length = to == NULL || format == NULL || size == 0 ? -1 : ws2_vsnprintf(to, size, format, arguments);
  if (length >= 0 && (size_t)length < size) return length;
  ws2_empty(to, size, length < 0 ? EINVAL : ERANGE);
  return -1;
}
static inline int _vsnprintf_s(char *to, size_t size, size_t count, const char *format, va_list arguments) {
  size_t room = count < size ? count + 1 : size;
  int length = to == NULL || format == NULL || size == 0 ? -1 : ws2_vsnprintf(to, room, format, arguments);
  if (length >= 0 && (size_t)length < room) return length;
  if (length < 0 || (count != _TRUNCATE && count >= size)) ws2_empty(to, size, length < 0 ? EINVAL : ERANGE);
  return -1;
}
/* No terminator when the text fills the buffer; -1 when it does not fit. */
static inline int _vsnprintf(char *to, size_t count, const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int length = ws2_vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (length < 0 || to == NULL) return length;
  char *whole = (char *)malloc((size_t)length + 1);
  if (whole == NULL) return -1;
  ws2_vsnprintf(whole, (size_t)length + 1, format, arguments);
  memcpy(to, whole, (size_t)length < count ? (size_t)length + 1 : count);
  free(whole);
  return (size_t)length <= count ? length : -1;
}
#define _vscprintf(format, arguments) ws2_vsnprintf(NULL, 0, (format), (arguments))
#define vprintf_s(format, arguments) ws2_vfprintf(stdout, (format), (arguments))
#define vfprintf_s ws2_vfprintf

#define WS2_VARIADIC(call)     \
  va_list arguments;           \
  va_start(arguments, format); \
  int result = call;           \
  va_end(arguments);           \
  return result
static inline int sprintf_s(char *to, size_t size, const char *format, ...) {
  WS2_VARIADIC(vsprintf_s(to, size, format, arguments));
}
static inline int _snprintf_s(char *to, size_t size, size_t count, const char *format, ...) {
  WS2_VARIADIC(_vsnprintf_s(to, size, count, format, arguments));
}
static inline int _snprintf(char *to, size_t count, const char *format, ...) {
  WS2_VARIADIC(_vsnprintf(to, count, format, arguments));
}
static inline int _scprintf(const char *format, ...) { WS2_VARIADIC(ws2_vsnprintf(NULL, 0, format, arguments)); }
static inline int printf_s(const char *format, ...) { WS2_VARIADIC(ws2_vfprintf(stdout, format, arguments)); }
static inline int fprintf_s(FILE *file, const char *format, ...) {
  WS2_VARIADIC(ws2_vfprintf(file, format, arguments));
}
static inline int sscanf_s(const char *text, const char *format, ...) {
  WS2_VARIADIC(ws2_vsscanf_s(text, format, arguments));
}

static inline errno_t fopen_s(FILE **file, const char *name, const char *mode) {
  if (file == NULL) return EINVAL;
  *file = name == NULL || mode == NULL ? NULL : fopen(name, mode);
  return *file != NULL ? 0 : name == NULL || mode == NULL ? EINVAL : errno;
}
static inline errno_t localtime_s(struct tm *result, const time_t *time) {
  return result == NULL || time == NULL || localtime_r(time, result) == NULL ? EINVAL : 0;
}
static inline errno_t gmtime_s(struct tm *result, const time_t *time) {
  return result == NULL || time == NULL || gmtime_r(time, result) == NULL ? EINVAL : 0;
}
static inline errno_t strerror_s(char *to, size_t size, int error) {
  return strncpy_s(to, size, strerror(error), _TRUNCATE) == EINVAL ? EINVAL : 0;
}
static inline errno_t _itoa_s(int value, char *to, size_t size, int radix) {
  char digits[36], *at = digits + sizeof digits;
  unsigned rest = radix == 10 && value < 0 ? 0u - (unsigned)value : (unsigned)value;
  if (to == NULL || size == 0 || radix < 2 || radix > 36) return ws2_empty(to, size, EINVAL);
  *--at = 0;
  do *--at = "0123456789abcdefghijklmnopqrstuvwxyz"[rest % (unsigned)radix];
  while ((rest /= (unsigned)radix) != 0);
  if (radix == 10 && value < 0) *--at = '-';
  return strcpy_s(to, size, at);
}
static inline errno_t getenv_s(size_t *needed, char *to, size_t size, const char *name) {
  const char *value = name == NULL ? NULL : getenv(name);
  if (needed == NULL || name == NULL) return EINVAL;
  *needed = value == NULL ? 0 : strlen(value) + 1;
  if (value == NULL || size == 0) return to != NULL && size != 0 ? (to[0] = 0) : 0;
  return strcpy_s(to, size, value);
}
static inline errno_t _dupenv_s(char **value, size_t *size, const char *name) {
  const char *found = getenv(name);
  *value = found == NULL ? NULL : strdup(found);
  if (size != NULL) *size = found == NULL ? 0 : strlen(found) + 1;
  return found != NULL && *value == NULL ? ENOMEM : 0;
}

#include "ws2crtwide.h"
#include "ws2crtarrays.h"

#endif
