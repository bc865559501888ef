/* The part of <windows.h> that redirect services use; <winsock2.h> comes before or after it, as you like: Winsock 1,
 * which this one brings as Windows' own does, is a part of 2 here. */
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
#include "handleapi.h"
#include "processthreadsapi.h"
#include "heapapi.h"
#include "memoryapi.h"
#include "sysinfoapi.h"
#include "timezoneapi.h"
#include "profileapi.h"
#include "processenv.h"
#include "debugapi.h"
#include "stringapiset.h"
#include "libloaderapi.h"
#include "threadpoolapiset.h"
#include "consoleapi.h"
#include "fileapi.h"
#include "winsvc.h"
#include "ws2winbase.h"
#include "ws2crt.h"

/* _WINSOCKAPI_ is what programs define to keep Winsock 1 out, and what <winsock2.h> defines. */
#if !defined(WIN32_LEAN_AND_MEAN) && !defined(_WINSOCKAPI_)
#include "winsock.h"
#endif

#endif
