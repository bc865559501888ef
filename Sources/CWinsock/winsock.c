#include "wfp_winsock.h"
