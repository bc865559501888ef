#include "wfp_hooks.h"
