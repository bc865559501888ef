/* -fshort-wchar makes wchar_t a WCHAR, but glibc's functions of wide characters go on working on 32 bits. So the names
 * get other functions behind them: those of libwfpcrt.a, or, for the few that it does not have, nothing, so that the
 * program does not link. Part of <wchar.h> and <stdlib.h>. */
#ifndef WFPSHIM_WS2WIDE_H
#define WFPSHIM_WS2WIDE_H

#pragma redefine_extname wcslen ws2_wcslen
#pragma redefine_extname wcsnlen ws2_wcsnlen
#pragma redefine_extname wcscpy ws2_wcscpy
#pragma redefine_extname wcsncpy ws2_wcsncpy
#pragma redefine_extname wcscat ws2_wcscat
#pragma redefine_extname wcsncat ws2_wcsncat
#pragma redefine_extname wcscmp ws2_wcscmp
#pragma redefine_extname wcsncmp ws2_wcsncmp
#pragma redefine_extname wcscasecmp ws2_wcscasecmp
#pragma redefine_extname wcsncasecmp ws2_wcsncasecmp
#pragma redefine_extname wcscoll ws2_wcscoll
#pragma redefine_extname wcsspn ws2_wcsspn
#pragma redefine_extname wcscspn ws2_wcscspn
#pragma redefine_extname wcstok ws2_wcstok
#pragma redefine_extname wcsdup ws2_wcsdup
#pragma redefine_extname wmemcpy ws2_wmemcpy
#pragma redefine_extname wmemmove ws2_wmemmove
#pragma redefine_extname wmemset ws2_wmemset
#pragma redefine_extname wmemcmp ws2_wmemcmp
#pragma redefine_extname wcstol ws2_wcstol
#pragma redefine_extname wcstoul ws2_wcstoul
#pragma redefine_extname wcstoll ws2_wcstoll
#pragma redefine_extname wcstoull ws2_wcstoull
#pragma redefine_extname wcstod ws2_wcstod
#pragma redefine_extname wcstof ws2_wcstof
#pragma redefine_extname wprintf ws2_wprintf
#pragma redefine_extname fwprintf ws2_fwprintf
#pragma redefine_extname vwprintf ws2_vwprintf
#pragma redefine_extname vfwprintf ws2_vfwprintf
#pragma redefine_extname swprintf ws2_swprintf
#pragma redefine_extname vswprintf ws2_vswprintf
#pragma redefine_extname fputws ws2_fputws
#pragma redefine_extname fputwc ws2_fputwc
#pragma redefine_extname putwc ws2_putwc
#pragma redefine_extname putwchar ws2_putwchar
#pragma redefine_extname mbstowcs ws2_mbstowcs
#pragma redefine_extname wcstombs ws2_wcstombs

/* Not there. */
#pragma redefine_extname fgetws ws2_fgetws_is_missing
#pragma redefine_extname fgetwc ws2_fgetwc_is_missing
#pragma redefine_extname getwc ws2_getwc_is_missing
#pragma redefine_extname getwchar ws2_getwchar_is_missing
#pragma redefine_extname ungetwc ws2_ungetwc_is_missing
#pragma redefine_extname fwide ws2_fwide_is_missing
#pragma redefine_extname mbtowc ws2_mbtowc_is_missing
#pragma redefine_extname wctomb ws2_wctomb_is_missing
#pragma redefine_extname mbrtowc ws2_mbrtowc_is_missing
#pragma redefine_extname wcrtomb ws2_wcrtomb_is_missing
#pragma redefine_extname mbsrtowcs ws2_mbsrtowcs_is_missing
#pragma redefine_extname wcsrtombs ws2_wcsrtombs_is_missing
#pragma redefine_extname mbsnrtowcs ws2_mbsnrtowcs_is_missing
#pragma redefine_extname wcsnrtombs ws2_wcsnrtombs_is_missing
#pragma redefine_extname wcsxfrm ws2_wcsxfrm_is_missing
#pragma redefine_extname wcsftime ws2_wcsftime_is_missing
#pragma redefine_extname wcstold ws2_wcstold_is_missing
#pragma redefine_extname wcpcpy ws2_wcpcpy_is_missing
#pragma redefine_extname wcpncpy ws2_wcpncpy_is_missing

/* For g++ glibc gives these two types each, with a name for the linker that a pragma does not change: see <wchar.h>. */
#if !defined(__cplusplus) || defined(__clang__)
#pragma redefine_extname wcschr ws2_wcschr
#pragma redefine_extname wcsrchr ws2_wcsrchr
#pragma redefine_extname wcspbrk ws2_wcspbrk
#pragma redefine_extname wcsstr ws2_wcsstr
#pragma redefine_extname wmemchr ws2_wmemchr
#endif

#endif
