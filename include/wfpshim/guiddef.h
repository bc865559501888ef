/* GUIDs. As with Windows' own header, <initguid.h> (or INITGUID) before it makes each DEFINE_GUID a definition. */
#ifndef WFPSHIM_GUIDDEF_H
#define WFPSHIM_GUIDDEF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ws2words.h"

#if !defined(GUID_DEFINED)
#define GUID_DEFINED
typedef struct _GUID {
  uint32_t Data1;
  uint16_t Data2;
  uint16_t Data3;
  uint8_t Data4[8];
} GUID;
#endif
typedef GUID *LPGUID, IID, *LPIID, CLSID, *LPCLSID, FMTID, *LPFMTID;
typedef const GUID *LPCGUID;

#if defined(__cplusplus)
#define REFGUID const GUID &
#define REFIID const IID &
#define REFCLSID const IID &
inline int InlineIsEqualGUID(REFGUID a, REFGUID b) { return memcmp(&a, &b, sizeof(GUID)) == 0; }
inline int IsEqualGUID(REFGUID a, REFGUID b) { return memcmp(&a, &b, sizeof(GUID)) == 0; }
inline bool operator==(REFGUID a, REFGUID b) { return memcmp(&a, &b, sizeof(GUID)) == 0; }
inline bool operator!=(REFGUID a, REFGUID b) { return !(a == b); }
#else
#define REFGUID const GUID *const
#define REFIID const IID *const
#define REFCLSID const IID *const
#define InlineIsEqualGUID(a, b) (memcmp((a), (b), sizeof(GUID)) == 0)
#define IsEqualGUID(a, b) (memcmp((a), (b), sizeof(GUID)) == 0)
#endif
#define IsEqualIID(a, b) IsEqualGUID(a, b)
#define IsEqualCLSID(a, b) IsEqualGUID(a, b)

static const GUID GUID_NULL __attribute__((__unused__)) = {0, 0, 0, {0, 0, 0, 0, 0, 0, 0, 0}};
#define IID_NULL GUID_NULL
#define CLSID_NULL GUID_NULL

WS2_STATIC_ASSERT(sizeof(GUID) == 16 && offsetof(GUID, Data4) == 8, "GUID");

#endif

/* Outside of the guard: what <initguid.h> changes. Weak, as one GUID may be defined in many files. */
#undef DEFINE_GUID
#if defined(INITGUID)
#define DEFINE_GUID(name, a, b, c, d, e, f, g, h, i, j, k) \
  EXTERN_C const GUID name;                                \
  const GUID name __attribute__((__weak__)) = {a, b, c, {d, e, f, g, h, i, j, k}}
#else
#define DEFINE_GUID(name, a, b, c, d, e, f, g, h, i, j, k) EXTERN_C const GUID name
#endif
