/* The start of a program that has wmain and no main: the linker takes this member of the archive when main is wanted
 * and nobody else has it. The arguments are taken as UTF-8. Page: "main function and command-line arguments". */
#include "wfp_runtime.h"

#include <stdlib.h>

typedef int (*start)(int, ws2_unit **, ws2_unit **);

/* C, then what a C++ compiler calls it: with wchar_t (-fshort-wchar), with char16_t, without arguments. */
#define WMAIN(number, symbol) \
  __attribute__((__weak__)) extern int wmain_##number(int, ws2_unit **, ws2_unit **) __asm__(symbol);
#define EACH_WMAIN(DO)      \
  DO(0, "wmain")            \
  DO(1, "_Z5wmainiPPw")     \
  DO(2, "_Z5wmainiPPwS0_")  \
  DO(3, "_Z5wmainiPPKw")    \
  DO(4, "_Z5wmainiPKPKw")   \
  DO(5, "_Z5wmainiPPDs")    \
  DO(6, "_Z5wmainiPPDsS0_") \
  DO(7, "_Z5wmainiPPKDs")   \
  DO(8, "_Z5wmainv")
EACH_WMAIN(WMAIN)

static ws2_unit **widen(char **list) {
  size_t count = 0;
  while (list[count] != NULL) count++;
  ws2_unit **wide = calloc(count + 1, sizeof *wide);
  for (size_t index = 0; wide != NULL && index < count; index++) {
    wide[index] = ws2_wide(list[index]);
    if (wide[index] == NULL) return NULL;
  }
  return wide;
}

int main(int argument_count, char **arguments, char **environment) {
#define ADDRESS(number, symbol) wmain_##number,
  const start known[] = {EACH_WMAIN(ADDRESS)};
  ws2_unit **wide_arguments = widen(arguments), **wide_environment = widen(environment);
  if (wide_arguments == NULL || wide_environment == NULL) {
    fputs("wmain: no memory for the arguments\n", stderr);
    return EXIT_FAILURE;
  }
  for (size_t index = 0; index < sizeof known / sizeof known[0]; index++)
    if (known[index] != NULL) return known[index](argument_count, wide_arguments, wide_environment);
  fputs("The program has neither main nor a wmain that is known\n", stderr);
  return EXIT_FAILURE;
}
