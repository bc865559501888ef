/* The types of Windows programs and the macros that take them apart. Part of <windows.h>. */
#ifndef WFPSHIM_MINWINDEF_H
#define WFPSHIM_MINWINDEF_H

#include "winnt.h"

#if !defined(TRUE)
#define TRUE 1
#endif
#if !defined(FALSE)
#define FALSE 0
#endif
#define MAX_PATH 260

typedef int BOOL, *PBOOL, *LPBOOL;
typedef int INT, *PINT, *LPINT;
typedef unsigned int UINT, *PUINT, *LPUINT;
typedef LONG *LPLONG;
typedef uint32_t DWORD, *PDWORD, *LPDWORD;
typedef uint32_t ULONG, *PULONG, *LPULONG;
typedef unsigned short USHORT, *PUSHORT, WORD, *PWORD, *LPWORD, ATOM;
typedef unsigned char BYTE, *PBYTE, *LPBYTE, UCHAR, *PUCHAR;
typedef float FLOAT, *PFLOAT;
typedef double DOUBLE;
typedef intptr_t LPARAM, LRESULT;
typedef uintptr_t WPARAM;

typedef void *LPVOID;
typedef const void *LPCVOID, *PCVOID;
typedef HANDLE *LPHANDLE;
typedef HANDLE HMODULE, HINSTANCE, HWND, HLOCAL, HGLOBAL, HKEY, HDC, HICON, HMENU, HRSRC, HCURSOR, HBRUSH;
typedef HKEY *PHKEY;

typedef struct _FILETIME {
  DWORD dwLowDateTime;
  DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

#define MAKEWORD(low, high) ((WORD)(((BYTE)((low)&0xff)) | ((WORD)((BYTE)((high)&0xff))) << 8))
#define MAKELONG(low, high) ((LONG)(((WORD)((low)&0xffff)) | ((DWORD)((WORD)((high)&0xffff))) << 16))
#define LOBYTE(word) ((BYTE)((word)&0xff))
#define HIBYTE(word) ((BYTE)(((word) >> 8) & 0xff))
#define LOWORD(value) ((WORD)((value)&0xffff))
#define HIWORD(value) ((WORD)(((value) >> 16) & 0xffff))

/* C has no overloads: a transparent union takes either pointer, 0 and NULL, as glibc's own sockaddr arguments do.
 * Programs pass unsigned long * where Windows has DWORD *; the library stores 32 bits there. */
#if defined(__cplusplus) || defined(WS2_PLAIN_POINTERS)
typedef int *WS2_LENGTH_POINTER;
typedef DWORD *WS2_DWORD_POINTER;
#else
typedef union {
  int *as_int;
  unsigned int *as_unsigned;
} WS2_LENGTH_POINTER __attribute__((__transparent_union__));
typedef union {
  DWORD *as_dword;
  unsigned long *as_long;
} WS2_DWORD_POINTER __attribute__((__transparent_union__));
#endif

#if defined(__cplusplus)
template <typename, typename>
struct ws2_same {};
template <typename T>
struct ws2_same<T, T> {
  typedef int yes;
};
#define WS2_ONLY(T, type) typename T, typename ws2_same<T, type>::yes = 0
#endif

#include "minwinbase.h"

WS2_STATIC_ASSERT(sizeof(DWORD) == 4 && sizeof(BOOL) == 4 && sizeof(FILETIME) == 8, "Windows' sizes");

#endif
