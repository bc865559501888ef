/* Microsoft's words of C: calling conventions, __declspec, sized integers. Part of every header. */
#ifndef WFPSHIM_WS2WORDS_H
#define WFPSHIM_WS2WORDS_H

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
#define WINAPIV
#define APIPRIVATE WINAPI
#define PASCAL
#define CDECL
#define FAR
#define NEAR
#define CONST const
#define WINBASEAPI
#define WINADVAPI
#define NTSYSAPI
#define DECLSPEC_IMPORT
#define EXTERN_C_START
#define EXTERN_C_END
#if !defined(__stdcall)
#define __stdcall WINAPI
#define __cdecl
#define __fastcall
#define __thiscall
#define __vectorcall
#define __clrcall
#endif
#define _cdecl
#define _stdcall WINAPI
#define _fastcall
#define __int64 long long
#define __int32 int
#define __int16 short
#define __int8 char
#define _int64 long long
#if !defined(_MSC_EXTENSIONS) /* clang -fms-extensions knows these words itself */
#define __unaligned
#define __ptr32
#define __ptr64
#define __w64
#define __forceinline inline __attribute__((__always_inline__))
#define __assume(condition) ((condition) ? (void)0 : __builtin_unreachable())
#define __noop(...) ((void)0)
#define __debugbreak() __builtin_trap()
#define __FUNCSIG__ __PRETTY_FUNCTION__
#endif
#define _inline __inline
#define FORCEINLINE __forceinline
#define CFORCEINLINE __forceinline
#define DECLSPEC_NORETURN __attribute__((__noreturn__))
#define DECLSPEC_NOINLINE __attribute__((__noinline__))
#define DECLSPEC_SELECTANY __attribute__((__weak__))
#define DECLSPEC_NOTHROW
#define DECLSPEC_NOVTABLE
#define DECLSPEC_UUID(text)
#define DECLSPEC_DEPRECATED
#define DECLSPEC_ALIGN(bytes) __attribute__((__aligned__(bytes)))
#define DECLSPEC_CACHEALIGN DECLSPEC_ALIGN(64)
#if !defined(__declspec) && !defined(_MSC_EXTENSIONS)
#define __declspec(what) WS2_DECLSPEC_##what
#endif
#define _declspec(what) __declspec(what)
#define WS2_DECLSPEC_dllexport __attribute__((__visibility__("default")))
#define WS2_DECLSPEC_dllimport
#define WS2_DECLSPEC_noreturn __attribute__((__noreturn__))
#define WS2_DECLSPEC_noinline __attribute__((__noinline__))
#define WS2_DECLSPEC_selectany __attribute__((__weak__))
#define WS2_DECLSPEC_thread __thread
#define WS2_DECLSPEC_deprecated __attribute__((__deprecated__))
#define WS2_DECLSPEC_align(bytes) __attribute__((__aligned__(bytes)))
#define WS2_DECLSPEC_allocate(section)
#define WS2_DECLSPEC_uuid(text)
#define WS2_DECLSPEC_novtable
#define WS2_DECLSPEC_nothrow
#define WS2_DECLSPEC_restrict
#define WS2_DECLSPEC_noalias
#define WS2_DECLSPEC_naked __attribute__((__naked__))

#if defined(__cplusplus)
#define EXTERN_C extern "C"
#define WS2_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define EXTERN_C extern
#define WS2_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif
#define C_ASSERT(condition) WS2_STATIC_ASSERT(condition, #condition)
#define STDAPI EXTERN_C HRESULT WINAPI
#define STDMETHODCALLTYPE WINAPI
#define STDAPICALLTYPE WINAPI

#define UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#define DBG_UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#define UNREFERENCED_LOCAL_VARIABLE(variable) ((void)(variable))

#endif
