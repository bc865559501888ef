/* The ioctl seam for Swift: the codes and `struct wfp_ioctl` of the public header. */
#ifndef CREDIRECT_H
#define CREDIRECT_H

#include "../../../include/wfpshim/wfp_ioctl.h"

/* Swift imports no macro with a suffix. */
static const unsigned long CRedirect_queryRecords = SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS;
static const unsigned long CRedirect_queryContext = SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT;
static const unsigned long CRedirect_setRecords = SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS;

/* ioctl(2), which Swift cannot call as it is variadic; 0 or errno. It binds to the preload's when that is loaded. */
int CRedirect_control(int fd, unsigned long code, struct wfp_ioctl *_Nonnull request);

#endif
