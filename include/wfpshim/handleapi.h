/* Handles: part of <windows.h>. The older ones stand in synchapi.h. */
#ifndef WFPSHIM_HANDLEAPI_H
#define WFPSHIM_HANDLEAPI_H

#include "synchapi.h"

#define HANDLE_FLAG_INHERIT 0x1u
#define HANDLE_FLAG_PROTECT_FROM_CLOSE 0x2u

/* The library's functions are no callbacks: see ws2msabi.h. */
#pragma push_macro("WINAPI")
#undef WINAPI
#define WINAPI

#if defined(__cplusplus)
extern "C" {
#endif

BOOL WINAPI GetHandleInformation(HANDLE hObject, LPDWORD lpdwFlags);
BOOL WINAPI SetHandleInformation(HANDLE hObject, DWORD dwMask, DWORD dwFlags);
BOOL WINAPI CompareObjectHandles(HANDLE hFirstObjectHandle, HANDLE hSecondObjectHandle);

#if defined(__cplusplus)
}
#endif

#pragma pop_macro("WINAPI")

#endif
