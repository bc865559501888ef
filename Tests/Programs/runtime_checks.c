/* Microsoft's C run-time, strsafe, intsafe, the Interlocked family, GUIDs, lists: each line of main is one statement of
 * a page of Microsoft's. C and C++; prints what is not so. */
#define STRSAFE_NO_DEPRECATE
#include <winsock2.h>
#include <windows.h>
#include <strsafe.h>
#include <intsafe.h>
#include <rpc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int failures;
static void check(int is_so, int line, const char *what) {
  if (!is_so) printf("line %d: %s\n", line, what), failures++;
}
#define CHECK(condition) check((condition) != 0, __LINE__, #condition)

static void copies(void) {
  char text[8] = "before";
  CHECK(strcpy_s(text, sizeof(text), "1234567") == 0 && strcmp(text, "1234567") == 0);
  CHECK(strcpy_s(text, sizeof(text), "12345678") == ERANGE && text[0] == 0);
  CHECK(strcpy_s(text, sizeof(text), NULL) == EINVAL && strcpy_s(NULL, 1, "") == EINVAL);
  CHECK(strncpy_s(text, sizeof(text), "abcdefghij", 3) == 0 && strcmp(text, "abc") == 0);
  CHECK(strncpy_s(text, sizeof(text), "abcdefghij", _TRUNCATE) == STRUNCATE && strcmp(text, "abcdefg") == 0);
  CHECK(strncpy_s(text, sizeof(text), "abcdefghij", 8) == ERANGE && text[0] == 0);
  CHECK(strcpy_s(text, sizeof(text), "abc") == 0 && strcat_s(text, sizeof(text), "defg") == 0 && strlen(text) == 7);
  CHECK(strcat_s(text, sizeof(text), "h") == ERANGE && text[0] == 0);
  CHECK(strcpy_s(text, sizeof(text), "ab") == 0 && strncat_s(text, sizeof(text), "cdefghij", _TRUNCATE) == STRUNCATE);
  CHECK(strcmp(text, "abcdefg") == 0);
  CHECK(memcpy_s(text, 4, "12345", 5) == ERANGE && text[0] == 0 && text[3] == 0 && text[4] == 'e');
  CHECK(memcpy_s(text, sizeof(text), "xyz", 4) == 0 && memmove_s(text + 1, 7, text, 4) == 0 &&
        strcmp(text, "xxyz") == 0);
  CHECK(_stricmp("Content-LENGTH", "content-length") == 0 && _strnicmp("HOSTile", "hostess", 4) == 0);
  CHECK(_stricmp("a", "b") < 0 && _countof(text) == 8);
}

static void prints(void) {
  char text[16], wide[40];
  CHECK(sprintf_s(text, sizeof(text), "%s:%u", "host", 80u) == 7 && strcmp(text, "host:80") == 0);
  CHECK(sprintf_s(text, 4, "%d", 12345) == -1 && text[0] == 0);
  CHECK(_snprintf_s(text, sizeof(text), _TRUNCATE, "%s", "0123456789abcdefgh") == -1 && strlen(text) == 15);
  CHECK(_snprintf_s(text, sizeof(text), 3, "%s", "0123456789") == -1 && strcmp(text, "012") == 0);
  CHECK(_snprintf_s(text, 4, 9, "%s", "0123456789") == -1 && text[0] == 0);
  CHECK(_snprintf(text, 4, "%s", "0123456789") == -1 && memcmp(text, "0123", 4) == 0);
  CHECK(_snprintf(text, 4, "%s", "0123") == 4 && _snprintf(text, 5, "%s", "0123") == 4 && text[4] == 0);
  CHECK(_scprintf("%d-%d", 10, 200) == 6);
  /* "Size and distance specification": I64, I32, h, l; a long has 32 bits. */
  CHECK(sprintf_s(wide, sizeof(wide), "%I64u %I32d %lu", ~0ULL, -5, (DWORD)4294967295u) == 34);
  CHECK(strcmp(wide, "18446744073709551615 -5 4294967295") == 0);
  CHECK(sprintf_s(wide, sizeof(wide), "%ld %lx %hd %hhu %llx", (LONG)-2, (ULONG)0xfeed, 65537, 257, 0x123456789abLL) >
        0);
  CHECK(strcmp(wide, "-2 feed 1 1 123456789ab") == 0);
  CHECK(sprintf_s(wide, sizeof(wide), "%p", (void *)0xbeef) == 16 && strcmp(wide, "000000000000BEEF") == 0);
  CHECK(sprintf_s(wide, sizeof(wide), "%5d|%-5d|%05d|%+d|% d|%#x|%.3d", 42, 42, 42, 42, 42, 42, 42) == 34);
  CHECK(strcmp(wide, "   42|42   |00042|+42| 42|0x2a|042") == 0);
  CHECK(sprintf_s(wide, sizeof(wide), "%-*s|%.*s|%c%%", 6, "ab", 2, "wxyz", 'q') == 12 &&
        strcmp(wide, "ab    |wx|q%") == 0);
  CHECK(sprintf_s(wide, sizeof(wide), "%.2f %e %g", 3.14159, 1e10, 0.5) > 0 && strncmp(wide, "3.14 1.0000", 11) == 0);
  CHECK(sprintf_s(wide, sizeof(wide), "%s|%hs", (const char *)NULL, "narrow") == 13 &&
        strcmp(wide, "(null)|narrow") == 0);
}

