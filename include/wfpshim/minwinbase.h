/* OVERLAPPED, SECURITY_ATTRIBUTES and the memory macros. Part of <windows.h>. */
#ifndef WFPSHIM_MINWINBASE_H
#define WFPSHIM_MINWINBASE_H

#include <string.h>

#include "minwindef.h"

typedef struct _OVERLAPPED {
  ULONG_PTR Internal;     /* NTSTATUS; 0x103 while the operation is under way */
  ULONG_PTR InternalHigh; /* bytes transferred */
  union {
    struct {
      DWORD Offset;
      DWORD OffsetHigh;
    };
    PVOID Pointer;
  };
  HANDLE hEvent;
} OVERLAPPED, *LPOVERLAPPED;

typedef struct _SECURITY_ATTRIBUTES {
  DWORD nLength;
  LPVOID lpSecurityDescriptor;
  BOOL bInheritHandle;
} SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;

#define RtlEqualMemory(destination, source, length) (memcmp((destination), (source), (length)) == 0)
#define RtlMoveMemory(destination, source, length) memmove((destination), (source), (length))
#define RtlCopyMemory(destination, source, length) memcpy((destination), (source), (length))
#define RtlFillMemory(destination, length, fill) memset((destination), (fill), (length))
#define RtlZeroMemory(destination, length) memset((destination), 0, (length))
#define MoveMemory RtlMoveMemory
#define CopyMemory RtlCopyMemory
#define FillMemory RtlFillMemory
#define ZeroMemory RtlZeroMemory

static inline PVOID SecureZeroMemory(PVOID memory, SIZE_T length) {
  memset(memory, 0, length);
  __asm__ __volatile__("" : : "r"(memory) : "memory");
  return memory;
}
#define RtlSecureZeroMemory SecureZeroMemory

WS2_STATIC_ASSERT(sizeof(OVERLAPPED) == 3 * sizeof(void *) + 8, "OVERLAPPED");
WS2_STATIC_ASSERT(offsetof(OVERLAPPED, hEvent) == 2 * sizeof(void *) + 8, "OVERLAPPED.hEvent");

#endif
