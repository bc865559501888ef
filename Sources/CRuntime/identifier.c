/* Page: UuidCreate. RFC 9562, version 4: random but for six bits. */
#include "wfp_runtime.h"

#include <sys/random.h>

#define RPC_S_OK 0
#define RPC_S_OUT_OF_RESOURCES 1721

int32_t UuidCreate(unsigned char identifier[16]) {
  if (getrandom(identifier, 16, 0) != 16) return RPC_S_OUT_OF_RESOURCES;
  identifier[7] = (unsigned char)(0x40 | (identifier[7] & 0x0f)); /* Data3 is in the machine's order */
  identifier[8] = (unsigned char)(0x80 | (identifier[8] & 0x3f));
  return RPC_S_OK;
}