static void scans(void) {
  char word[6], rest[4];
  int number = 0, other = 0;
  DWORD big = 0;
  ULONG64 huge = 0;
  CHECK(sscanf_s("GET 42", "%s %d", word, (unsigned)sizeof(word), &number) == 2 && number == 42 &&
        strcmp(word, "GET") == 0);
  CHECK(sscanf_s("toolong 42", "%s %d", word, (unsigned)sizeof(word), &number) == 0 && word[0] == 0);
  CHECK(sscanf_s("10.1.2.3:4294967295", "%d.%*d.%*d.%d:%lu", &number, &other, &big) == 3 && other == 3 &&
        big == 4294967295u);
  CHECK(sscanf_s("id=12345678901234;", "id=%I64u;", &huge) == 1 && huge == 12345678901234ULL);
  CHECK(sscanf_s("abcd", "%[a-c]%c", rest, (unsigned)sizeof(rest), word, 1u) == 2 && strcmp(rest, "abc") == 0 &&
        word[0] == 'd');
  CHECK(sscanf_s("  ", "%d", &number) == EOF && sscanf_s("x", "%d", &number) == 0);
  CHECK(sscanf_s("7 rest", "%d%n", &number, &other) == 1 && other == 1);
  CHECK(sscanf_s("12345", "%3d%2d", &number, &other) == 2 && number == 123 && other == 45);
}

static void others(void) {
  char text[32] = ",a,;b", *context = NULL, *value = NULL;
  time_t when = 0;
  struct tm time;
  FILE *file = NULL;
  size_t needed = 0;
  CHECK(strcmp(strtok_s(text, ",;", &context), "a") == 0 && strcmp(strtok_s(NULL, ",;", &context), "b") == 0);
  CHECK(strtok_s(NULL, ",;", &context) == NULL);
  CHECK(gmtime_s(&time, &when) == 0 && time.tm_year == 70 && gmtime_s(NULL, &when) == EINVAL);
  CHECK(localtime_s(&time, &when) == 0 && localtime_s(&time, NULL) == EINVAL);
  CHECK(fopen_s(&file, "/no/such/file", "r") == ENOENT && file == NULL && fopen_s(&file, NULL, "r") == EINVAL);
  CHECK(getenv_s(&needed, text, sizeof(text), "WFPSHIM_NO_SUCH_NAME") == 0 && needed == 0 && text[0] == 0);
  CHECK(_dupenv_s(&value, &needed, "PATH") == 0 && value != NULL && needed == strlen(value) + 1);
  free(value);
  CHECK(_itoa_s(-255, text, sizeof(text), 10) == 0 && strcmp(text, "-255") == 0);
  CHECK(_itoa_s(255, text, sizeof(text), 16) == 0 && strcmp(text, "ff") == 0 && _itoa_s(0, text, 2, 2) == 0 &&
        text[0] == '0');
  CHECK(_itoa_s(-1, text, sizeof(text), 16) == 0 && strcmp(text, "ffffffff") == 0);
  CHECK(_itoa_s(1000, text, 4, 10) == ERANGE && text[0] == 0 && _itoa_s(1, text, 4, 1) == EINVAL);
}

