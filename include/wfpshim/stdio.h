/* glibc's <stdio.h>, and what Microsoft's has beside: ws2crt.h. */
#pragma GCC system_header
#include_next <stdio.h>
#include "ws2crt.h"
