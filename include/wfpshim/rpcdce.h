/* What programs that talk to the Filtering Platform use of the RPC run-time: new GUIDs, and numbers for
 * FwpmEngineOpen0. */
#ifndef WFPSHIM_RPCDCE_H
#define WFPSHIM_RPCDCE_H

#include "minwindef.h"

#define RPC_S_OK 0
#define RPC_C_AUTHN_NONE 0
#define RPC_C_AUTHN_WINNT 10
#define RPC_C_AUTHN_DEFAULT ((int)0xffffffff)

typedef LONG RPC_STATUS;
typedef GUID UUID;

typedef struct _SEC_WINNT_AUTH_IDENTITY_W {
  unsigned short *User;
  ULONG UserLength;
  unsigned short *Domain;
  ULONG DomainLength;
  unsigned short *Password;
  ULONG PasswordLength;
  ULONG Flags;
} SEC_WINNT_AUTH_IDENTITY_W, *PSEC_WINNT_AUTH_IDENTITY_W;

#if defined(__cplusplus)
extern "C" {
#endif
/* A random GUID (version 4); in libwfpcrt.a. */
RPC_STATUS UuidCreate(UUID *Uuid);
#if defined(__cplusplus)
}
#endif

#endif