static void widths(void) {
  WCHAR wide[4];
  char text[8];
  size_t count = 0;
  CHECK(mbstowcs_s(&count, wide, 4, "abc", _TRUNCATE) == 0 && count == 4 && wide[2] == 'c' && wide[3] == 0);
  CHECK(mbstowcs_s(&count, wide, 4, "abcd", _TRUNCATE) == STRUNCATE && count == 4 && wide[3] == 0);
  CHECK(mbstowcs_s(&count, wide, 4, "abcd", 4) == ERANGE && wide[0] == 0);
  CHECK(mbstowcs_s(&count, wide, 4, "abcd", 2) == 0 && count == 3 && wide[1] == 'b' && wide[2] == 0);
  CHECK(mbstowcs_s(&count, NULL, 0, "abcd", 0x7fffffff) == 0 && count == 5 &&
        mbstowcs_s(NULL, wide, 4, NULL, 1) == EINVAL);
  wide[0] = 0xc4, wide[1] = 'x', wide[2] = 0;
  CHECK(wcstombs_s(&count, text, sizeof(text), wide, _TRUNCATE) == 0 && count == 4 && strcmp(text, "\xc3\x84x") == 0);
  CHECK(wcstombs_s(&count, text, 2, wide, _TRUNCATE) == STRUNCATE && count == 1 && text[0] == 0);
}

static void safe_text(void) {
  char text[8];
  WCHAR wide[8];
  size_t length = 99;
  CHECK(StringCchCopyA(text, 8, "1234567") == S_OK);
  CHECK(StringCchCopyA(text, 8, "123456789") == STRSAFE_E_INSUFFICIENT_BUFFER && strcmp(text, "1234567") == 0);
  CHECK(StringCchCopyA(text, 0, "1") == STRSAFE_E_INVALID_PARAMETER);
  CHECK(StringCchCopyNA(text, 8, "abcdef", 2) == S_OK && StringCchCatA(text, 8, "xyz") == S_OK &&
        strcmp(text, "abxyz") == 0);
  CHECK(StringCchCatNA(text, 8, "12345", 2) == S_OK && StringCchCatA(text, 8, "3") == STRSAFE_E_INSUFFICIENT_BUFFER);
  CHECK(StringCchPrintfA(text, 8, "%d", 1234567) == S_OK && strcmp(text, "1234567") == 0);
  CHECK(FAILED(StringCchPrintfA(text, 8, "%d", 12345678)) && strcmp(text, "1234567") == 0);
  CHECK(StringCchLengthA("1234", 5, &length) == S_OK && length == 4);
  CHECK(StringCchLengthA("1234", 4, &length) == STRSAFE_E_INVALID_PARAMETER && length == 0);
  CHECK(StringCbPrintfW(wide, sizeof(wide), WS2_WIDE("%hs=%d"), "n", 5) == S_OK);
  CHECK(StringCbLengthW(wide, sizeof(wide), &length) == S_OK && length == 6 && wide[0] == 'n' && wide[2] == '5');
  CHECK(StringCchCopyW(wide, 4, WS2_WIDE("12345")) == STRSAFE_E_INSUFFICIENT_BUFFER && wide[3] == 0 && wide[2] == '3');
}

