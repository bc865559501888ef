/* Microsoft's debug heap is not here: its checks are assert(), its calls nothing. */
#ifndef WFPSHIM_CRTDBG_H
#define WFPSHIM_CRTDBG_H

#include <assert.h>

#define _ASSERT(condition) assert(condition)
#define _ASSERTE(condition) assert(condition)
#define _CRT_WARN 0
#define _CRT_ERROR 1
#define _CRT_ASSERT 2
#define _CRTDBG_ALLOC_MEM_DF 0x01
#define _CRTDBG_LEAK_CHECK_DF 0x20
#define _CRTDBG_REPORT_FLAG (-1)
#define _CRTDBG_MODE_DEBUG 2
#define _CRTDBG_MODE_FILE 1
#define _CrtSetDbgFlag(flags) ((int)(flags))
#define _CrtSetReportMode(type, mode) ((int)(mode))
#define _CrtDumpMemoryLeaks() (0)
#define _CrtCheckMemory() (1)

#endif
