/* One source for both character sets: char, or WCHAR with UNICODE or _UNICODE. */
#ifndef WFPSHIM_TCHAR_H
#define WFPSHIM_TCHAR_H

#include "minwindef.h"
#include "ws2crt.h"

#if defined(UNICODE) || defined(_UNICODE)
#define __T(quote) WS2_WIDE(quote)
#define _tmain wmain
#define _tcslen wcslen
#define _tcscpy wcscpy
#define _tcsncpy wcsncpy
#define _tcscat wcscat
#define _tcscmp wcscmp
#define _tcsncmp wcsncmp
#define _tcsicmp _wcsicmp
#define _tcsnicmp _wcsnicmp
#define _tcschr wcschr
#define _tcsrchr wcsrchr
#define _tcsstr wcsstr
#define _tcsdup _wcsdup
#define _tcscpy_s wcscpy_s
#define _tcsncpy_s wcsncpy_s
#define _tcscat_s wcscat_s
#define _tcstok_s wcstok_s
#define _tcstol wcstol
#define _tcstoul wcstoul
#define _ttoi _wtoi
#define _tprintf wprintf
#define _ftprintf fwprintf
#define _tprintf_s wprintf
#define _stprintf_s swprintf_s
#define _sntprintf_s _snwprintf_s
#define _vsntprintf_s _vsnwprintf_s
#define _vstprintf_s vswprintf_s
#define _fputts fputws
#define _tfopen _wfopen
#define _tfopen_s _wfopen_s
#else
#define __T(quote) quote
#define _tmain main
#define _tcslen strlen
#define _tcscpy strcpy
#define _tcsncpy strncpy
#define _tcscat strcat
#define _tcscmp strcmp
#define _tcsncmp strncmp
#define _tcsicmp _stricmp
#define _tcsnicmp _strnicmp
#define _tcschr strchr
#define _tcsrchr strrchr
#define _tcsstr strstr
#define _tcsdup _strdup
#define _tcscpy_s strcpy_s
#define _tcsncpy_s strncpy_s
#define _tcscat_s strcat_s
#define _tcstok_s strtok_s
#define _tcstol strtol
#define _tcstoul strtoul
#define _ttoi atoi
#define _tprintf printf
#define _ftprintf fprintf
#define _tprintf_s printf_s
#define _stprintf_s sprintf_s
#define _sntprintf_s _snprintf_s
#define _vsntprintf_s _vsnprintf_s
#define _vstprintf_s vsprintf_s
#define _fputts fputs
#define _tfopen fopen
#define _tfopen_s fopen_s
#endif
#define _T(quote) __T(quote)
#define _TEXT(quote) __T(quote)

#if defined(_UNICODE) && !defined(UNICODE)
typedef WCHAR _TCHAR;
#else
typedef TCHAR _TCHAR;
#endif

#endif
