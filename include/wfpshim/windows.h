/* The part of <windows.h> that redirect services use; <winsock2.h> comes before or after it, as you like. */
#ifndef WFPSHIM_WINDOWS_H
#define WFPSHIM_WINDOWS_H

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "minwindef.h"
#include "winerror.h"
#include "synchapi.h"
#include "ioapiset.h"

#define ZeroMemory(destination, length) memset((destination), 0, (length))
#define CopyMemory(destination, source, length) memcpy((destination), (source), (length))
#define MoveMemory(destination, source, length) memmove((destination), (source), (length))
#define FillMemory(destination, length, fill) memset((destination), (fill), (length))
#define RtlZeroMemory ZeroMemory
#define RtlCopyMemory CopyMemory
#define RtlMoveMemory MoveMemory

FORCEINLINE PVOID SecureZeroMemory(PVOID memory, SIZE_T length) {
  memset(memory, 0, length);
  __asm__ __volatile__("" : : "r"(memory) : "memory");
  return memory;
}

/* In C only, as the C++ library has functions of these names. */
#if !defined(NOMINMAX) && !defined(__cplusplus)
#if !defined(min)
#define min(a, b) (((a) < (b)) ? (a) : (b))
#endif
#if !defined(max)
#define max(a, b) (((a) > (b)) ? (a) : (b))
#endif
#endif

#endif
