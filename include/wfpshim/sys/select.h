/* glibc's <sys/select.h>, which <stdlib.h> includes, defines FD_SETSIZE; on Windows it is the program's to define
 * before <winsock2.h>, so what the program has said, or not said, is kept. */
#pragma GCC system_header
#pragma push_macro("FD_SETSIZE")
#undef FD_SETSIZE
#include_next <sys/select.h>
#pragma pop_macro("FD_SETSIZE")
