/* The RPC run-time: what <rpcdce.h> has of it. */
#ifndef WFPSHIM_RPC_H
#define WFPSHIM_RPC_H

#include "windows.h"
#include "rpcdce.h"

#endif
