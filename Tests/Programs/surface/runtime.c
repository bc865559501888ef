// The secure C library, interlocked operations, safe strings and integers, address helpers.
#include "surface.h"

#include <errno.h>
#include <intsafe.h>
#include <mstcpip.h>
#include <stdarg.h>
#include <strsafe.h>
#include <time.h>
#include <wchar.h>

static WCHAR *wide(const char *text) {
  static WCHAR room[2][64];
  static int which;
  WCHAR *made = room[which ^= 1];
  for (int i = 0; i < 64; i++) {
    made[i] = (WCHAR)text[i];
    if (!text[i]) break;
  }
  return made;
}
static int same(const WCHAR *a, const char *b) {
  while (*b && *a == (WCHAR)*b) a++, b++;
  return *a == 0 && *b == 0;
}

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

#define SAFE_STRING(name, call, wanted, short_call)       \
  CALL(name)                                              \
  SUCCESS(name) {                                         \
    CHECK((call) == S_OK && wanted);                      \
    DONE;                                                 \
  }                                                       \
  FAILURE(name) {                                         \
    CHECK((short_call) == STRSAFE_E_INSUFFICIENT_BUFFER); \
    DONE;                                                 \
  }
static char narrow_text[8];
static WCHAR wide_text[8];
SAFE_STRING(StringCchPrintfA, StringCchPrintfA(narrow_text, 8, "%d", 12), strcmp(narrow_text, "12") == 0,
            StringCchPrintfA(narrow_text, 2, "%d", 12))
SAFE_STRING(StringCchPrintfW, StringCchPrintfW(wide_text, 8, wide("%d"), 12), same(wide_text, "12"),
            StringCchPrintfW(wide_text, 2, wide("%d"), 12))
SAFE_STRING(StringCchCopyW, StringCchCopyW(wide_text, 8, wide("four")), same(wide_text, "four"),
            StringCchCopyW(wide_text, 4, wide("four")))
SAFE_STRING(StringCbCopyA, StringCbCopyA(narrow_text, 8, "four"), strcmp(narrow_text, "four") == 0,
            StringCbCopyA(narrow_text, 4, "four"))
CALL(StringCchLengthW)
SUCCESS(StringCchLengthW) {
  size_t length = 0;
  CHECK(StringCchLengthW(wide("four"), 8, &length) == S_OK && length == 4);
  DONE;
}
FAILURE(StringCchLengthW) {
  size_t length;
  CHECK(StringCchLengthW(wide("four"), 4, &length) == STRSAFE_E_INVALID_PARAMETER);
  DONE;
}

#define SAFE_SUM(name, type, most)                                       \
  CALL(name)                                                             \
  SUCCESS(name) {                                                        \
    type result = 0;                                                     \
    CHECK(name(3, 4, &result) == S_OK && (result == 7 || result == 12)); \
    DONE;                                                                \
  }                                                                      \
  FAILURE(name) {                                                        \
    type result;                                                         \
    CHECK(name(most, 2, &result) == INTSAFE_E_ARITHMETIC_OVERFLOW);      \
    DONE;                                                                \
  }
SAFE_SUM(UIntAdd, UINT, 0xffffffffu)
SAFE_SUM(DWordAdd, DWORD, 0xffffffffu)
SAFE_SUM(SizeTMult, SIZE_T, (SIZE_T)-1)
CALL(ULongLongToULong)
SUCCESS(ULongLongToULong) {
  ULONG result = 0;
  CHECK(ULongLongToULong(0xffffffffull, &result) == S_OK && result == 0xffffffffu);
  DONE;
}
FAILURE(ULongLongToULong) {
  ULONG result;
  CHECK(ULongLongToULong(0x100000000ull, &result) == INTSAFE_E_ARITHMETIC_OVERFLOW);
  DONE;
}

#define INTERLOCKED(name, before, operand, after, returned)        \
  SURE_CALL(name, "it cannot fail")                                \
  SUCCESS(name) {                                                  \
    volatile LONG value = before;                                  \
    CHECK(name(&value operand) == (returned) && value == (after)); \
    DONE;                                                          \
  }
