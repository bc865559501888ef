/* Characters, handles, large integers, lists, rights. Part of <windows.h>. */
#ifndef WFPSHIM_WINNT_H
#define WFPSHIM_WINNT_H

#include <ctype.h>

#include "basetsd.h"
#include "guiddef.h"
#include "ws2character.h"

#define VOID void
#define ANYSIZE_ARRAY 1
#define MAXLONG 0x7fffffff
#define MINLONG ((LONG)0x80000000)
#define MAXDWORD 0xffffffffu
#define MAXWORD 0xffff
#define MAXBYTE 0xff
#define MAXSHORT 0x7fff
#define MAXLONGLONG 0x7fffffffffffffffLL

typedef char CHAR, CCHAR, *PCHAR, *PSTR, *LPSTR, *LPCH, *PCH, *NPSTR, **PZPSTR;
typedef const CHAR *PCSTR, *LPCSTR, *PCCHAR, *LPCCH, *PCCH, *PCZPSTR;
typedef short SHORT, *PSHORT;
typedef int32_t LONG, *PLONG;
typedef long long LONGLONG, *PLONGLONG, USN;
typedef unsigned long long ULONGLONG, *PULONGLONG, DWORDLONG, *PDWORDLONG;
typedef unsigned char BOOLEAN, *PBOOLEAN;
typedef LONG HRESULT, NTSTATUS;
typedef uint32_t LCID, ACCESS_MASK, *PACCESS_MASK;
typedef void *PVOID, *HANDLE;
typedef HANDLE *PHANDLE;

typedef WCHAR *PWCHAR, *PWSTR, *LPWSTR, *LPWCH, *PWCH, *NWPSTR;
typedef const WCHAR *PCWSTR, *LPCWSTR, *LPCWCH, *PCWCH;

#if defined(UNICODE)
typedef WCHAR TCHAR, *PTCHAR, TBYTE;
typedef LPWSTR LPTSTR, PTSTR, LPTCH;
typedef LPCWSTR LPCTSTR, PCTSTR;
#define WS2_TEXT(quote) WS2_WIDE(quote)
#else
typedef char TCHAR, *PTCHAR;
typedef unsigned char TBYTE;
typedef LPSTR LPTSTR, PTSTR, LPTCH;
typedef LPCSTR LPCTSTR, PCTSTR;
#define WS2_TEXT(quote) quote
#endif
#define TEXT(quote) WS2_TEXT(quote)

typedef union _LARGE_INTEGER {
  struct {
    uint32_t LowPart;
    LONG HighPart;
  };
  struct {
    uint32_t LowPart;
    LONG HighPart;
  } u;
  LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
  struct {
    uint32_t LowPart;
    uint32_t HighPart;
  };
  struct {
    uint32_t LowPart;
    uint32_t HighPart;
  } u;
  ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef struct _LUID {
  uint32_t LowPart;
  LONG HighPart;
} LUID, *PLUID;

typedef struct _LIST_ENTRY {
  struct _LIST_ENTRY *Flink;
  struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY;

typedef struct _SINGLE_LIST_ENTRY {
  struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;

#define FIELD_OFFSET(type, field) ((LONG)offsetof(type, field))
#define UFIELD_OFFSET(type, field) ((uint32_t)offsetof(type, field))
#define CONTAINING_RECORD(address, type, field) ((type *)(void *)((char *)(address)-offsetof(type, field)))
#define RTL_FIELD_SIZE(type, field) (sizeof(((type *)0)->field))
#define RTL_SIZEOF_THROUGH_FIELD(type, field) (offsetof(type, field) + RTL_FIELD_SIZE(type, field))
#define RTL_NUMBER_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ARRAYSIZE(array) RTL_NUMBER_OF(array)
#define RTL_CONTAINS_FIELD(structure, size, field) \
  ((char *)(&(structure)->field) + sizeof((structure)->field) <= (char *)(structure) + (size))

/* Rights, types and flags that programs pass to functions: the library looks at few of them. */
#define DELETE 0x00010000u
#define READ_CONTROL 0x00020000u
#define WRITE_DAC 0x00040000u
#define WRITE_OWNER 0x00080000u
#define SYNCHRONIZE 0x00100000u
#define STANDARD_RIGHTS_REQUIRED 0x000f0000u
#define STANDARD_RIGHTS_ALL 0x001f0000u
#define MAXIMUM_ALLOWED 0x02000000u
#define GENERIC_READ 0x80000000u
#define GENERIC_WRITE 0x40000000u
#define GENERIC_EXECUTE 0x20000000u
#define GENERIC_ALL 0x10000000u
#define SECURITY_DESCRIPTOR_REVISION 1
typedef PVOID PSECURITY_DESCRIPTOR, PSID;
typedef struct _ACL {
  uint8_t AclRevision, Sbz1;
  uint16_t AclSize, AceCount, Sbz2;
} ACL, *PACL;

#define LANG_NEUTRAL 0x00
#define LANG_ENGLISH 0x09
#define SUBLANG_NEUTRAL 0x00
#define SUBLANG_DEFAULT 0x01
#define MAKELANGID(primary, sub) ((uint16_t)((((uint16_t)(sub)) << 10) | (uint16_t)(primary)))

#define DLL_PROCESS_ATTACH 1
#define DLL_THREAD_ATTACH 2
#define DLL_THREAD_DETACH 3
#define DLL_PROCESS_DETACH 0

#include "ws2interlocked.h"

WS2_STATIC_ASSERT(sizeof(WCHAR) == 2 && sizeof(LONG) == 4 && sizeof(LARGE_INTEGER) == 8, "Windows' sizes");

#endif
