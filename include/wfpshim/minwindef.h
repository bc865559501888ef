/* The types of Windows programs, with Windows' sizes: DWORD and LONG have 32 bits although a Linux long has 64. */
#ifndef WFPSHIM_MINWINDEF_H
#define WFPSHIM_MINWINDEF_H

#include <stddef.h>
#include <stdint.h>

#include "sal.h"

/* Windows sources carry #pragma comment(lib, ...), #pragma warning(...). (g++ before version 13 cannot be told
 * from inside a file, GCC bug 53431: there -Wno-unknown-pragmas belongs on the command line.) */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wunknown-pragmas"
#pragma clang diagnostic ignored "-Wignored-pragmas"
#else
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#endif

/* Windows x64 has one calling convention and so has this library, the System V one; see ws2msabi.h. */
#if defined(WFPSHIM_MS_ABI) && defined(__x86_64__)
#define WS2_MS_ABI
#define WINAPI __attribute__((__ms_abi__))
#else
#define WINAPI
#endif
#define CALLBACK WINAPI
#define NTAPI WINAPI
#define APIENTRY WINAPI
#define PASCAL
#define FAR
#define NEAR
#define CONST const
#define WINBASEAPI
#define DECLSPEC_IMPORT
#define EXTERN_C_START
#define EXTERN_C_END
#if !defined(__stdcall)
#define __stdcall WINAPI
#define __cdecl
#define __fastcall
#endif
#define _cdecl
#define _stdcall WINAPI
#define __int64 long long
#define __int32 int
#define __int16 short
#define __int8 char
#define __forceinline inline __attribute__((__always_inline__))
#define FORCEINLINE static inline __attribute__((__always_inline__))
#define DECLSPEC_NORETURN __attribute__((__noreturn__))
#define DECLSPEC_ALIGN(bytes) __attribute__((__aligned__(bytes)))
#if !defined(__declspec) && !defined(_MSC_EXTENSIONS) /* clang -fms-extensions knows the word itself */
#define __declspec(what) WS2_DECLSPEC_##what
#endif
#define WS2_DECLSPEC_dllexport __attribute__((__visibility__("default")))
#define WS2_DECLSPEC_dllimport
#define WS2_DECLSPEC_noreturn __attribute__((__noreturn__))
#define WS2_DECLSPEC_noinline __attribute__((__noinline__))
#define WS2_DECLSPEC_selectany __attribute__((__weak__))
#define WS2_DECLSPEC_thread __thread
#define WS2_DECLSPEC_align(bytes) __attribute__((__aligned__(bytes)))

#if defined(__cplusplus)
#define EXTERN_C extern "C"
#define WS2_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define EXTERN_C extern
#define WS2_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#if !defined(TRUE)
#define TRUE 1
#define FALSE 0
#endif
#define VOID void
#define MAX_PATH 260

typedef int BOOL, INT, INT32;
typedef unsigned int UINT, UINT32;
typedef int32_t LONG;
typedef uint32_t DWORD, ULONG, ULONG32, DWORD32;
typedef short SHORT, INT16;
typedef unsigned short USHORT, WORD, UINT16;
typedef char CHAR, CCHAR;
typedef signed char INT8;
typedef unsigned char BYTE, UCHAR, BOOLEAN, UINT8;
typedef long long LONGLONG, LONG64, INT64;
typedef unsigned long long ULONGLONG, ULONG64, UINT64, DWORD64, DWORDLONG;
typedef wchar_t WCHAR; /* 4 bytes: a wide literal must be one */
typedef float FLOAT;
typedef intptr_t INT_PTR, LONG_PTR, SSIZE_T, LPARAM, LRESULT;
typedef uintptr_t UINT_PTR, ULONG_PTR, DWORD_PTR, SIZE_T, WPARAM;
typedef LONG HRESULT, NTSTATUS;

