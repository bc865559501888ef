#include "CRedirect.h"

#include <errno.h>
#include <sys/ioctl.h>

int CRedirect_control(int fd, unsigned long code, struct wfp_ioctl *request) {
  return ioctl(fd, code, request) == 0 ? 0 : errno;
}
