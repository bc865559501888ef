/* The integers of exactly known size: a DWORD has 32 bits although a Linux long has 64. */
#ifndef WFPSHIM_BASETSD_H
#define WFPSHIM_BASETSD_H

#include <stddef.h>
#include <stdint.h>

#include "ws2words.h"

typedef signed char INT8, *PINT8;
typedef short INT16, *PINT16;
typedef int INT32, *PINT32;
typedef long long INT64, *PINT64;
typedef unsigned char UINT8, *PUINT8;
typedef unsigned short UINT16, *PUINT16;
typedef unsigned int UINT32, *PUINT32;
typedef unsigned long long UINT64, *PUINT64;

typedef int LONG32, *PLONG32;
typedef long long LONG64, *PLONG64;
typedef uint32_t ULONG32, *PULONG32, DWORD32, *PDWORD32;
typedef unsigned long long ULONG64, *PULONG64, DWORD64, *PDWORD64;

typedef intptr_t INT_PTR, *PINT_PTR, LONG_PTR, *PLONG_PTR, SSIZE_T, *PSSIZE_T;
typedef uintptr_t UINT_PTR, *PUINT_PTR, ULONG_PTR, *PULONG_PTR, DWORD_PTR, *PDWORD_PTR, SIZE_T, *PSIZE_T;
typedef uintptr_t KAFFINITY, *PKAFFINITY;
typedef unsigned int UHALF_PTR;
typedef int HALF_PTR;

#define MAXUINT8 ((UINT8) ~((UINT8)0))
#define MAXUINT16 ((UINT16) ~((UINT16)0))
#define MAXUINT32 ((UINT32) ~((UINT32)0))
#define MAXUINT64 ((UINT64) ~((UINT64)0))
#define MAXINT8 ((INT8)(MAXUINT8 >> 1))
#define MAXINT16 ((INT16)(MAXUINT16 >> 1))
#define MAXINT32 ((INT32)(MAXUINT32 >> 1))
#define MAXINT64 ((INT64)(MAXUINT64 >> 1))
#define MAXULONG32 ((ULONG32) ~((ULONG32)0))
#define MAXULONG64 ((ULONG64) ~((ULONG64)0))
#define MAXUINT_PTR (~((UINT_PTR)0))
#define MAXULONG_PTR (~((ULONG_PTR)0))
#define MAXSIZE_T (~((SIZE_T)0))

#define HandleToULong(handle) ((uint32_t)(ULONG_PTR)(handle))
#define HandleToLong(handle) ((int32_t)(LONG_PTR)(handle))
#define ULongToHandle(number) ((void *)(ULONG_PTR)(number))
#define LongToHandle(number) ((void *)(LONG_PTR)(number))
#define PtrToUlong(pointer) ((uint32_t)(ULONG_PTR)(pointer))
#define PtrToLong(pointer) ((int32_t)(LONG_PTR)(pointer))
#define PtrToUint(pointer) ((unsigned int)(UINT_PTR)(pointer))
#define PtrToInt(pointer) ((int)(INT_PTR)(pointer))
#define UlongToPtr(number) ((void *)(ULONG_PTR)(number))
#define LongToPtr(number) ((void *)(LONG_PTR)(number))
#define HandleToUlong HandleToULong
#define UlongToHandle ULongToHandle
#define PtrToULong PtrToUlong
#define ULongToPtr UlongToPtr

WS2_STATIC_ASSERT(sizeof(ULONG32) == 4 && sizeof(ULONG64) == 8 && sizeof(ULONG_PTR) == sizeof(void *),
                  "Windows' sizes");

#endif