typedef void *PVOID, *LPVOID, *HANDLE;
typedef const void *LPCVOID, *PCVOID;
typedef HANDLE HMODULE, HINSTANCE, HWND, HLOCAL, HGLOBAL;
typedef HANDLE *PHANDLE, *LPHANDLE;
typedef BOOL *PBOOL, *LPBOOL;
typedef INT *PINT, *LPINT;
typedef UINT *PUINT;
typedef LONG *PLONG, *LPLONG;
typedef DWORD *PDWORD, *LPDWORD;
typedef ULONG *PULONG;
typedef SHORT *PSHORT;
typedef USHORT *PUSHORT;
typedef WORD *PWORD, *LPWORD;
typedef BYTE *PBYTE, *LPBYTE;
typedef UCHAR *PUCHAR;
typedef UINT8 *PUINT8;
typedef UINT16 *PUINT16;
typedef UINT32 *PUINT32;
typedef UINT64 *PUINT64;
typedef ULONGLONG *PULONGLONG;
typedef ULONG_PTR *PULONG_PTR;
typedef DWORD_PTR *PDWORD_PTR;
typedef SIZE_T *PSIZE_T;
typedef CHAR *PCHAR, *PSTR, *LPSTR;
typedef const CHAR *PCSTR, *LPCSTR, *PCCHAR, *LPCCH;
typedef WCHAR *PWCHAR, *PWSTR, *LPWSTR;
typedef const WCHAR *PCWSTR, *LPCWSTR;

#if defined(UNICODE)
typedef WCHAR TCHAR;
#define TEXT(quote) L##quote
#else
typedef CHAR TCHAR;
#define TEXT(quote) quote
#endif
#define _T(quote) TEXT(quote)
typedef TCHAR *PTSTR, *LPTSTR;
typedef const TCHAR *PCTSTR, *LPCTSTR;

typedef union _LARGE_INTEGER {
  struct {
    DWORD LowPart;
    LONG HighPart;
  };
  struct {
    DWORD LowPart;
    LONG HighPart;
  } u;
  LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
  struct {
    DWORD LowPart;
    DWORD HighPart;
  };
  struct {
    DWORD LowPart;
    DWORD HighPart;
  } u;
  ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef struct _FILETIME {
  DWORD dwLowDateTime;
  DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

#if !defined(GUID_DEFINED)
#define GUID_DEFINED
typedef struct _GUID {
  ULONG Data1;
  USHORT Data2;
  USHORT Data3;
  UCHAR Data4[8];
} GUID, *LPGUID;
#endif
typedef const GUID *LPCGUID;

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

#define MAKEWORD(low, high) ((WORD)(((BYTE)((low)&0xff)) | ((WORD)((BYTE)((high)&0xff))) << 8))
#define MAKELONG(low, high) ((LONG)(((WORD)((low)&0xffff)) | ((DWORD)((WORD)((high)&0xffff))) << 16))
#define LOBYTE(word) ((BYTE)((word)&0xff))
#define HIBYTE(word) ((BYTE)(((word) >> 8) & 0xff))
#define LOWORD(value) ((WORD)((value)&0xffff))
#define HIWORD(value) ((WORD)(((value) >> 16) & 0xffff))
#define UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#define ARRAYSIZE(array) (sizeof(array) / sizeof((array)[0]))
#define _countof(array) ARRAYSIZE(array)
#define FIELD_OFFSET(type, field) ((LONG)offsetof(type, field))
#define CONTAINING_RECORD(address, type, field) ((type *)((char *)(address)-offsetof(type, field)))

WS2_STATIC_ASSERT(sizeof(DWORD) == 4 && sizeof(LONG) == 4 && sizeof(ULONG_PTR) == sizeof(void *), "Windows' sizes");
WS2_STATIC_ASSERT(sizeof(GUID) == 16 && sizeof(FILETIME) == 8 && sizeof(LARGE_INTEGER) == 8, "Windows' sizes");
WS2_STATIC_ASSERT(sizeof(OVERLAPPED) == 3 * sizeof(void *) + 8, "OVERLAPPED");
WS2_STATIC_ASSERT(offsetof(OVERLAPPED, hEvent) == 2 * sizeof(void *) + 8, "OVERLAPPED.hEvent");

#endif
