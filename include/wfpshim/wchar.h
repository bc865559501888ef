/* glibc's <wchar.h> with the names that have other functions behind them when wchar_t has 16 bits, and ws2crt.h. */
#pragma GCC system_header
#ifndef WFPSHIM_WCHAR_H
#define WFPSHIM_WCHAR_H

#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
/* libstdc++'s binary has std::wstring for 32 bits: the templates are instantiated in the program instead. This comes
 * before them, as every header with one of them reads <cwchar> first. */
#if defined(__cplusplus)
#include <cstddef>
#undef _GLIBCXX_EXTERN_TEMPLATE
#define _GLIBCXX_EXTERN_TEMPLATE 0
#endif
#include "ws2wide.h"
/* glibc's checking inlines call its own functions by other names. */
#include <features.h>
#pragma push_macro("__USE_FORTIFY_LEVEL")
#undef __USE_FORTIFY_LEVEL
#define __USE_FORTIFY_LEVEL 0
#if defined(__cplusplus) && !defined(__clang__)
#define wcschr ws2_glibc_wcschr
#define wcsrchr ws2_glibc_wcsrchr
#define wcspbrk ws2_glibc_wcspbrk
#define wcsstr ws2_glibc_wcsstr
#define wmemchr ws2_glibc_wmemchr
#endif
#include_next <wchar.h>
#pragma pop_macro("__USE_FORTIFY_LEVEL")
#if defined(__cplusplus) && !defined(__clang__)
#undef wcschr
#undef wcsrchr
#undef wcspbrk
#undef wcsstr
#undef wmemchr
extern "C++" {
wchar_t *wcschr(wchar_t *text, wchar_t c) noexcept __asm("ws2_wcschr");
const wchar_t *wcschr(const wchar_t *text, wchar_t c) noexcept __asm("ws2_wcschr");
wchar_t *wcsrchr(wchar_t *text, wchar_t c) noexcept __asm("ws2_wcsrchr");
const wchar_t *wcsrchr(const wchar_t *text, wchar_t c) noexcept __asm("ws2_wcsrchr");
wchar_t *wcspbrk(wchar_t *text, const wchar_t *set) noexcept __asm("ws2_wcspbrk");
const wchar_t *wcspbrk(const wchar_t *text, const wchar_t *set) noexcept __asm("ws2_wcspbrk");
wchar_t *wcsstr(wchar_t *text, const wchar_t *part) noexcept __asm("ws2_wcsstr");
const wchar_t *wcsstr(const wchar_t *text, const wchar_t *part) noexcept __asm("ws2_wcsstr");
wchar_t *wmemchr(wchar_t *text, wchar_t c, size_t count) noexcept __asm("ws2_wmemchr");
const wchar_t *wmemchr(const wchar_t *text, wchar_t c, size_t count) noexcept __asm("ws2_wmemchr");
}
#endif
#else
#include_next <wchar.h>
#endif

#endif
#include "ws2crt.h"
