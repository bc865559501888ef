/* glibc's <string.h>, and what Microsoft's has beside: ws2crt.h. */
#pragma GCC system_header
#include_next <string.h>
#include "ws2crt.h"
