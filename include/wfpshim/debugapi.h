/* What a debugger sees: part of <windows.h>. */
#ifndef WFPSHIM_DEBUGAPI_H
#define WFPSHIM_DEBUGAPI_H

#include "minwindef.h"

/* The library's functions are no callbacks: see ws2msabi.h. */
#pragma push_macro("WINAPI")
#undef WINAPI
#define WINAPI

#if defined(__cplusplus)
extern "C" {
#endif

BOOL WINAPI IsDebuggerPresent(void);
void WINAPI OutputDebugStringA(LPCSTR lpOutputString);
void WINAPI OutputDebugStringW(LPCWSTR lpOutputString);

#if defined(__cplusplus)
}
#endif

#pragma pop_macro("WINAPI")

#if defined(UNICODE)
#define OutputDebugString OutputDebugStringW
#else
#define OutputDebugString OutputDebugStringA
#endif

#endif
