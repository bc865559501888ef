/* Microsoft's printf, for both widths of characters. Page: "Format specification syntax: printf and wprintf functions".
 */
#include "wfp_runtime.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct text {
  char *narrow;
  ws2_unit *wide;
  int is_wide;
  size_t room;  /* with the terminator */
  size_t count; /* of the whole text */
};

struct arguments {
  va_list list;
};

struct directive {
  char flags[6];
  int width;
  int precision; /* -1: none */
  enum { DEFAULT, CHAR_SIZE, SHORT_SIZE, LONG_SIZE, LONG_LONG_SIZE, POINTER_SIZE, WIDE_SIZE, LONG_DOUBLE_SIZE } size;
};

static void put(struct text *to, unsigned unit) {
  if (to->room > 0 && to->count < to->room - 1) {
    if (to->is_wide)
      to->wide[to->count] = (ws2_unit)unit;
    else
      to->narrow[to->count] = (char)unit;
  }
  to->count++;
}

static void put_character(struct text *to, uint32_t character) {
  char narrow[4];
  ws2_unit wide[2];
  int size = to->is_wide ? ws2_put_wide(character, wide) : ws2_put_narrow(character, narrow);
  for (int index = 0; index < size; index++) put(to, to->is_wide ? wide[index] : (unsigned char)narrow[index]);
}

/* Units of the text's own kind go as they are, others are converted. */
static void put_units(struct text *to, const void *units, size_t count, int are_wide) {
  const ws2_unit *wide = units, *wide_end = wide + count;
  const unsigned char *narrow = units, *narrow_end = narrow + count;
  if (are_wide)
    while (wide != wide_end) to->is_wide ? put(to, *wide++) : put_character(to, ws2_take_wide(&wide, wide_end));
  else
    while (narrow != narrow_end)
      to->is_wide ? put_character(to, ws2_take_narrow(&narrow, narrow_end)) : put(to, *narrow++);
}

static void put_padded(struct text *to, const struct directive *how, const void *units, size_t count, int are_wide) {
  struct text measure = {.is_wide = to->is_wide};
  put_units(&measure, units, count, are_wide);
  int is_left = strchr(how->flags, '-') != NULL;
  unsigned pad = strchr(how->flags, '0') != NULL && !is_left ? '0' : ' ';
  size_t padding = how->width > 0 && (size_t)how->width > measure.count ? (size_t)how->width - measure.count : 0;
  for (size_t index = 0; index < padding && !is_left; index++) put(to, pad);
  put_units(to, units, count, are_wide);
  for (size_t index = 0; index < padding && is_left; index++) put(to, ' ');
}

static void put_string(struct text *to, const struct directive *how, const void *string, int is_wide) {
  static const ws2_unit wide_null[] = {'(', 'n', 'u', 'l', 'l', ')', 0};
  size_t most = how->precision < 0 ? SIZE_MAX : (size_t)how->precision, count = 0;
  if (string == NULL) string = is_wide ? (const void *)wide_null : "(null)";
  while (count < most && (is_wide ? ((const ws2_unit *)string)[count] != 0 : ((const char *)string)[count] != 0))
    count++;
  put_padded(to, how, string, count, is_wide);
}

/* libc writes numbers; a precision below 0 counts as none, as with `*`. */
#define NUMBER(length, value)                                                   \
  do {                                                                          \
    snprintf(spec, sizeof spec, "%%%s*.*" length "%c", how->flags, conversion); \
    written = snprintf(number, size, spec, how->width, how->precision, value);  \
  } while (0)

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int write_number(char *number, size_t size, const struct directive *how, char conversion,
                        struct arguments *from) {
  char spec[24];
  int written = -1;
  if (strchr("aAeEfFgG", conversion) != NULL) {
    if (how->size == LONG_DOUBLE_SIZE)
      NUMBER("L", va_arg(from->list, long double));
    else
      NUMBER("", va_arg(from->list, double));
  } else if (how->size == LONG_LONG_SIZE || how->size == POINTER_SIZE) {
    NUMBER("ll", va_arg(from->list, long long));
  } else if (how->size == SHORT_SIZE) {
    NUMBER("h", va_arg(from->list, int));
  } else if (how->size == CHAR_SIZE) {
    NUMBER("hh", va_arg(from->list, int));
  } else { /* a long of Windows has 32 bits */
    NUMBER("", va_arg(from->list, int));
  }
  return written;
}

static void put_number(struct text *to, const struct directive *how, char conversion, struct arguments *from) {
  char buffer[512];
  struct arguments again;
  va_copy(again.list, from->list);
  int written = write_number(buffer, sizeof buffer, how, conversion, from);
  if (written >= (int)sizeof buffer) {
    char *large = malloc((size_t)written + 1);
    if (large != NULL)
      put_units(to, large, (size_t)write_number(large, (size_t)written + 1, how, conversion, &again), 0);
    free(large);
  } else if (written > 0) {
    put_units(to, buffer, (size_t)written, 0);
  }
  va_end(again.list);
}

/* A format of either width, read as units. */
struct format {
  const char *narrow;
  const ws2_unit *wide;
};
static unsigned peek(const struct format *format) {
  return format->wide != NULL ? *format->wide : (unsigned char)*format->narrow;
}
static unsigned next(struct format *format) {
  return format->wide != NULL ? *format->wide++ : (unsigned char)*format->narrow++;
}
static int take(struct format *format, const char *word) {
  struct format at = *format;
  for (; *word != 0; word++)
    if (next(&at) != (unsigned char)*word) return 0;
  *format = at;
  return 1;
}

