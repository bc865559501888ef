/* Headers of packets, as they stand on the wire. */
#ifndef WFPSHIM_NETIODEF_H
#define WFPSHIM_NETIODEF_H

#include "ws2def.h"
#include "ws2ipdef.h"

typedef struct _IPV4_HEADER {
  union {
    UINT8 VersionAndHeaderLength;
    struct {
      UINT8 HeaderLength : 4; /* in units of 4 bytes */
      UINT8 Version : 4;
    };
  };
  UINT8 TypeOfService;
  UINT16 TotalLength;
  UINT16 Identification;
  UINT16 FlagsAndOffset;
  UINT8 TimeToLive;
  UINT8 Protocol;
  UINT16 HeaderChecksum;
  IN_ADDR SourceAddress;
  IN_ADDR DestinationAddress;
} IPV4_HEADER, *PIPV4_HEADER;

typedef struct _IPV6_HEADER {
  UINT32 VersionClassFlow;
  UINT16 PayloadLength;
  UINT8 NextHeader;
  UINT8 HopLimit;
  IN6_ADDR SourceAddress;
  IN6_ADDR DestinationAddress;
} IPV6_HEADER, *PIPV6_HEADER;

typedef struct _TCP_HDR {
  USHORT th_sport;
  USHORT th_dport;
  UINT32 th_seq;
  UINT32 th_ack;
  UINT8 th_x2 : 4;
  UINT8 th_len : 4; /* in units of 4 bytes */
  UINT8 th_flags;
  USHORT th_win;
  USHORT th_sum;
  USHORT th_urp;
} TCP_HDR;

typedef struct _UDP_HDR {
  USHORT uh_sport;
  USHORT uh_dport;
  USHORT uh_ulen;
  USHORT uh_sum;
} UDP_HDR;

typedef struct _ICMP_HEADER {
  UINT8 Type;
  UINT8 Code;
  UINT16 Checksum;
} ICMP_HEADER, *PICMP_HEADER;

WS2_STATIC_ASSERT(sizeof(IPV4_HEADER) == 20 && sizeof(IPV6_HEADER) == 40, "IP headers");
WS2_STATIC_ASSERT(sizeof(TCP_HDR) == 20 && sizeof(UDP_HDR) == 8 && sizeof(ICMP_HEADER) == 4, "transport headers");

#endif