#define WITH(...) , __VA_ARGS__
INTERLOCKED(InterlockedIncrement, 4, , 5, 5)
INTERLOCKED(InterlockedDecrement, 4, , 3, 3)
INTERLOCKED(InterlockedExchange, 4, WITH(9), 9, 4)
INTERLOCKED(InterlockedOr, 4, WITH(1), 5, 4)
INTERLOCKED(InterlockedAnd, 7, WITH(5), 5, 7)
INTERLOCKED(InterlockedCompareExchange, 4, WITH(9, 4), 9, 4)
SURE_CALL(MemoryBarrier, "it returns nothing")
SUCCESS(MemoryBarrier) {
  MemoryBarrier();
  DONE;
}
SURE_CALL(RtlCopyMemory, "it returns nothing")
SUCCESS(RtlCopyMemory) {
  char to[4];
  RtlCopyMemory(to, "abc", 4);
  CHECK(strcmp(to, "abc") == 0);
  DONE;
}
SURE_CALL(SecureZeroMemory, "it returns its argument")
SUCCESS(SecureZeroMemory) {
  char bytes[4] = {1, 2, 3, 4};
  CHECK(SecureZeroMemory(bytes, 3) == bytes && bytes[2] == 0 && bytes[3] == 4);
  DONE;
}
SURE_CALL(IsEqualGUID, "they are equal or not")
SUCCESS(IsEqualGUID) {
  GUID first = WSAID_ACCEPTEX, second = WSAID_CONNECTEX, third = WSAID_ACCEPTEX;
  CHECK(IsEqualGUID(&first, &third) && !IsEqualGUID(&first, &second));
  DONE;
}
SURE_CALL(IN4ADDR_SETLOOPBACK, "it returns nothing")
SUCCESS(IN4ADDR_SETLOOPBACK) {
  SOCKADDR_IN address;
  IN4ADDR_SETLOOPBACK(&address);
  CHECK(address.sin_family == AF_INET && address.sin_addr.s_addr == htonl(INADDR_LOOPBACK) && address.sin_port == 0);
  DONE;
}
SURE_CALL(INETADDR_SETANY, "it returns nothing")
SUCCESS(INETADDR_SETANY) {
  SOCKADDR_IN6 address;
  memset(&address, 0xff, sizeof address);
  address.sin6_family = AF_INET6;
  INETADDR_SETANY((PSOCKADDR)&address);
  CHECK(memcmp(&address.sin6_addr, &in6addr_any, sizeof in6addr_any) == 0);
  DONE;
}
SURE_CALL(INETADDR_ISLOOPBACK, "it is loopback or not")
SUCCESS(INETADDR_ISLOOPBACK) {
  SOCKADDR_IN address;
  IN4ADDR_SETLOOPBACK(&address);
  CHECK(INETADDR_ISLOOPBACK((PSOCKADDR)&address));
  address.sin_addr.s_addr = htonl(0xc0000207);
  CHECK(!INETADDR_ISLOOPBACK((PSOCKADDR)&address));
  DONE;
}
SURE_CALL(IN6ADDR_SETV4MAPPED, "it returns nothing")
SUCCESS(IN6ADDR_SETV4MAPPED) {
  SOCKADDR_IN6 address;
  SCOPE_ID scope;
  struct in_addr mapped;
  char text[64];
  memset(&scope, 0, sizeof scope);
  mapped.s_addr = htonl(0xc0000207);
  IN6ADDR_SETV4MAPPED(&address, &mapped, scope, htons(80));
  CHECK(inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text) && strcmp(text, "::ffff:192.0.2.7") == 0);
  CHECK(address.sin6_port == htons(80));
  DONE;
}
SURE_CALL(INETADDR_PORT, "it only reads")
SUCCESS(INETADDR_PORT) {
  SOCKADDR_IN address;
  IN4ADDR_SETLOOPBACK(&address);
  address.sin_port = htons(80);
  CHECK(INETADDR_PORT((PSOCKADDR)&address) == htons(80));
  DONE;
}
