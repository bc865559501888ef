/* sscanf_s. One conversion at a time goes to libc's sscanf. Page: "sscanf_s, _sscanf_s_l, swscanf_s, _swscanf_s_l". */
#include "wfp_runtime.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST 256 /* of one conversion with the text before it */

struct conversion {
  char before[LONGEST]; /* literal text and white space */
  char set[LONGEST];    /* s, c, [...], or one letter */
  int width;            /* 0: none */
  int is_assigned;
  int is_wide_integer; /* 64 bits */
  int is_short;
  int is_double;
};

/* Reads up to the end of one conversion; NULL: not one that is known. */
static const char *read_set(const char *format, struct conversion *into) {
  size_t size = 1;
  if (*format == '[') {
    if (format[size] == '^') size++;
    if (format[size] == ']') size++;
    while (format[size] != 0 && format[size] != ']') size++;
    if (format[size++] == 0 || size >= LONGEST) return NULL;
  } else if (*format == 0 || strchr("sdiouxXaAeEfFgGcpn", *format) == NULL) {
    return NULL;
  }
  memcpy(into->set, format, size);
  return format + size;
}

static const char *read_conversion(const char *format, struct conversion *into) {
  size_t size = 0;
  memset(into, 0, sizeof *into);
  while (*format != 0 && (*format != '%' || format[1] == '%')) {
    size_t step = *format == '%' ? 2 : 1;
    if (size + step + 1 >= LONGEST) return NULL;
    memcpy(into->before + size, format, step);
    size += step;
    format += step;
  }
  if (*format == 0) return format;
  format++;
  into->is_assigned = *format != '*';
  if (!into->is_assigned) format++;
  while (*format >= '0' && *format <= '9')
    into->width = into->width < 100000 ? into->width * 10 + *format - '0' : 100000, format++;
  if (strncmp(format, "I64", 3) == 0 || strncmp(format, "I32", 3) == 0) {
    into->is_wide_integer = format[1] == '6';
    format += 3;
  }
  for (; *format != 0 && strchr("hlLIzjt", *format) != NULL; format++) {
    into->is_wide_integer |= strchr("LIzjt", *format) != NULL || (format[0] == 'l' && format[1] == 'l');
    into->is_short += *format == 'h';
    into->is_double |= *format == 'l';
  }
  return read_set(format, into);
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

/* How many bytes the conversion takes from the text; -1: it does not match. `passed` ends behind them. */
static long measure(const char *text, const struct conversion *what, long *passed) {
  char spec[2 * LONGEST + 64];
  int start = -1, end = -1;
  snprintf(spec, sizeof spec, "%s%%n", what->before);
  sscanf(text, spec, &start);
  if (start < 0) return -1;
  if (what->set[0] == 'n') return *passed = start, 0;
  /* The other conversions skip white space first: so that it is not counted as text. */
  if (what->set[0] != 'c' && what->set[0] != '[')
    while (text[start] == ' ' || (text[start] >= '\t' && text[start] <= '\r')) start++;
  if (what->width > 0)
    snprintf(spec, sizeof spec, "%%*%d%s%%n", what->width, what->set);
  else
    snprintf(spec, sizeof spec, "%%*%s%%n", what->set);
  sscanf(text + start, spec, &end);
  if (end < 0) return -1;
  *passed = start + end;
  return end;
}

static int assign_number(const char *text, long size, const struct conversion *what, void *to) {
  char number[512], spec[8];
  int is_real = strchr("aAeEfFgG", what->set[0]) != NULL;
  const char *length = is_real                 ? (what->is_double ? "l" : "")
                       : what->is_wide_integer ? "ll"
                       : what->is_short == 1   ? "h"
                       : what->is_short > 1    ? "hh"
                                               : "";
  if (size <= 0 || size >= (long)sizeof number) return 0;
  memcpy(number, text, (size_t)size);
  number[size] = 0;
  snprintf(spec, sizeof spec, "%%%s%c", what->set[0] == 'p' ? "" : length, what->set[0]);
  return sscanf(number, spec, to) == 1;
}

/* -1: does not match or does not fit; else whether something was assigned. */
static int assign(const char *start, long passed, long size, const struct conversion *what, va_list *arguments) {
  if (!what->is_assigned) return 0;
  void *to = va_arg(*arguments, void *);
  if (what->set[0] == 'n') return *(int *)to = (int)passed, 0;
  if (strchr("sc[", what->set[0]) == NULL) return assign_number(start, size, what, to) ? 1 : -1;
  unsigned room = va_arg(*arguments, unsigned);
  int is_text = what->set[0] != 'c';
  if ((unsigned long)size + (unsigned)is_text > room) {
    if (room > 0) *(char *)to = 0;
    return -1;
  }
  memcpy(to, start, (size_t)size);
  if (is_text) ((char *)to)[size] = 0;
  return 1;
}

int ws2_vsscanf_s(const char *text, const char *format, va_list arguments) {
  const char *whole = text;
  struct conversion what;
  va_list from;
  int assigned = 0, result = 0;
  va_copy(from, arguments);
  while ((format = read_conversion(format, &what)) != NULL && what.set[0] != 0) {
    long passed = 0, size = measure(text, &what, &passed);
    if (size < 0 && assigned == 0 && text[strspn(text, " \t\r\n\v\f")] == 0) assigned = EOF;
    if (size < 0) break;
    result = assign(text + passed - size, text + passed - whole, size, &what, &from);
    if (result < 0) break;
    assigned += result;
    text += passed;
  }
  va_end(from);
  return assigned;
}
