/* Windows does not tell upper from lower case in file names. */
#include "netioapi.h"
