/* WCHAR. Part of every header that knows text. */
#ifndef WFPSHIM_WS2CHARACTER_H
#define WFPSHIM_WS2CHARACTER_H

/* 16 bits, as on Windows. With -fshort-wchar this is wchar_t and L"text" is a WCHAR string, which unchanged sources
 * with wide literals need; without it, it is the type of u"text". docs/porting.md. */
#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
#define WS2_SHORT_WCHAR
typedef wchar_t WCHAR;
#define WS2_WIDE(quote) L##quote
#elif defined(__cplusplus)
typedef char16_t WCHAR;
#define WS2_WIDE(quote) u##quote
#else
typedef unsigned short WCHAR;
#define WS2_WIDE(quote) u##quote
#endif

#endif
