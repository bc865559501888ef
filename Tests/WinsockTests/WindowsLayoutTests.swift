import Foundation
import Testing

/// DESIGN D9: types have Windows' sizes and offsets, and what POSIX does not have has Windows' numbers. The truth are the
/// headers of mingw-w64: one file is compiled against them and against ours.
@Suite struct WindowsLayoutTests {
  private static let mingw = TestPaths.tool("x86_64-w64-mingw32-gcc")

  /// `TYPE: FIELD FIELD`, for each the size and the offsets. (Of ADDRINFOA two fields have changed places: the list that
  /// getaddrinfo gives is glibc's.)
  static let structures = """
    WSADATA: wVersion wHighVersion iMaxSockets iMaxUdpDg lpVendorInfo szDescription szSystemStatus
    WSABUF: len buf
    WSAMSG: name namelen lpBuffers dwBufferCount Control dwFlags
    WSACMSGHDR: cmsg_len cmsg_level cmsg_type
    OVERLAPPED: Internal InternalHigh Offset OffsetHigh Pointer hEvent
    WSAOVERLAPPED: Internal InternalHigh hEvent
    OVERLAPPED_ENTRY: lpCompletionKey lpOverlapped Internal dwNumberOfBytesTransferred
    WSAPROTOCOLCHAIN: ChainLen ChainEntries
    WSAPROTOCOL_INFOA: dwServiceFlags1 ProviderId dwCatalogEntryId ProtocolChain iVersion iProtocol szProtocol
    WSAPROTOCOL_INFOW: dwServiceFlags1 ProviderId dwCatalogEntryId ProtocolChain iVersion iProtocol szProtocol
    WSANETWORKEVENTS: lNetworkEvents iErrorCode
    WSAPOLLFD: fd events revents
    SOCKADDR: sa_family sa_data
    SOCKADDR_IN: sin_family sin_port sin_addr sin_zero
    SOCKADDR_IN6: sin6_family sin6_port sin6_flowinfo sin6_addr sin6_scope_id
    SOCKADDR_STORAGE: ss_family
    SOCKADDR_INET: Ipv4 Ipv6 si_family
    SOCKET_ADDRESS: lpSockaddr iSockaddrLength
    SOCKET_ADDRESS_LIST: iAddressCount Address
    INTERFACE_INFO: iiFlags iiAddress iiBroadcastAddress iiNetmask
    IN_ADDR: S_un
    IN6_ADDR: u
    IP_MREQ: imr_multiaddr imr_interface
    IPV6_MREQ: ipv6mr_multiaddr ipv6mr_interface
    ADDRINFOA: ai_flags ai_family ai_socktype ai_protocol ai_addrlen ai_next
    fd_set: fd_count fd_array
    struct tcp_keepalive: onoff keepalivetime keepaliveinterval
    TCP_INFO_v0: State Mss ConnectionTimeMs TimestampsEnabled RttUs BytesInFlight Cwnd RcvBuf BytesOut BytesIn SynRetrans
    INET_PORT_RANGE: StartPort NumberOfPorts
    INET_PORT_RESERVATION_TOKEN: Token
    INET_PORT_RESERVATION_INSTANCE:
    TCP_INITIAL_RTO_PARAMETERS: Rtt MaxSynRetransmissions
    TRANSMIT_FILE_BUFFERS: Head HeadLength Tail TailLength
    WSPDATA: wVersion wHighVersion szDescription
    WSATHREADID: ThreadHandle Reserved
    WSPPROC_TABLE: lpWSPAccept lpWSPIoctl lpWSPStringToAddress
    WSPUPCALLTABLE: lpWPUCloseEvent lpWPUQueueApc lpWPUCloseThread
    GUID: Data1 Data2 Data3 Data4
    FILETIME: dwLowDateTime dwHighDateTime
    LARGE_INTEGER: LowPart HighPart QuadPart
    ULARGE_INTEGER: LowPart HighPart QuadPart
    LIST_ENTRY: Flink Blink
    LUID: LowPart HighPart
    SECURITY_ATTRIBUTES: nLength lpSecurityDescriptor bInheritHandle
    CRITICAL_SECTION:
    POINT: x y
    RECT: left top right bottom
    FWP_BYTE_BLOB: size data
    FWP_VALUE0: type uint64 uint8 byteBlob
    FWP_CONDITION_VALUE0: type v4AddrMask rangeValue uint32
    FWP_V4_ADDR_AND_MASK: addr mask
    FWP_V6_ADDR_AND_MASK: addr prefixLength
    FWP_RANGE0: valueLow valueHigh
    FWPM_DISPLAY_DATA0: name description
    FWPM_SESSION0: sessionKey displayData flags txnWaitTimeoutInMSec processId sid username kernelMode
    FWPM_PROVIDER0: providerKey displayData flags providerData serviceName
    FWPM_SUBLAYER0: subLayerKey displayData flags providerKey providerData weight
    FWPM_CALLOUT0: calloutKey displayData flags providerKey providerData applicableLayer calloutId
    FWPM_ACTION0: type filterType calloutKey
    FWPM_FILTER_CONDITION0: fieldKey matchType conditionValue
    FWPM_FILTER0: filterKey displayData flags providerKey providerData layerKey subLayerKey weight numFilterConditions \
    filterCondition action rawContext providerContextKey reserved filterId effectiveWeight
    """

