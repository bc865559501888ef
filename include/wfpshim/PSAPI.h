/* Windows does not tell upper from lower case in file names. */
#include "psapi.h"
