/* The half of a service that talks to its driver: control codes, packed structures, checked sizes, the platform's
 * objects and identifiers. The driver is not there: what would be sent is looked at instead. */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <winioctl.h>
#include <fwpmu.h>
#include <intsafe.h>
#include <initguid.h>
#include <stdio.h>

#define CONTOSO_DEVICE_TYPE 0x8000
#define IOCTL_CONTOSO_SET_PROXY CTL_CODE(CONTOSO_DEVICE_TYPE, 0x800, METHOD_BUFFERED, FILE_WRITE_ACCESS)
#define IOCTL_CONTOSO_GET_FLOW CTL_CODE(FILE_DEVICE_NETWORK, 0x801, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)

/* {5F2B1B16-64B8-4D3B-9E26-0E6A1E6C43AA} */
DEFINE_GUID(CONTOSO_PROVIDER, 0x5f2b1b16, 0x64b8, 0x4d3b, 0x9e, 0x26, 0x0e, 0x6a, 0x1e, 0x6c, 0x43, 0xaa);

#pragma pack(push, 1)
typedef struct _CONTOSO_PROXY {
  UINT32 ProcessId;
  UINT16 PortV4;
  UINT16 PortV6;
  GUID Provider;
  unsigned __int64 Cookie;
} CONTOSO_PROXY, *PCONTOSO_PROXY;
#pragma pack(pop)
C_ASSERT(sizeof(CONTOSO_PROXY) == 32);
C_ASSERT(FIELD_OFFSET(CONTOSO_PROXY, Cookie) == 24);

typedef BOOL(WINAPI *CONTROL)(HANDLE hDevice, DWORD dwIoControlCode, LPVOID lpInBuffer, DWORD nInBufferSize,
                              LPVOID lpOutBuffer, DWORD nOutBufferSize, LPDWORD lpBytesReturned,
                              LPOVERLAPPED lpOverlapped);

static BOOL WINAPI Driver(HANDLE device, DWORD code, LPVOID in, DWORD in_size, LPVOID out, DWORD out_size,
                          LPDWORD returned, LPOVERLAPPED overlapped) {
  UNREFERENCED_PARAMETER(device);
  UNREFERENCED_PARAMETER(overlapped);
  if (code == IOCTL_CONTOSO_SET_PROXY && in_size == sizeof(CONTOSO_PROXY))
    return InlineIsEqualGUID(&((PCONTOSO_PROXY)in)->Provider, &CONTOSO_PROVIDER);
  if (code != IOCTL_CONTOSO_GET_FLOW || out_size < sizeof(ULONG64)) return FALSE;
  *(ULONG64 *)out = 7;
  *returned = sizeof(ULONG64);
  return TRUE;
}

int main(void) {
  CONTROL control = Driver;
  CONTOSO_PROXY proxy = {0};
  FWPM_FILTER0 filter = {0};
  FWPM_FILTER_CONDITION0 condition = {0};
  ULONG64 flow = 0;
  DWORD returned = 0, total = 0;
  HANDLE device = INVALID_HANDLE_VALUE;
  LARGE_INTEGER time;

  proxy.Provider = CONTOSO_PROVIDER;
  proxy.PortV4 = htons(8888);
  if (!control(device, IOCTL_CONTOSO_SET_PROXY, &proxy, sizeof(proxy), NULL, 0, &returned, NULL)) return 1;
  if (!control(device, IOCTL_CONTOSO_GET_FLOW, NULL, 0, &flow, sizeof(flow), &returned, NULL)) return 2;
  if (flow != 7 || returned != 8) return 3;
  if (DEVICE_TYPE_FROM_CTL_CODE(IOCTL_CONTOSO_GET_FLOW) != FILE_DEVICE_NETWORK) return 4;
  if (DWordAdd(0xfffffff0u, 0x10u, &total) != INTSAFE_E_ARITHMETIC_OVERFLOW) return 5;
  if (DWordMult(sizeof(proxy), 4, &total) != S_OK || total != 128) return 6;

  condition.matchType = FWP_MATCH_EQUAL;
  condition.conditionValue.type = FWP_UINT8;
  condition.conditionValue.uint8 = IPPROTO_TCP;
  filter.numFilterConditions = 1;
  filter.filterCondition = &condition;
  filter.action.type = FWP_ACTION_CALLOUT_TERMINATING;
  filter.action.calloutKey = CONTOSO_PROVIDER;
  filter.weight.type = FWP_EMPTY;
  time.QuadPart = -10000LL;
  printf("code 0x%08x, action 0x%x, time %d:%d, total %u\n", (unsigned)IOCTL_CONTOSO_SET_PROXY,
         (unsigned)filter.action.type, (int)time.HighPart, (int)(time.LowPart == 0xffffd8f0u), (unsigned)total);
  return IsEqualGUID(&filter.action.calloutKey, &CONTOSO_PROVIDER) ? 0 : 7;
}
