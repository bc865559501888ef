/* Pages of memory: part of <windows.h>. */
#ifndef WFPSHIM_MEMORYAPI_H
#define WFPSHIM_MEMORYAPI_H

#include "minwindef.h"

#if !defined(PAGE_NOACCESS)
#define PAGE_NOACCESS 0x01
#define PAGE_READONLY 0x02
#define PAGE_READWRITE 0x04
#define PAGE_EXECUTE 0x10
#define PAGE_EXECUTE_READ 0x20
#define PAGE_EXECUTE_READWRITE 0x40
#endif
#if !defined(MEM_COMMIT)
#define MEM_COMMIT 0x1000
#define MEM_RESERVE 0x2000
#define MEM_DECOMMIT 0x4000
#define MEM_RELEASE 0x8000
#define MEM_TOP_DOWN 0x100000
#endif
#if !defined(MEM_FREE)
#define MEM_FREE 0x10000
#define MEM_PRIVATE 0x20000
#define MEM_MAPPED 0x40000
#define MEM_IMAGE 0x1000000
#endif

typedef struct _MEMORY_BASIC_INFORMATION {
  PVOID BaseAddress;
  PVOID AllocationBase;
  DWORD AllocationProtect;
  WORD PartitionId;
  SIZE_T RegionSize;
  DWORD State;
  DWORD Protect;
  DWORD Type;
} MEMORY_BASIC_INFORMATION, *PMEMORY_BASIC_INFORMATION;

/* The library's functions are no callbacks: see ws2msabi.h. */
#pragma push_macro("WINAPI")
#undef WINAPI
#define WINAPI

#if defined(__cplusplus)
extern "C" {
#endif

LPVOID WINAPI VirtualAlloc(LPVOID lpAddress, SIZE_T dwSize, DWORD flAllocationType, DWORD flProtect);
BOOL WINAPI VirtualFree(LPVOID lpAddress, SIZE_T dwSize, DWORD dwFreeType);
BOOL WINAPI VirtualProtect(LPVOID lpAddress, SIZE_T dwSize, DWORD flNewProtect, WS2_DWORD_POINTER lpflOldProtect);
SIZE_T WINAPI VirtualQuery(const void *lpAddress, PMEMORY_BASIC_INFORMATION lpBuffer, SIZE_T dwLength);

#if defined(__cplusplus)
}
#endif

#pragma pop_macro("WINAPI")

WS2_STATIC_ASSERT(sizeof(MEMORY_BASIC_INFORMATION) == 48 || sizeof(void *) != 8, "MEMORY_BASIC_INFORMATION");

#endif
