/* What of Microsoft's C run-time cannot be an inline function: formatted text, 16-bit characters whatever -fshort-wchar
 * says, and the start of a program that has wmain. Declared for programs in wfpshim/ws2crt.h; linked statically. */
#ifndef WFP_RUNTIME_H
#define WFP_RUNTIME_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint16_t ws2_unit; /* one of UTF-16 */

int ws2_vsnprintf(char *buffer, size_t room, const char *format, va_list arguments);
int ws2_vsnwprintf(ws2_unit *buffer, size_t room, const ws2_unit *format, va_list arguments);
int ws2_vfprintf(FILE *file, const char *format, va_list arguments);
int ws2_vsscanf_s(const char *text, const char *format, va_list arguments);

/* UTF-8 to UTF-16 and back. What is not well formed becomes U+FFFD. Each reads one character, moves `text` behind it.
 */
uint32_t ws2_take_narrow(const unsigned char **text, const unsigned char *end);
uint32_t ws2_take_wide(const ws2_unit **text, const ws2_unit *end);
/* Writes one character; how many units it has. */
int ws2_put_narrow(uint32_t character, char units[4]);
int ws2_put_wide(uint32_t character, ws2_unit units[2]);

/* New memory, NULL when there is none. */
char *ws2_narrow(const ws2_unit *text);
ws2_unit *ws2_wide(const char *text);

size_t ws2_wcslen(const ws2_unit *text);

int32_t UuidCreate(unsigned char identifier[16]);

#endif