static int read_count(struct format *format, struct arguments *from) {
  int count = 0;
  if (take(format, "*")) return va_arg(from->list, int);
  while (peek(format) >= '0' && peek(format) <= '9') {
    int digit = (int)(next(format) - '0');
    count = count > (INT_MAX - digit) / 10 ? INT_MAX : count * 10 + digit;
  }
  return count;
}

static struct directive read_directive(struct format *format, struct arguments *from) {
  struct directive how = {.precision = -1};
  size_t flags = 0;
  while (peek(format) != 0 && peek(format) < 0x80 && strchr("-+ #0", (int)peek(format)) != NULL) {
    char flag = (char)next(format);
    if (strchr(how.flags, flag) == NULL) how.flags[flags++] = flag;
  }
  how.width = read_count(format, from);
  if (how.width < 0) {
    if (strchr(how.flags, '-') == NULL) how.flags[flags] = '-';
    how.width = how.width == INT_MIN ? INT_MAX : -how.width;
  }
  if (take(format, ".")) how.precision = read_count(format, from);
  if (take(format, "I64") || take(format, "ll") || take(format, "j"))
    how.size = LONG_LONG_SIZE;
  else if (take(format, "I32"))
    how.size = LONG_SIZE;
  else if (take(format, "I") || take(format, "z") || take(format, "t"))
    how.size = POINTER_SIZE;
  else if (take(format, "hh"))
    how.size = CHAR_SIZE;
  else if (take(format, "h"))
    how.size = SHORT_SIZE;
  else if (take(format, "l"))
    how.size = LONG_SIZE;
  else if (take(format, "w"))
    how.size = WIDE_SIZE;
  else if (take(format, "L"))
    how.size = LONG_DOUBLE_SIZE;
  return how;
}

/* %s is of the format's own width and %S of the other, unless h, l or w says which. */
static int argument_is_wide(const struct text *to, const struct directive *how, unsigned conversion) {
  if (how->size == SHORT_SIZE) return 0;
  if (how->size == LONG_SIZE || how->size == WIDE_SIZE) return 1;
  return conversion == 'S' || conversion == 'C' ? !to->is_wide : to->is_wide;
}

static void put_argument(struct text *to, struct format *format, struct arguments *from) {
  struct directive how = read_directive(format, from);
  unsigned conversion = peek(format);
  if (conversion != 0) next(format);
  if (conversion == 's' || conversion == 'S') {
    put_string(to, &how, va_arg(from->list, const void *), argument_is_wide(to, &how, conversion));
  } else if (conversion == 'c' || conversion == 'C') {
    int value = va_arg(from->list, int), is_wide = argument_is_wide(to, &how, conversion);
    ws2_unit wide = (ws2_unit)value;
    char narrow = (char)value;
    put_padded(to, &how, is_wide ? (const void *)&wide : &narrow, 1, is_wide);
  } else if (conversion == 'p') { /* sixteen digits, as on 64-bit Windows */
    char digits[17];
    put_padded(to, &how, digits, (size_t)snprintf(digits, sizeof digits, "%016llX", va_arg(from->list, long long)), 0);
  } else if (conversion == 'n') { /* disabled there too */
    (void)va_arg(from->list, void *);
  } else if (conversion != 0 && conversion < 0x80 && strchr("diouxXaAeEfFgG", (int)conversion) != NULL) {
    put_number(to, &how, (char)conversion, from);
  } else if (conversion != 0) {
    put(to, conversion);
  }
}

static int put_all(struct text *to, struct format format, va_list arguments) {
  struct arguments from;
  va_copy(from.list, arguments);
  while (peek(&format) != 0) {
    unsigned unit = next(&format);
    if (unit == '%')
      put_argument(to, &format, &from);
    else
      put(to, unit);
  }
  va_end(from.list);
  return to->count > INT_MAX ? -1 : (int)to->count;
}

int ws2_vsnprintf(char *buffer, size_t room, const char *format, va_list arguments) {
  struct text to = {.narrow = buffer, .room = room};
  int length = put_all(&to, (struct format){.narrow = format}, arguments);
  if (room > 0) buffer[to.count < room ? to.count : room - 1] = 0;
  return length;
}

int ws2_vsnwprintf(ws2_unit *buffer, size_t room, const ws2_unit *format, va_list arguments) {
  struct text to = {.wide = buffer, .is_wide = 1, .room = room};
  int length = put_all(&to, (struct format){.wide = format}, arguments);
  if (room > 0) buffer[to.count < room ? to.count : room - 1] = 0;
  return length;
}

int ws2_vfprintf(FILE *file, const char *format, va_list arguments) {
  if (!file || !format) {
    errno = EINVAL;
    return -1;
  }
  int length = ws2_vsnprintf(NULL, 0, format, arguments);
  char *text = length < 0 ? NULL : malloc((size_t)length + 1);
  if (text == NULL) return -1;
  ws2_vsnprintf(text, (size_t)length + 1, format, arguments);
  size_t written = fwrite(text, 1, (size_t)length, file);
  free(text);
  return written == (size_t)length ? length : -1;
}
