/* The clock of high resolution: part of <windows.h>. */
#ifndef WFPSHIM_PROFILEAPI_H
#define WFPSHIM_PROFILEAPI_H

#include "minwindef.h"

/* The library's functions are no callbacks: see ws2msabi.h. */
#pragma push_macro("WINAPI")
#undef WINAPI
#define WINAPI

#if defined(__cplusplus)
extern "C" {
#endif

BOOL WINAPI QueryPerformanceCounter(LARGE_INTEGER *lpPerformanceCount);
BOOL WINAPI QueryPerformanceFrequency(LARGE_INTEGER *lpFrequency);

#if defined(__cplusplus)
}
#endif

#pragma pop_macro("WINAPI")

#endif
