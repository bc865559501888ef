#include "wfp_runtime.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT 0xfffdu

uint32_t ws2_take_narrow(const unsigned char **text, const unsigned char *end) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const unsigned char *at = *text;
  uint32_t value = *at++;
  int size = value < 0x80             ? 1
             : (value & 0xe0) == 0xc0 ? 2
             : (value & 0xf0) == 0xe0 ? 3
             : (value & 0xf8) == 0xf0 ? 4
                                      : 0;
  *text = at;
  if (size == 1) return value;
  if (size == 0) return REPLACEMENT;
  value &= 0x7fu >> size;
  for (int index = 1; index < size; index++, at++) {
    if (at == end || (*at & 0xc0) != 0x80) return REPLACEMENT;
    value = value << 6 | (*at & 0x3f);
  }
  if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return REPLACEMENT;
  *text = at;
  return value;
}

uint32_t ws2_take_wide(const ws2_unit **text, const ws2_unit *end) {
  uint32_t value = *(*text)++;
  if ((value & 0xf800) != 0xd800) return value;
  if ((value & 0x400) != 0 || *text == end || (**text & 0xfc00) != 0xdc00) return REPLACEMENT;
  return 0x10000 + ((value & 0x3ff) << 10) + (*(*text)++ & 0x3ff);
}

int ws2_put_narrow(uint32_t character, char units[4]) {
  int size = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
  for (int index = size - 1; index > 0; index--, character >>= 6) units[index] = (char)(0x80 | (character & 0x3f));
  units[0] = (char)(size == 1 ? character : (0xf00u >> size) | character);
  return size;
}

int ws2_put_wide(uint32_t character, ws2_unit units[2]) {
  if (character < 0x10000) {
    units[0] = (ws2_unit)character;
    return 1;
  }
  units[0] = (ws2_unit)(0xd800 + ((character - 0x10000) >> 10));
  units[1] = (ws2_unit)(0xdc00 + (character & 0x3ff));
  return 2;
}

char *ws2_narrow(const ws2_unit *text) {
  const ws2_unit *end = text + ws2_wcslen(text);
  char *narrow = malloc((size_t)(end - text) * 3 + 1), *at = narrow;
  if (narrow == NULL) return NULL;
  while (text != end) {
    char units[4];
    int size = ws2_put_narrow(ws2_take_wide(&text, end), units);
    memcpy(at, units, (size_t)size);
    at += size;
  }
  *at = 0;
  return narrow;
}

ws2_unit *ws2_wide(const char *text) {
  const unsigned char *from = (const unsigned char *)text, *end = from + strlen(text);
  ws2_unit *wide = malloc(((size_t)(end - from) + 1) * sizeof *wide), *at = wide;
  if (wide == NULL) return NULL;
  while (from != end) {
    ws2_unit units[2];
    int size = ws2_put_wide(ws2_take_narrow(&from, end), units);
    memcpy(at, units, (size_t)size * sizeof *units);
    at += size;
  }
  *at = 0;
  return wide;
}
