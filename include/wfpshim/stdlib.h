/* glibc's <stdlib.h>, and what Microsoft's has beside: ws2crt.h. */
#pragma GCC system_header
#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
#include "ws2wide.h"
#undef mbstowcs
#undef wcstombs
#include_next <stdlib.h>
#include "ws2crt.h"
#define mbstowcs ws2_mbstowcs
#define wcstombs ws2_wcstombs
#else
#include_next <stdlib.h>
#include "ws2crt.h"
#endif
