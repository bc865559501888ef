#include "wfp_process.h"

static struct wfp_process process;

struct wfp_process *wfp_process(void) { return &process; }
