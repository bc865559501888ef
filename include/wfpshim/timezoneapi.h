/* Times as numbers and as dates: part of <windows.h>. */
#ifndef WFPSHIM_TIMEZONEAPI_H
#define WFPSHIM_TIMEZONEAPI_H

#include "sysinfoapi.h"

/* The library's functions are no callbacks: see ws2msabi.h. */
#pragma push_macro("WINAPI")
#undef WINAPI
#define WINAPI

#if defined(__cplusplus)
extern "C" {
#endif

BOOL WINAPI FileTimeToSystemTime(const FILETIME *lpFileTime, LPSYSTEMTIME lpSystemTime);
BOOL WINAPI SystemTimeToFileTime(const SYSTEMTIME *lpSystemTime, LPFILETIME lpFileTime);
BOOL WINAPI FileTimeToLocalFileTime(const FILETIME *lpFileTime, LPFILETIME lpLocalFileTime);
LONG WINAPI CompareFileTime(const FILETIME *lpFileTime1, const FILETIME *lpFileTime2);

#if defined(__cplusplus)
}
#endif

#pragma pop_macro("WINAPI")

#endif
