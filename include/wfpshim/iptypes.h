/* What GetAdaptersAddresses and GetAdaptersInfo answer. */
#ifndef WFPSHIM_IPTYPES_H
#define WFPSHIM_IPTYPES_H

#include <time.h>

#include "ifdef.h"
#include "winsock2.h"

#define MAX_ADAPTER_DESCRIPTION_LENGTH 128
#define MAX_ADAPTER_NAME_LENGTH 256
#define MAX_ADAPTER_ADDRESS_LENGTH 8
#define MAX_DHCPV6_DUID_LENGTH 130

#define GAA_FLAG_SKIP_UNICAST 0x1u
#define GAA_FLAG_SKIP_ANYCAST 0x2u
#define GAA_FLAG_SKIP_MULTICAST 0x4u
#define GAA_FLAG_SKIP_DNS_SERVER 0x8u
#define GAA_FLAG_INCLUDE_PREFIX 0x10u
#define GAA_FLAG_SKIP_FRIENDLY_NAME 0x20u
#define GAA_FLAG_INCLUDE_WINS_INFO 0x40u
#define GAA_FLAG_INCLUDE_GATEWAYS 0x80u
#define GAA_FLAG_INCLUDE_ALL_INTERFACES 0x100u

#define IP_ADAPTER_RECEIVE_ONLY 0x8u
#define IP_ADAPTER_NO_MULTICAST 0x10u
#define IP_ADAPTER_IPV4_ENABLED 0x80u
#define IP_ADAPTER_IPV6_ENABLED 0x100u

typedef enum { IpPrefixOriginOther = 0, IpPrefixOriginManual, IpPrefixOriginWellKnown } IP_PREFIX_ORIGIN;
typedef enum { IpSuffixOriginOther = 0, IpSuffixOriginManual, IpSuffixOriginWellKnown } IP_SUFFIX_ORIGIN;
typedef enum {
  IpDadStateInvalid = 0,
  IpDadStateTentative,
  IpDadStateDuplicate,
  IpDadStateDeprecated,
  IpDadStatePreferred
} IP_DAD_STATE;

#define WS2_ADDRESS_ENTRY(name, second) \
  typedef struct name {                 \
    union {                             \
      ULONGLONG Alignment;              \
      struct {                          \
        ULONG Length;                   \
        DWORD second;                   \
      };                                \
    };                                  \
    struct name *Next;                  \
    SOCKET_ADDRESS Address;

WS2_ADDRESS_ENTRY(_IP_ADAPTER_UNICAST_ADDRESS_LH, Flags)
IP_PREFIX_ORIGIN PrefixOrigin;
IP_SUFFIX_ORIGIN SuffixOrigin;
IP_DAD_STATE DadState;
ULONG ValidLifetime; /* s */
ULONG PreferredLifetime;
ULONG LeaseLifetime;
UINT8 OnLinkPrefixLength; /* bits */
}
IP_ADAPTER_UNICAST_ADDRESS_LH, *PIP_ADAPTER_UNICAST_ADDRESS_LH, IP_ADAPTER_UNICAST_ADDRESS,
    *PIP_ADAPTER_UNICAST_ADDRESS;
WS2_ADDRESS_ENTRY(_IP_ADAPTER_ANYCAST_ADDRESS_XP, Flags)
}
IP_ADAPTER_ANYCAST_ADDRESS_XP, *PIP_ADAPTER_ANYCAST_ADDRESS_XP, IP_ADAPTER_ANYCAST_ADDRESS,
    *PIP_ADAPTER_ANYCAST_ADDRESS;
WS2_ADDRESS_ENTRY(_IP_ADAPTER_MULTICAST_ADDRESS_XP, Flags)
}
IP_ADAPTER_MULTICAST_ADDRESS_XP, *PIP_ADAPTER_MULTICAST_ADDRESS_XP, IP_ADAPTER_MULTICAST_ADDRESS,
    *PIP_ADAPTER_MULTICAST_ADDRESS;
WS2_ADDRESS_ENTRY(_IP_ADAPTER_DNS_SERVER_ADDRESS_XP, Reserved)
}
IP_ADAPTER_DNS_SERVER_ADDRESS_XP, *PIP_ADAPTER_DNS_SERVER_ADDRESS_XP, IP_ADAPTER_DNS_SERVER_ADDRESS,
    *PIP_ADAPTER_DNS_SERVER_ADDRESS;
WS2_ADDRESS_ENTRY(_IP_ADAPTER_WINS_SERVER_ADDRESS_LH, Reserved)
}
IP_ADAPTER_WINS_SERVER_ADDRESS_LH, *PIP_ADAPTER_WINS_SERVER_ADDRESS_LH;
WS2_ADDRESS_ENTRY(_IP_ADAPTER_GATEWAY_ADDRESS_LH, Reserved)
}
IP_ADAPTER_GATEWAY_ADDRESS_LH, *PIP_ADAPTER_GATEWAY_ADDRESS_LH, IP_ADAPTER_GATEWAY_ADDRESS,
    *PIP_ADAPTER_GATEWAY_ADDRESS;