  static let scalars = """
    BOOL BYTE WORD DWORD LONG ULONG SHORT USHORT INT UINT CHAR UCHAR WCHAR TCHAR LONGLONG ULONGLONG DWORD64 SIZE_T SSIZE_T
    ULONG_PTR LONG_PTR DWORD_PTR UINT_PTR HANDLE HMODULE SOCKET WSAEVENT HRESULT NTSTATUS ADDRESS_FAMILY GROUP WPARAM
    BOOLEAN UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 LONG64 ULONG64 ACCESS_MASK LPWSTR TCPSTATE
    FWP_DATA_TYPE FWP_MATCH_TYPE FWP_ACTION_TYPE
    """

  /// Numbers that Linux does not have, and macros with an argument.
  static let numbers = """
    CTL_CODE(FILE_DEVICE_NETWORK,0x801,METHOD_BUFFERED,FILE_ANY_ACCESS) CTL_CODE(0x8000,0xfff,METHOD_NEITHER,3)
    FILE_DEVICE_UNKNOWN FILE_DEVICE_NAMED_PIPE FILE_DEVICE_TRANSPORT METHOD_IN_DIRECT METHOD_OUT_DIRECT METHOD_NEITHER
    FILE_READ_ACCESS FILE_WRITE_ACCESS MAKEWORD(2,2) MAKELONG(1,2) LOWORD(0x12345678) HIWORD(0x12345678) LOBYTE(0x1234)
    HIBYTE(0x1234) SD_RECEIVE SD_SEND SD_BOTH WSA_FLAG_OVERLAPPED WSA_FLAG_NO_HANDLE_INHERIT IOC_VENDOR IOC_WS2
    SIO_GET_EXTENSION_FUNCTION_POINTER SIO_KEEPALIVE_VALS SIO_TCP_INFO SIO_UDP_CONNRESET SIO_BASE_HANDLE SIO_BSP_HANDLE
    SIO_ROUTING_INTERFACE_QUERY SIO_ADDRESS_LIST_QUERY SIO_FLUSH SIO_GET_BROADCAST_ADDRESS SIO_LOOPBACK_FAST_PATH
    SIO_RCVALL SIO_ACQUIRE_PORT_RESERVATION SIO_ASSOCIATE_PORT_RESERVATION
    SIO_GET_INTERFACE_LIST _WSAIOW(IOC_VENDOR,220) _WSAIOR(IOC_WS2,27) _WSAIORW(IOC_WS2,6) _WSAIO(IOC_WS2,4)
    FD_READ FD_WRITE FD_OOB FD_ACCEPT FD_CONNECT FD_CLOSE FD_ACCEPT_BIT FD_CLOSE_BIT FD_MAX_EVENTS FD_ALL_EVENTS FD_SETSIZE
    WSA_INFINITE WSA_WAIT_EVENT_0 WSA_WAIT_TIMEOUT WSA_WAIT_FAILED WSA_WAIT_IO_COMPLETION WSA_MAXIMUM_WAIT_EVENTS
    WAIT_OBJECT_0 WAIT_TIMEOUT WAIT_FAILED WAIT_ABANDONED WAIT_IO_COMPLETION INFINITE MAXIMUM_WAIT_OBJECTS STILL_ACTIVE
    WSAEFAULT WSAEINVAL WSAENOTSOCK WSAEOPNOTSUPP WSAEMSGSIZE WSAETIMEDOUT WSAEWOULDBLOCK WSAEDISCON WSAENOBUFS
    WSAECONNRESET WSA_IO_PENDING WSA_OPERATION_ABORTED ERROR_INSUFFICIENT_BUFFER ERROR_CALL_NOT_IMPLEMENTED
    ERROR_NOT_FOUND ERROR_MORE_DATA NO_ERROR S_OK S_FALSE E_FAIL E_INVALIDARG E_OUTOFMEMORY E_ACCESSDENIED E_NOTIMPL
    HRESULT_FROM_WIN32(5) HRESULT_FROM_WIN32(0) HRESULT_CODE(0x8007007a) HRESULT_FACILITY(0x8007007a)
    MAKE_HRESULT(1,7,122) SUCCEEDED(S_FALSE) FAILED(E_FAIL) FWP_E_NOT_FOUND FWP_E_CALLOUT_NOT_FOUND FWP_E_ALREADY_EXISTS
    FWP_E_TIMEOUT FWP_E_NULL_POINTER FWP_E_INVALID_WEIGHT FWP_E_RESERVED FWP_E_DUPLICATE_CONDITION FWP_E_INVALID_PARAMETER
    FWP_ACTION_BLOCK FWP_ACTION_PERMIT FWP_ACTION_CALLOUT_TERMINATING FWP_ACTION_CALLOUT_UNKNOWN FWP_ACTION_CONTINUE
    FWP_MATCH_RANGE FWP_MATCH_FLAGS_ALL_SET FWP_MATCH_NOT_EQUAL FWP_BYTE_BLOB_TYPE FWP_V4_ADDR_MASK FWP_RANGE_TYPE
    FWP_UINT8 FWP_UINT64 FWP_BYTE_ARRAY16_TYPE FWP_BYTE_ARRAY6_TYPE FWP_CONDITION_FLAG_IS_LOOPBACK
    FWP_CONDITION_FLAG_IS_CONNECTION_REDIRECTED FWP_CONDITION_FLAG_IS_PROXY_CONNECTION
    STRSAFE_E_INSUFFICIENT_BUFFER STRSAFE_E_INVALID_PARAMETER INTSAFE_E_ARITHMETIC_OVERFLOW STRUNCATE MAX_PATH
    GENERIC_READ GENERIC_WRITE SYNCHRONIZE DELETE READ_CONTROL MAXDWORD
    NTDDI_WIN7 NTDDI_WIN8 NTDDI_WIN10_RS1 _WIN32_WINNT_WIN7 _WIN32_WINNT_WIN10 TF_REUSE_SOCKET TF_DISCONNECT
    SO_UPDATE_ACCEPT_CONTEXT SO_UPDATE_CONNECT_CONTEXT SO_CONNECT_TIME SO_CONDITIONAL_ACCEPT
    IP_WFP_REDIRECT_RECORDS IP_WFP_REDIRECT_CONTEXT
    INADDR_LOOPBACK INADDR_NONE TCPSTATE_ESTABLISHED TCPSTATE_TIME_WAIT CF_DEFER RCVALL_IPLEVEL
    WSA_CMSG_SPACE(4) WSA_CMSG_LEN(4) WSA_CMSG_SPACE(256) WSADESCRIPTION_LEN WSASYS_STATUS_LEN WSAPROTOCOL_LEN
    TIMER_ALL_ACCESS EVENT_ALL_ACCESS THREAD_ALL_ACCESS CREATE_SUSPENDED
    """

