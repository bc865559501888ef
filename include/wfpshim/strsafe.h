/* Text that never passes its buffer's end, and says so: StringCch counts characters, StringCb bytes. */
#ifndef WFPSHIM_STRSAFE_H
#define WFPSHIM_STRSAFE_H

#include "winerror.h"
#include "minwindef.h"
#include "ws2crt.h"

#define STRSAFE_MAX_CCH 2147483647
#define STRSAFE_E_INSUFFICIENT_BUFFER ((HRESULT)0x8007007A)
#define STRSAFE_E_INVALID_PARAMETER ((HRESULT)0x80070057)
#define STRSAFE_E_END_OF_FILE ((HRESULT)0x80070026)

typedef LPSTR STRSAFE_LPSTR;
typedef LPCSTR STRSAFE_LPCSTR;
typedef LPWSTR STRSAFE_LPWSTR;
typedef LPCWSTR STRSAFE_LPCWSTR;

/* One family of functions; T is A or W. Sizes are in characters. */
#define WS2_STRSAFE(T, unit, format_function)                                                               \
  static inline HRESULT StringCchLength##T(const unit *text, size_t room, size_t *length) {                 \
    size_t count = 0;                                                                                       \
    while (text != NULL && count < room && text[count] != 0) count++;                                       \
    if (length != NULL) *length = 0;                                                                        \
    if (text == NULL || room > STRSAFE_MAX_CCH || count == room) return STRSAFE_E_INVALID_PARAMETER;        \
    if (length != NULL) *length = count;                                                                    \
    return S_OK;                                                                                            \
  }                                                                                                         \
  static inline HRESULT StringCchCopyN##T(unit *to, size_t room, const unit *from, size_t most) {           \
    size_t count = 0;                                                                                       \
    if (room == 0 || room > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;                            \
    while (count < room - 1 && count < most && from[count] != 0) to[count] = from[count], count++;          \
    to[count] = 0;                                                                                          \
    return count == most || from[count] == 0 ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER;                        \
  }                                                                                                         \
  static inline HRESULT StringCchCopy##T(unit *to, size_t room, const unit *from) {                         \
    return StringCchCopyN##T(to, room, from, STRSAFE_MAX_CCH);                                              \
  }                                                                                                         \
  static inline HRESULT StringCchCatN##T(unit *to, size_t room, const unit *from, size_t most) {            \
    size_t length;                                                                                          \
    HRESULT result = StringCchLength##T(to, room, &length);                                                 \
    return FAILED(result) ? result : StringCchCopyN##T(to + length, room - length, from, most);             \
  }                                                                                                         \
  static inline HRESULT StringCchCat##T(unit *to, size_t room, const unit *from) {                          \
    return StringCchCatN##T(to, room, from, STRSAFE_MAX_CCH);                                               \
  }                                                                                                         \
  static inline HRESULT StringCchVPrintf##T(unit *to, size_t room, const unit *format, va_list arguments) { \
    int length;                                                                                             \
    if (room == 0 || room > STRSAFE_MAX_CCH) return STRSAFE_E_INVALID_PARAMETER;                            \
    length = format_function(to, room, format, arguments);                                                  \
    if (length < 0) to[0] = 0;                                                                              \
    return length >= 0 && (size_t)length < room ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER;                     \
  }                                                                                                         \
  static inline HRESULT StringCchPrintf##T(unit *to, size_t room, const unit *format, ...) {                \
    va_list arguments;                                                                                      \
    HRESULT result;                                                                                         \
    va_start(arguments, format);                                                                            \
    result = StringCchVPrintf##T(to, room, format, arguments);                                              \
    va_end(arguments);                                                                                      \
    return result;                                                                                          \
  }                                                                                                         \
  static inline HRESULT StringCbLength##T(const unit *text, size_t size, size_t *length) {                  \
    HRESULT result = StringCchLength##T(text, size / sizeof(unit), length);                                 \
    if (length != NULL) *length *= sizeof(unit);                                                            \
    return result;                                                                                          \
  }                                                                                                         \
  static inline HRESULT StringCbCopyN##T(unit *to, size_t size, const unit *from, size_t most) {            \
    return StringCchCopyN##T(to, size / sizeof(unit), from, most / sizeof(unit));                           \
  }                                                                                                         \
  static inline HRESULT StringCbCopy##T(unit *to, size_t size, const unit *from) {                          \
    return StringCchCopy##T(to, size / sizeof(unit), from);                                                 \
  }                                                                                                         \
  static inline HRESULT StringCbCatN##T(unit *to, size_t size, const unit *from, size_t most) {             \
    return StringCchCatN##T(to, size / sizeof(unit), from, most / sizeof(unit));                            \
  }                                                                                                         \
  static inline HRESULT StringCbCat##T(unit *to, size_t size, const unit *from) {                           \
    return StringCchCat##T(to, size / sizeof(unit), from);                                                  \
  }                                                                                                         \
  static inline HRESULT StringCbVPrintf##T(unit *to, size_t size, const unit *format, va_list arguments) {  \
    return StringCchVPrintf##T(to, size / sizeof(unit), format, arguments);                                 \
  }                                                                                                         \
  static inline HRESULT StringCbPrintf##T(unit *to, size_t size, const unit *format, ...) {                 \
    va_list arguments;                                                                                      \
    HRESULT result;                                                                                         \
    va_start(arguments, format);                                                                            \
    result = StringCchVPrintf##T(to, size / sizeof(unit), format, arguments);                               \
    va_end(arguments);                                                                                      \
    return result;                                                                                          \
  }
WS2_STRSAFE(A, char, ws2_vsnprintf)
WS2_STRSAFE(W, WCHAR, ws2_vsnwprintf)
#undef WS2_STRSAFE

#if defined(UNICODE)
#define WS2_EITHER(name) name##W
#else
#define WS2_EITHER(name) name##A
#endif
#define StringCchLength WS2_EITHER(StringCchLength)
#define StringCchCopy WS2_EITHER(StringCchCopy)
#define StringCchCopyN WS2_EITHER(StringCchCopyN)
#define StringCchCat WS2_EITHER(StringCchCat)
#define StringCchCatN WS2_EITHER(StringCchCatN)
#define StringCchPrintf WS2_EITHER(StringCchPrintf)
#define StringCchVPrintf WS2_EITHER(StringCchVPrintf)
#define StringCbLength WS2_EITHER(StringCbLength)
#define StringCbCopy WS2_EITHER(StringCbCopy)
#define StringCbCopyN WS2_EITHER(StringCbCopyN)
#define StringCbCat WS2_EITHER(StringCbCat)
#define StringCbCatN WS2_EITHER(StringCbCatN)
#define StringCbPrintf WS2_EITHER(StringCbPrintf)
#define StringCbVPrintf WS2_EITHER(StringCbVPrintf)

#endif
