/* Windows' error numbers, made from wsaerror.def. Constants and not macros: a macro cannot make macros. */
#ifndef WFPSHIM_WINERROR_H
#define WFPSHIM_WINERROR_H

#if defined(__cplusplus)
#define WS2_ERROR(name, value, meaning) static constexpr int name = value;
#include "wsaerror.def"
#else
enum {
#define WS2_ERROR(name, value, meaning) name = value,
#include "wsaerror.def"
};
#endif

#define NO_ERROR 0
#define FWP_E_NOT_FOUND ((HRESULT)0x80320008)

#define S_OK ((HRESULT)0)
#define E_FAIL ((HRESULT)0x80004005)
#define SUCCEEDED(result) (((HRESULT)(result)) >= 0)
#define FAILED(result) (((HRESULT)(result)) < 0)

#endif
