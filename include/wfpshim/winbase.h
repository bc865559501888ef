/* Constants of files, memory and messages that belong to no other part of <windows.h>. */
#ifndef WFPSHIM_WINBASE_H
#define WFPSHIM_WINBASE_H

#include "minwinbase.h"
#include "winerror.h"

#endif
