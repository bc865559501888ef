import CWinsock
import Testing

/// Windows' x64 sizes and offsets as Swift sees them. The headers assert the same where the types are declared.
@Suite struct LayoutTests {
  @Test func sizes() {
    #expect(MemoryLayout<WSADATA>.size == 408)
    #expect(MemoryLayout<WSAOVERLAPPED>.size == 32)
    #expect(MemoryLayout<WSABUF>.size == 16)
    #expect(MemoryLayout<WSAMSG>.size == 56)
    #expect(MemoryLayout<WSAPROTOCOL_INFOA>.size == 372)
    #expect(MemoryLayout<ws2_sockaddr_in>.size == 16)
    #expect(MemoryLayout<ws2_sockaddr_in6>.size == 28)
    #expect(MemoryLayout<SOCKADDR_STORAGE>.size == 128)
    #expect(MemoryLayout<SOCKET>.size == 8)
    #expect(MemoryLayout<DWORD>.size == 4)
    #expect(MemoryLayout<ULONG>.size == 4)
    #expect(MemoryLayout<GUID>.size == 16)
    #expect(MemoryLayout<ws2_fd_set>.size == 520)
    #expect(MemoryLayout<CRITICAL_SECTION>.size == 40)
    #expect(MemoryLayout<tcp_keepalive>.size == 12)
  }

  @Test func offsets() {
    #expect(MemoryLayout<WSAOVERLAPPED>.offset(of: \.InternalHigh) == 8)
    #expect(MemoryLayout<WSAOVERLAPPED>.offset(of: \.hEvent) == 24)
    #expect(MemoryLayout<WSABUF>.offset(of: \.buf) == 8)
    #expect(MemoryLayout<WSADATA>.offset(of: \.wHighVersion) == 2)
    #expect(MemoryLayout<WSADATA>.offset(of: \.lpVendorInfo) == 8)
    #expect(MemoryLayout<WSADATA>.offset(of: \.szDescription) == 16)
    #expect(MemoryLayout<WSADATA>.offset(of: \.szSystemStatus) == 273)
    #expect(MemoryLayout<WSAMSG>.offset(of: \.Control) == 32)
    #expect(MemoryLayout<WSAMSG>.offset(of: \.dwFlags) == 48)
    #expect(MemoryLayout<WSAPROTOCOL_INFOA>.offset(of: \.ProviderId) == 20)
    #expect(MemoryLayout<WSAPROTOCOL_INFOA>.offset(of: \.iAddressFamily) == 76)
    #expect(MemoryLayout<WSAPROTOCOL_INFOA>.offset(of: \.szProtocol) == 116)
    #expect(MemoryLayout<ws2_sockaddr_in6>.offset(of: \.sin6_addr) == 8)
  }

  /// The redirect codes are `_WSAIOW(IOC_VENDOR, 220...222)`.
  @Test func controlCodes() {
    #expect(SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS == 0x9800_00dc)
    #expect(SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT == 0x9800_00dd)
    #expect(SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS == 0x9800_00de)
    #expect(ws2_SIO_KEEPALIVE_VALS == 0x9800_0004)
    #expect(ws2_SIO_BASE_HANDLE == 0x4800_0022)
    #expect(ws2_SIO_UDP_CONNRESET == 0x9800_000c)
  }
}
