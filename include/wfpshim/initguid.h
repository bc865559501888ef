/* Before a header with DEFINE_GUID: this file of the program is where those GUIDs are defined. */
#ifndef INITGUID
#define INITGUID
#endif
#include "guiddef.h"
