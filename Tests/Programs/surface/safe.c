// <strsafe.h> and <intsafe.h>.
#include "surface.h"

#include <intsafe.h>
#include <strsafe.h>

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
