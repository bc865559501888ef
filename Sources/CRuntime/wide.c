/* <wchar.h> for characters of 16 bits: what -fshort-wchar programs call by the ISO names (wfpshim/ws2wide.h). */
#include "wfp_runtime.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

typedef ws2_unit unit;

size_t ws2_wcsnlen(const unit *text, size_t most) {
  size_t count = 0;
  while (count < most && text[count] != 0) count++;
  return count;
}
size_t ws2_wcslen(const unit *text) { return ws2_wcsnlen(text, SIZE_MAX); }

unit *ws2_wmemcpy(unit *to, const unit *from, size_t count) { return memcpy(to, from, count * sizeof *to); }
unit *ws2_wmemmove(unit *to, const unit *from, size_t count) { return memmove(to, from, count * sizeof *to); }
unit *ws2_wmemset(unit *to, unit value, size_t count) {
  for (size_t index = 0; index < count; index++) to[index] = value;
  return to;
}
int ws2_wmemcmp(const unit *a, const unit *b, size_t count) {
  for (; count > 0; a++, b++, count--)
    if (*a != *b) return *a < *b ? -1 : 1;
  return 0;
}
unit *ws2_wmemchr(const unit *text, unit value, size_t count) {
  for (; count > 0; text++, count--)
    if (*text == value) return (unit *)text;
  return NULL;
}

unit *ws2_wcsncpy(unit *to, const unit *from, size_t count) {
  size_t length = ws2_wcsnlen(from, count);
  ws2_wmemcpy(to, from, length);
  ws2_wmemset(to + length, 0, count - length);
  return to;
}
unit *ws2_wcscpy(unit *to, const unit *from) { return ws2_wmemmove(to, from, ws2_wcslen(from) + 1); }
unit *ws2_wcscat(unit *to, const unit *from) {
  ws2_wcscpy(to + ws2_wcslen(to), from);
  return to;
}
unit *ws2_wcsncat(unit *to, const unit *from, size_t count) {
  size_t length = ws2_wcslen(to), more = ws2_wcsnlen(from, count);
  ws2_wmemcpy(to + length, from, more);
  to[length + more] = 0;
  return to;
}

int ws2_wcsncmp(const unit *a, const unit *b, size_t count) {
  for (; count > 0; a++, b++, count--)
    if (*a != *b || *a == 0) return *a < *b ? -1 : *a > *b;
  return 0;
}
int ws2_wcscmp(const unit *a, const unit *b) { return ws2_wcsncmp(a, b, SIZE_MAX); }
int ws2_wcscoll(const unit *a, const unit *b) { return ws2_wcscmp(a, b); }
// _wcsicmp's page: a NULL is EINVAL and _NLSCMPERROR.
int ws2_wcsncasecmp(const unit *a, const unit *b, size_t count) {
  if (!a || !b) {
    errno = EINVAL;
    return INT_MAX;
  }
  for (; count > 0; a++, b++, count--) {
    wint_t left = towlower(*a), right = towlower(*b);
    if (left != right || left == 0) return left < right ? -1 : left > right;
  }
  return 0;
}
int ws2_wcscasecmp(const unit *a, const unit *b) { return ws2_wcsncasecmp(a, b, SIZE_MAX); }

unit *ws2_wcschr(const unit *text, unit value) { return ws2_wmemchr(text, value, ws2_wcslen(text) + 1); }
unit *ws2_wcsrchr(const unit *text, unit value) {
  for (size_t index = ws2_wcslen(text) + 1; index > 0; index--)
    if (text[index - 1] == value) return (unit *)text + index - 1;
  return NULL;
}
static size_t span(const unit *text, const unit *set, int is_in) {
  size_t count = 0;
  while (text[count] != 0 && (ws2_wcschr(set, text[count]) != NULL) == is_in) count++;
  return count;
}
size_t ws2_wcsspn(const unit *text, const unit *set) { return span(text, set, 1); }
size_t ws2_wcscspn(const unit *text, const unit *set) { return span(text, set, 0); }
unit *ws2_wcspbrk(const unit *text, const unit *set) {
  text += span(text, set, 0);
  return *text == 0 ? NULL : (unit *)text;
}
unit *ws2_wcsstr(const unit *text, const unit *part) {
  size_t length = ws2_wcslen(part);
  for (;; text++) {
    if (ws2_wcsncmp(text, part, length) == 0) return (unit *)text;
    if (*text == 0) return NULL;
  }
}
unit *ws2_wcstok(unit *text, const unit *delimiters, unit **context) {
  if (text == NULL) text = *context;
  if (text == NULL) return NULL;
  text += span(text, delimiters, 1);
  unit *end = text + span(text, delimiters, 0);
  *context = *end == 0 ? NULL : end + 1;
  if (end == text) return NULL;
  *end = 0;
  return text;
}
unit *ws2_wcsdup(const unit *text) {
  size_t size = (ws2_wcslen(text) + 1) * sizeof *text;
  unit *copy = malloc(size);
  return copy == NULL ? NULL : memcpy(copy, text, size);
}

size_t ws2_mbstowcs(unit *to, const char *text, size_t count) {
  const unsigned char *from = (const unsigned char *)text, *end = from + strlen(text);
  size_t length = 0;
  while (from != end && (to == NULL || length < count)) {
    unit units[2];
    int size = ws2_put_wide(ws2_take_narrow(&from, end), units);
    if (to != NULL && length + (size_t)size > count) return length;
    if (to != NULL) ws2_wmemcpy(to + length, units, (size_t)size);
    length += (size_t)size;
  }
  if (to != NULL && length < count) to[length] = 0;
  return length;
}
size_t ws2_wcstombs(char *to, const unit *from, size_t count) {
  const unit *end = from + ws2_wcslen(from);
  size_t length = 0;
  while (from != end && (to == NULL || length < count)) {
    char units[4];
    int size = ws2_put_narrow(ws2_take_wide(&from, end), units);
    if (to != NULL && length + (size_t)size > count) return length;
    if (to != NULL) memcpy(to + length, units, (size_t)size);
    length += (size_t)size;
  }
  if (to != NULL && length < count) to[length] = 0;
  return length;
}
