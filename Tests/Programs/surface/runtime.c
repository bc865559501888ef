// The secure C library.
#include "surface.h"

#include <errno.h>
#include <time.h>
#include <wchar.h>

CALL(_snprintf_s)
SUCCESS(_snprintf_s) {
  char text[8];
  CHECK(_snprintf_s(text, sizeof text, _TRUNCATE, "%d-%s", 12, "ab") == 5 && strcmp(text, "12-ab") == 0);
  DONE;
}
FAILURE(_snprintf_s) {
  char text[4];
  CHECK(_snprintf_s(text, sizeof text, _TRUNCATE, "%s", "four!") == -1 && strcmp(text, "fou") == 0);
  DONE;
}
CALL(sprintf_s)
SUCCESS(sprintf_s) {
  char text[8];
  CHECK(sprintf_s(text, sizeof text, "%d", 123) == 3 && strcmp(text, "123") == 0);
  DONE;
}
FAILURE(sprintf_s) {
  char text[4] = "x";
  CHECK(sprintf_s(text, sizeof text, "%s", "four") == -1 && text[0] == 0);
  DONE;
}
CALL(printf_s)
SUCCESS(printf_s) {
  CHECK(printf_s("%s", "") == 0);
  DONE;
}
FAILURE(printf_s) {
  const char *volatile none = NULL;
  CHECK(printf_s(none) == -1 && errno == EINVAL);
  DONE;
}
CALL(strcpy_s)
SUCCESS(strcpy_s) {
  char text[8];
  CHECK(strcpy_s(text, sizeof text, "four") == 0 && strcmp(text, "four") == 0);
  DONE;
}
FAILURE(strcpy_s) {
  char text[4] = "x";
  CHECK(strcpy_s(text, sizeof text, "four") == ERANGE && text[0] == 0);
  DONE;
}
CALL(strncpy_s)
SUCCESS(strncpy_s) {
  char text[8];
  CHECK(strncpy_s(text, sizeof text, "fourteen", 4) == 0 && strcmp(text, "four") == 0);
  DONE;
}
FAILURE(strncpy_s) {
  char text[4] = "x";
  CHECK(strncpy_s(text, sizeof text, "fourteen", 4) == ERANGE && text[0] == 0);
  DONE;
}
CALL(strcat_s)
SUCCESS(strcat_s) {
  char text[8] = "fo";
  CHECK(strcat_s(text, sizeof text, "ur") == 0 && strcmp(text, "four") == 0);
  DONE;
}
FAILURE(strcat_s) {
  char text[4] = "fo";
  CHECK(strcat_s(text, sizeof text, "ur") == ERANGE && text[0] == 0);
  DONE;
}
CALL(strtok_s)
SUCCESS(strtok_s) {
  char text[] = "one, two", *at = NULL;
  CHECK(strcmp(strtok_s(text, ", ", &at), "one") == 0 && strcmp(strtok_s(NULL, ", ", &at), "two") == 0);
  CHECK(strtok_s(NULL, ", ", &at) == NULL);
  DONE;
}
FAILURE(strtok_s) {
  char text[] = "one";
  const char *volatile none = NULL;
  char *at = NULL;
  CHECK(strtok_s(text, none, &at) == NULL && errno == EINVAL);
  DONE;
}
CALL(sscanf_s)
SUCCESS(sscanf_s) {
  int number = 0;
  char word[8];
  CHECK(sscanf_s("12 four", "%d %7s", &number, word, (unsigned)sizeof word) == 2 && number == 12 &&
        strcmp(word, "four") == 0);
  DONE;
}
FAILURE(sscanf_s) {
  int number;
  CHECK(sscanf_s("", "%d", &number) == EOF && sscanf_s("x", "%d", &number) == 0);
  DONE;
}
CALL(wcscpy_s)
SUCCESS(wcscpy_s) {
  WCHAR text[8];
  CHECK(wcscpy_s(text, 8, wide("four")) == 0 && same(text, "four"));
  DONE;
}
FAILURE(wcscpy_s) {
  WCHAR text[4];
  CHECK(wcscpy_s(text, 4, wide("four")) == ERANGE && text[0] == 0);
  DONE;
}
CALL(wcscat_s)
SUCCESS(wcscat_s) {
  WCHAR text[8] = {'f', 'o', 0};
  CHECK(wcscat_s(text, 8, wide("ur")) == 0 && same(text, "four"));
  DONE;
}
FAILURE(wcscat_s) {
  WCHAR text[4] = {'f', 'o', 0};
  CHECK(wcscat_s(text, 4, wide("ur")) == ERANGE && text[0] == 0);
  DONE;
}
CALL(swprintf_s)
SUCCESS(swprintf_s) {
  WCHAR text[8];
  CHECK(swprintf_s(text, 8, wide("%d!"), 12) == 3 && same(text, "12!"));
  DONE;
}
FAILURE(swprintf_s) {
  WCHAR text[3];
  CHECK(swprintf_s(text, 3, wide("%d!"), 12) == -1 && text[0] == 0);
  DONE;
}
SURE_CALL(_stricmp, "strcasecmp here: of NULL the behaviour is undefined")
SUCCESS(_stricmp) {
  CHECK(_stricmp("Four", "fOUR") == 0 && _stricmp("a", "B") < 0 && _stricmp("b", "A") > 0);
  DONE;
}
SURE_CALL(_strnicmp, "strcasecmp here: of NULL the behaviour is undefined")
SUCCESS(_strnicmp) {
  CHECK(_strnicmp("FOURTEEN", "fourty", 5) == 0 && _strnicmp("FOURTEEN", "fourty", 6) < 0);
  DONE;
}
CALL(_wcsicmp)
SUCCESS(_wcsicmp) {
  CHECK(_wcsicmp(wide("Four"), wide("fOUR")) == 0 && _wcsicmp(wide("a"), wide("B")) < 0);
  DONE;
}
FAILURE(_wcsicmp) {
  const WCHAR *volatile none = NULL;
  errno = 0;
  CHECK(_wcsicmp(none, wide("x")) == 0x7fffffff && errno == EINVAL);
  DONE;
}
CALL(memcpy_s)
SUCCESS(memcpy_s) {
  char to[8];
  CHECK(memcpy_s(to, sizeof to, "four", 5) == 0 && strcmp(to, "four") == 0);
  DONE;
}
FAILURE(memcpy_s) {
  char to[4] = {1, 1, 1, 1};
  CHECK(memcpy_s(to, sizeof to, "four", 5) == ERANGE && to[0] == 0 && to[3] == 0);
  DONE;
}
CALL(fopen_s)
SUCCESS(fopen_s) {
  FILE *file = NULL;
  CHECK(fopen_s(&file, "surface.tmp", "wb") == 0 && file != NULL && fclose(file) == 0 && remove("surface.tmp") == 0);
  DONE;
}
FAILURE(fopen_s) {
  FILE *file = (FILE *)&file;
  CHECK(fopen_s(&file, "no_such_folder/surface", "rb") == ENOENT && file == NULL);
  DONE;
}
CALL(localtime_s)
SUCCESS(localtime_s) {
  struct tm parts;
  time_t moment = 86400 * 365;
  CHECK(localtime_s(&parts, &moment) == 0 && (parts.tm_year == 71 || parts.tm_year == 70));
  DONE;
}
FAILURE(localtime_s) {
  struct tm parts;
  time_t *volatile none = NULL;
  CHECK(localtime_s(&parts, none) == EINVAL);
  DONE;
}
