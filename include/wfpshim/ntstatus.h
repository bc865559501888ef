/* NTSTATUS values, made from ntstatus.def: what an OVERLAPPED's Internal says. */
#ifndef WFPSHIM_NTSTATUS_H
#define WFPSHIM_NTSTATUS_H

#include "winerror.h"

/* <windows.h> has these two as macros. */
#undef STATUS_PENDING
enum ws2_ntstatus {
#define WS2_STATUS(name, value, winsock, win32) name = (int)(value),
#define WS2_STATUS_ALIAS WS2_STATUS
#include "ntstatus.def"
};

#endif
