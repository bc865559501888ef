/* Keys of the terminal, one at a time. */
#ifndef WFPSHIM_CONIO_H
#define WFPSHIM_CONIO_H

#include "minwindef.h"

/* The library's functions are no callbacks: see ws2msabi.h. */
#pragma push_macro("WINAPI")
#undef WINAPI
#define WINAPI

#if defined(__cplusplus)
extern "C" {
#endif

int _kbhit(void);
int _getch(void);
int _getche(void);
int _putch(int character);

#if defined(__cplusplus)
}
#endif

#pragma pop_macro("WINAPI")

#endif
