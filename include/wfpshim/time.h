/* glibc's <time.h>, and what Microsoft's has beside: ws2crt.h. */
#pragma GCC system_header
#include_next <time.h>
#include "ws2crt.h"
