/* Threads of the C library. */
#ifndef WFPSHIM_PROCESS_H
#define WFPSHIM_PROCESS_H

#include <stdint.h>

#include "synchapi.h"

typedef unsigned(__stdcall *ws2_thread_start)(void *argument);
typedef void(__cdecl *ws2_plain_thread_start)(void *argument);

/* The library's functions are no callbacks: see ws2msabi.h. */
#pragma push_macro("WINAPI")
#undef WINAPI
#define WINAPI

#if defined(__cplusplus)
extern "C" {
#endif

uintptr_t _beginthreadex(void *security, unsigned stack_size, ws2_thread_start start_address, void *arglist,
                         unsigned initflag, unsigned *thrdaddr);
uintptr_t _beginthread(ws2_plain_thread_start start_address, unsigned stack_size, void *arglist);
DECLSPEC_NORETURN void _endthreadex(unsigned retval);
DECLSPEC_NORETURN void _endthread(void);

/* For callbacks of the Windows x64 convention: see ws2msabi.h. */
uintptr_t ws2_ms__beginthreadex(void *security, unsigned stack_size, ws2_thread_start start_address, void *arglist,
                                unsigned initflag, unsigned *thrdaddr);

#if defined(__cplusplus)
}
#endif

#pragma pop_macro("WINAPI")

#if defined(WS2_MS_ABI)
#define _beginthreadex ws2_ms__beginthreadex
#endif

#endif
