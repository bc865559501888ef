/* The types of Windows programs, with those of the screen that turn up in structures. Part of <windows.h>. */
#ifndef WFPSHIM_WINDEF_H
#define WFPSHIM_WINDEF_H

#include "minwindef.h"

typedef DWORD COLORREF, *LPCOLORREF;

typedef struct tagPOINT {
  LONG x;
  LONG y;
} POINT, *PPOINT, *LPPOINT;

typedef struct tagSIZE {
  LONG cx;
  LONG cy;
} SIZE, *PSIZE, *LPSIZE;

typedef struct tagRECT {
  LONG left;
  LONG top;
  LONG right;
  LONG bottom;
} RECT, *PRECT, *LPRECT;

/* In C only, as the C++ library has functions of these names. */
#if !defined(NOMINMAX) && !defined(__cplusplus)
#if !defined(min)
#define min(a, b) (((a) < (b)) ? (a) : (b))
#endif
#if !defined(max)
#define max(a, b) (((a) > (b)) ? (a) : (b))
#endif
#endif

#endif