  /// Each expression's name.
  static func expressions() -> [String] {
    let words = { (text: String) in text.split(whereSeparator: \.isWhitespace).map(String.init) }
    let fields = structures.split(separator: "\n").flatMap { line -> [String] in
      let type = String(line.prefix { $0 != ":" }).trimmingCharacters(in: .whitespaces)
      return ["sizeof(\(type))"] + words(String(line.drop { $0 != ":" }.dropFirst())).map { "offsetof(\(type), \($0))" }
    }
    return fields + words(scalars).map { "sizeof(\($0))" } + words(numbers)
  }

  /// The constants as the compiler writes them down; none of them is 0, for which it would have another word.
  static func values(_ expressions: [String], compiler: String, flags: [String]) throws -> [Int] {
    let folder = try TemporaryFolder()
    let rows = expressions.map { "  (long long)(int)(\($0)) + 0x100000000," }.joined(separator: "\n")
    let headers = [
      "winsock2.h", "ws2tcpip.h", "mstcpip.h", "mswsock.h", "ws2spi.h", "windows.h", "fwpmu.h", "winioctl.h",
      "strsafe.h",
      "intsafe.h",
    ]
    let text =
      "#define _WIN32_WINNT 0x0A00\n#define NTDDI_VERSION 0x0A00000B\n"
      + HeaderMatrixTests.includes(headers) + "#include <stddef.h>\nconst long long values[] = {\n\(rows)\n};\n"
    let file = try folder.write(text, to: "layout.c")
    let output = folder.path + "/layout.s"
    let finished = try run(compiler, ["-std=gnu11", "-S", "-w", file, "-o", output] + flags)
    #expect(finished.status == 0, "\(compiler)\n\(finished.output)")
    let assembly = try String(contentsOfFile: output, encoding: .utf8)
    return assembly.split(separator: "\n").compactMap { line in
      line.firstMatch(of: /^\t\.quad\t(\d+)/).flatMap { Int($0.1) }
    }
  }

