/* Text between bytes and wide characters: part of <windows.h>. */
#ifndef WFPSHIM_STRINGAPISET_H
#define WFPSHIM_STRINGAPISET_H

#include "minwindef.h"

#if !defined(CP_UTF8)
#define CP_ACP 0
#define CP_OEMCP 1
#define CP_THREAD_ACP 3
#define CP_UTF8 65001
#endif
#define MB_PRECOMPOSED 0x1u
#define MB_COMPOSITE 0x2u
#define MB_USEGLYPHCHARS 0x4u
#define MB_ERR_INVALID_CHARS 0x8u
#define WC_COMPOSITECHECK 0x200u
#define WC_NO_BEST_FIT_CHARS 0x400u
#define WC_ERR_INVALID_CHARS 0x80u

/* The library's functions are no callbacks: see ws2msabi.h. */
#pragma push_macro("WINAPI")
#undef WINAPI
#define WINAPI

#if defined(__cplusplus)
extern "C" {
#endif

int WINAPI MultiByteToWideChar(UINT CodePage, DWORD dwFlags, LPCCH lpMultiByteStr, int cbMultiByte,
                               LPWSTR lpWideCharStr, int cchWideChar);
int WINAPI WideCharToMultiByte(UINT CodePage, DWORD dwFlags, LPCWSTR lpWideCharStr, int cchWideChar,
                               LPSTR lpMultiByteStr, int cbMultiByte, LPCCH lpDefaultChar, LPBOOL lpUsedDefaultChar);
UINT WINAPI GetACP(void);

#if defined(__cplusplus)
}
#endif

#pragma pop_macro("WINAPI")

#endif
