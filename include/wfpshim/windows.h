/* The part of <windows.h> that redirect services use; <winsock2.h> comes before or after it, as you like. */
#ifndef WFPSHIM_WINDOWS_H
#define WFPSHIM_WINDOWS_H

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "sdkddkver.h"
#include "windef.h"
#include "winerror.h"
#include "winbase.h"
#include "synchapi.h"
#include "ioapiset.h"
#include "ws2crt.h"

#endif