WS2_ADDRESS_ENTRY(_IP_ADAPTER_PREFIX_XP, Flags)
ULONG PrefixLength; /* bits */
}
IP_ADAPTER_PREFIX_XP, *PIP_ADAPTER_PREFIX_XP, IP_ADAPTER_PREFIX, *PIP_ADAPTER_PREFIX;

typedef struct _IP_ADAPTER_DNS_SUFFIX {
  struct _IP_ADAPTER_DNS_SUFFIX *Next;
  WCHAR String[256];
} IP_ADAPTER_DNS_SUFFIX, *PIP_ADAPTER_DNS_SUFFIX;

typedef struct _IP_ADAPTER_ADDRESSES_LH {
  union {
    ULONGLONG Alignment;
    struct {
      ULONG Length;
      IF_INDEX IfIndex;
    };
  };
  struct _IP_ADAPTER_ADDRESSES_LH *Next;
  PCHAR AdapterName;
  PIP_ADAPTER_UNICAST_ADDRESS_LH FirstUnicastAddress;
  PIP_ADAPTER_ANYCAST_ADDRESS_XP FirstAnycastAddress;
  PIP_ADAPTER_MULTICAST_ADDRESS_XP FirstMulticastAddress;
  PIP_ADAPTER_DNS_SERVER_ADDRESS_XP FirstDnsServerAddress;
  PWCHAR DnsSuffix;
  PWCHAR Description;
  PWCHAR FriendlyName;
  BYTE PhysicalAddress[MAX_ADAPTER_ADDRESS_LENGTH];
  ULONG PhysicalAddressLength;
  ULONG Flags;
  ULONG Mtu; /* bytes */
  IFTYPE IfType;
  IF_OPER_STATUS OperStatus;
  IF_INDEX Ipv6IfIndex;
  ULONG ZoneIndices[16];
  PIP_ADAPTER_PREFIX_XP FirstPrefix;
  ULONG64 TransmitLinkSpeed; /* bits a second */
  ULONG64 ReceiveLinkSpeed;
  PIP_ADAPTER_WINS_SERVER_ADDRESS_LH FirstWinsServerAddress;
  PIP_ADAPTER_GATEWAY_ADDRESS_LH FirstGatewayAddress;
  ULONG Ipv4Metric;
  ULONG Ipv6Metric;
  IF_LUID Luid;
  SOCKET_ADDRESS Dhcpv4Server;
  NET_IF_COMPARTMENT_ID CompartmentId;
  NET_IF_NETWORK_GUID NetworkGuid;
  NET_IF_CONNECTION_TYPE ConnectionType;
  TUNNEL_TYPE TunnelType;
  SOCKET_ADDRESS Dhcpv6Server;
  BYTE Dhcpv6ClientDuid[MAX_DHCPV6_DUID_LENGTH];
  ULONG Dhcpv6ClientDuidLength;
  ULONG Dhcpv6Iaid;
  PIP_ADAPTER_DNS_SUFFIX FirstDnsSuffix;
} IP_ADAPTER_ADDRESSES_LH, *PIP_ADAPTER_ADDRESSES_LH, IP_ADAPTER_ADDRESSES, *PIP_ADAPTER_ADDRESSES;

typedef struct {
  char String[4 * 4];
} IP_ADDRESS_STRING, *PIP_ADDRESS_STRING, IP_MASK_STRING, *PIP_MASK_STRING;

typedef struct _IP_ADDR_STRING {
  struct _IP_ADDR_STRING *Next;
  IP_ADDRESS_STRING IpAddress;
  IP_MASK_STRING IpMask;
  DWORD Context;
} IP_ADDR_STRING, *PIP_ADDR_STRING;

typedef struct _IP_ADAPTER_INFO {
  struct _IP_ADAPTER_INFO *Next;
  DWORD ComboIndex;
  char AdapterName[MAX_ADAPTER_NAME_LENGTH + 4];
  char Description[MAX_ADAPTER_DESCRIPTION_LENGTH + 4];
  UINT AddressLength;
  BYTE Address[MAX_ADAPTER_ADDRESS_LENGTH];
  DWORD Index;
  UINT Type;
  UINT DhcpEnabled;
  PIP_ADDR_STRING CurrentIpAddress;
  IP_ADDR_STRING IpAddressList;
  IP_ADDR_STRING GatewayList;
  IP_ADDR_STRING DhcpServer;
  BOOL HaveWins;
  IP_ADDR_STRING PrimaryWinsServer;
  IP_ADDR_STRING SecondaryWinsServer;
  time_t LeaseObtained;
  time_t LeaseExpires;
} IP_ADAPTER_INFO, *PIP_ADAPTER_INFO;

WS2_STATIC_ASSERT(sizeof(IP_ADAPTER_UNICAST_ADDRESS_LH) == 64 || sizeof(void *) != 8, "IP_ADAPTER_UNICAST_ADDRESS");
WS2_STATIC_ASSERT(sizeof(IP_ADAPTER_ADDRESSES_LH) == 448 || sizeof(void *) != 8, "IP_ADAPTER_ADDRESSES");
WS2_STATIC_ASSERT(sizeof(IP_ADAPTER_INFO) == 704 || sizeof(void *) != 8, "IP_ADAPTER_INFO");

#endif
