/* The run-time's functions of 16-bit characters: part of ws2crt.h. The ISO names (wcslen, wprintf) are Microsoft's with
 * -fshort-wchar only, see ws2wide.h; the others are there in both cases. */
#ifndef WFPSHIM_WS2CRTWIDE_H
#define WFPSHIM_WS2CRTWIDE_H

#if defined(__cplusplus)
extern "C" {
#endif

int ws2_vsnwprintf(WCHAR *buffer, size_t room, const WCHAR *format, va_list arguments);
int ws2_vfwprintf(FILE *file, const WCHAR *format, va_list arguments);
size_t ws2_wcslen(const WCHAR *text);
int ws2_wcsncasecmp(const WCHAR *a, const WCHAR *b, size_t count);
WCHAR *ws2_wcstok(WCHAR *text, const WCHAR *delimiters, WCHAR **context);
WCHAR *ws2_wcsdup(const WCHAR *text);
FILE *ws2_wfopen(const WCHAR *name, const WCHAR *mode);
long long ws2_wcstoll(const WCHAR *text, WCHAR **end, int base);
size_t ws2_mbstowcs(WCHAR *to, const char *from, size_t room);
size_t ws2_wcstombs(char *to, const WCHAR *from, size_t room);

#if defined(__cplusplus)
}
#endif

#if defined(WS2_SHORT_WCHAR)
/* libstdc++ reads glibc's <stdlib.h> behind our back, so that a pragma comes too late for these two. */
#if defined(__cplusplus)
namespace std {
using ::ws2_mbstowcs;
using ::ws2_wcstombs;
}  // namespace std
#endif
#define mbstowcs ws2_mbstowcs
#define wcstombs ws2_wcstombs
#endif

#define _wcsicmp(a, b) ws2_wcsncasecmp((a), (b), (size_t)-1)
#define _wcsnicmp ws2_wcsncasecmp
#define _wcsdup ws2_wcsdup
#define _wfopen ws2_wfopen
#define wcstok_s ws2_wcstok

static inline int _wtoi(const WCHAR *text) { return (int)ws2_wcstoll(text, NULL, 10); }
static inline long long _wtoi64(const WCHAR *text) { return ws2_wcstoll(text, NULL, 10); }
static inline errno_t _wfopen_s(FILE **file, const WCHAR *name, const WCHAR *mode) {
  if (file == NULL) return EINVAL;
  *file = name == NULL || mode == NULL ? NULL : ws2_wfopen(name, mode);
  return *file != NULL ? 0 : name == NULL || mode == NULL ? EINVAL : errno;
}

static inline errno_t ws2_empty_wide(WCHAR *text, size_t size, errno_t error) {
  if (text != NULL && size != 0) text[0] = 0;
  errno = error;
  return error;
}
static inline errno_t wcsncpy_s(WCHAR *to, rsize_t size, const WCHAR *from, rsize_t count) {
  size_t length = 0;
  if (to == NULL || size == 0 || (from == NULL && count != 0)) return ws2_empty_wide(to, size, EINVAL);
  while (length < count && from[length] != 0 && length < size) length++;
  if (length < size) {
    if (length != 0) memmove(to, from, length * sizeof(WCHAR));
    to[length] = 0;
    return 0;
  }
  if (count != _TRUNCATE) return ws2_empty_wide(to, size, ERANGE);
  memmove(to, from, (size - 1) * sizeof(WCHAR));
  to[size - 1] = 0;
  return STRUNCATE;
}
static inline errno_t wcscpy_s(WCHAR *to, rsize_t size, const WCHAR *from) {
  if (to == NULL || from == NULL) return ws2_empty_wide(to, size, EINVAL);
  return wcsncpy_s(to, size, from, (size_t)-2) == 0 ? 0 : ws2_empty_wide(to, size, ERANGE);
}
static inline errno_t wcsncat_s(WCHAR *to, rsize_t size, const WCHAR *from, rsize_t count) {
  size_t length = 0;
  if (to == NULL || from == NULL) return ws2_empty_wide(to, size, EINVAL);
  while (length < size && to[length] != 0) length++;
  if (length >= size) return ws2_empty_wide(to, size, EINVAL);
  errno_t error = wcsncpy_s(to + length, size - length, from, count);
  return error == 0 || error == STRUNCATE ? error : ws2_empty_wide(to, size, error);
}
static inline errno_t wcscat_s(WCHAR *to, rsize_t size, const WCHAR *from) {
  return wcsncat_s(to, size, from, size == 0 ? 0 : (size_t)-2);
}
static inline errno_t wmemcpy_s(WCHAR *to, rsize_t size, const WCHAR *from, rsize_t count) {
  return memcpy_s(to, size * sizeof(WCHAR), from, count * sizeof(WCHAR));
}

