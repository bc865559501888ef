/* Windows Sockets 1.1, which is a part of 2. Windows' two headers exclude each other; here the order is free. */
#include "winsock2.h"