static void safe_numbers(void) {
  UINT sum = 0;
  size_t product = 0;
  ULONG narrow = 0;
  USHORT port = 0;
  INT number = 0;
  CHECK(UIntAdd(1, 2, &sum) == S_OK && sum == 3);
  CHECK(UIntAdd(0xffffffffu, 1, &sum) == INTSAFE_E_ARITHMETIC_OVERFLOW && sum == 0xffffffffu);
  CHECK(UIntSub(1, 2, &sum) == INTSAFE_E_ARITHMETIC_OVERFLOW && UIntMult(65536, 65536, &sum) != S_OK);
  CHECK(SizeTMult((size_t)1 << 33, (size_t)1 << 31, &product) == INTSAFE_E_ARITHMETIC_OVERFLOW &&
        product == (size_t)-1);
  CHECK(SizeTAdd(40, 2, &product) == S_OK && product == 42);
  CHECK(SizeTToULong((size_t)1 << 32, &narrow) != S_OK && SizeTToULong(7, &narrow) == S_OK && narrow == 7);
  CHECK(IntToUShort(65536, &port) != S_OK && IntToUShort(-1, &port) != S_OK && IntToUShort(443, &port) == S_OK &&
        port == 443);
  CHECK(UIntToInt(0x80000000u, &number) != S_OK && LongLongToInt(-5, &number) == S_OK && number == -5);
}

static void atomics(void) {
  LONG count = 5;
  LONG64 large = 1LL << 40;
  volatile long unchanged_source = 7; /* 32 bits on Windows */
  PVOID pointer = NULL;
  LONG bits = 0;
  CHECK(InterlockedIncrement(&count) == 6 && InterlockedDecrement(&count) == 5 && InterlockedExchange(&count, 9) == 5);
  CHECK(InterlockedExchangeAdd(&count, 2) == 9 && InterlockedCompareExchange(&count, 1, 11) == 11 && count == 1);
  CHECK(InterlockedCompareExchange(&count, 5, 3) == 1 && count == 1 && InterlockedOr(&count, 6) == 1 && count == 7);
  CHECK(InterlockedAnd(&count, 3) == 7 && InterlockedXor(&count, 1) == 3 && count == 2 &&
        InterlockedAdd(&count, 4) == 6);
  CHECK(InterlockedIncrement64(&large) == (1LL << 40) + 1 &&
        InterlockedCompareExchange64(&large, 0, (1LL << 40) + 1) > 0);
  CHECK(InterlockedExchangeAdd64(&large, 3) == 0 && InterlockedExchange64(&large, 1) == 3);
  CHECK(InterlockedIncrement(&unchanged_source) == 8 && InterlockedExchangeAdd(&unchanged_source, -10) == 8);
  CHECK(unchanged_source == -2);
  CHECK(InterlockedExchangePointer(&pointer, &count) == NULL);
  CHECK(InterlockedCompareExchangePointer(&pointer, NULL, &count) == &count && pointer == NULL);
  CHECK(InterlockedBitTestAndSet(&bits, 3) == 0 && InterlockedBitTestAndSet(&bits, 3) == 1 && bits == 8);
  CHECK(InterlockedBitTestAndReset(&bits, 3) == 1 && bits == 0);
  MemoryBarrier();
  YieldProcessor();
}

static void small_things(void) {
  struct {
    int before;
    LIST_ENTRY link;
  } item;
  GUID guid = {0xc6e63c8c, 0xb784, 0x4562, {0xaa, 0x7d, 0x0a, 0x67, 0xcf, 0xca, 0xf9, 0xa3}};
  GUID same = guid, made, other;
  char secret[4] = "abc";
  LARGE_INTEGER large;
  large.QuadPart = -1;
  SecureZeroMemory(secret, sizeof(secret));
  CHECK(CONTAINING_RECORD(&item.link, LIST_ENTRY, Flink) == &item.link && secret[0] == 0 && large.HighPart == -1);
  CHECK(UuidCreate(&made) == RPC_S_OK && UuidCreate(&other) == RPC_S_OK && memcmp(&made, &other, sizeof(made)) != 0);
  CHECK(made.Data3 >> 12 == 4 && made.Data4[0] >> 6 == 2);
#if defined(__cplusplus)
  CHECK(IsEqualGUID(guid, same) && guid == same && guid != GUID_NULL);
#else
  CHECK(IsEqualGUID(&guid, &same) && !IsEqualGUID(&guid, &GUID_NULL));
#endif
  CHECK(HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER) == STRSAFE_E_INSUFFICIENT_BUFFER && FAILED(FWP_E_NOT_FOUND));
}

int main(void) {
  copies();
  prints();
  scans();
  others();
  widths();
  safe_text();
  safe_numbers();
  atomics();
  small_things();
  return failures != 0;
}
