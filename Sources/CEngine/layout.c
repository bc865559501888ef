// The headers assert their own layouts; this file makes the compiler read them once on its own.
#include "wfp_core.h"
#include "wfp_diag.h"
#include "wfp_layout.h"
#include "wfp_policy.h"
#include "wfp_stream.h"
#include "wfp_system.h"