  @Test(
    "D9: sizes, offsets and numbers are those of Windows x64",
    .enabled(if: mingw != nil, "needs x86_64-w64-mingw32-gcc (Debian: gcc-mingw-w64-x86-64)"))
  func same() throws {
    let names = Self.expressions()
    let windows = try Self.values(names, compiler: try #require(Self.mingw), flags: [])
    let gcc = try #require(TestPaths.tool("gcc"))
    let linux = try Self.values(names, compiler: gcc, flags: ["-I\(TestPaths.headers)"])
    try #require(windows.count == names.count && linux.count == names.count)
    for (name, (theirs, ours)) in zip(names, zip(windows, linux)) {
      #expect(ours == theirs, "\(name): Windows \(theirs - 0x1_0000_0000), here \(ours - 0x1_0000_0000)")
    }
  }

  @Test("the comparison above sees a difference") func differs() throws {
    let gcc = try #require(TestPaths.tool("gcc"))
    let names = ["sizeof(DWORD)", "sizeof(u_long)", "offsetof(WSABUF, buf)", "0"]
    let values = try Self.values(names, compiler: gcc, flags: ["-I\(TestPaths.headers)"])
    #expect(values.map { $0 - 0x1_0000_0000 } == [4, 8, 8, 0])
  }
}