/* `count` receives the size with the terminator. Of the text at most `most` characters are converted. */
#define WS2_CONVERT_S(name, target, source, convert, empty)                                             \
  static inline errno_t name(size_t *count, target *to, size_t room, const source *from, size_t most) { \
    size_t length, fits;                                                                                \
    if (from == NULL || (to == NULL) != (room == 0)) return empty(to, room, EINVAL);                    \
    length = convert(NULL, from, 0);                                                                    \
    if (most < length) length = most;                                                                   \
    if (count != NULL) *count = length + 1;                                                             \
    if (to == NULL) return 0;                                                                           \
    if (length >= room && most != _TRUNCATE) return empty(to, room, ERANGE);                            \
    fits = convert(to, from, length < room ? length : room - 1);                                        \
    to[fits] = 0;                                                                                       \
    if (count != NULL) *count = fits + 1;                                                               \
    return length < room ? 0 : STRUNCATE;                                                               \
  }
WS2_CONVERT_S(mbstowcs_s, WCHAR, char, ws2_mbstowcs, ws2_empty_wide)
WS2_CONVERT_S(wcstombs_s, char, WCHAR, ws2_wcstombs, ws2_empty)
#undef WS2_CONVERT_S

static inline int vswprintf_s(WCHAR *to, size_t size, const WCHAR *format, va_list arguments) {
  int length = to == NULL || format == NULL || size == 0 ? -1 : ws2_vsnwprintf(to, size, format, arguments);
  if (length >= 0 && (size_t)length < size) return length;
  ws2_empty_wide(to, size, length < 0 ? EINVAL : ERANGE);
  return -1;
}
static inline int _vsnwprintf_s(WCHAR *to, size_t size, size_t count, const WCHAR *format, va_list arguments) {
  size_t room = count < size ? count + 1 : size;
  int length = to == NULL || format == NULL || size == 0 ? -1 : ws2_vsnwprintf(to, room, format, arguments);
  if (length >= 0 && (size_t)length < room) return length;
  if (length < 0 || (count != _TRUNCATE && count >= size)) ws2_empty_wide(to, size, length < 0 ? EINVAL : ERANGE);
  return -1;
}
#define _vscwprintf(format, arguments) ws2_vsnwprintf(NULL, 0, (format), (arguments))

static inline int swprintf_s(WCHAR *to, size_t size, const WCHAR *format, ...) {
  WS2_VARIADIC(vswprintf_s(to, size, format, arguments));
}
static inline int _snwprintf_s(WCHAR *to, size_t size, size_t count, const WCHAR *format, ...) {
  WS2_VARIADIC(_vsnwprintf_s(to, size, count, format, arguments));
}
static inline int _scwprintf(const WCHAR *format, ...) { WS2_VARIADIC(ws2_vsnwprintf(NULL, 0, format, arguments)); }
static inline int wprintf_s(const WCHAR *format, ...) { WS2_VARIADIC(ws2_vfwprintf(stdout, format, arguments)); }
static inline int fwprintf_s(FILE *file, const WCHAR *format, ...) {
  WS2_VARIADIC(ws2_vfwprintf(file, format, arguments));
}

#endif
