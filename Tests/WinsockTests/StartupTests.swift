import CWinsock
import Testing

@testable import Winsock

extension WinsockSuite {
  /// WSAStartup, WSACleanup, and SPEC S2.1 for every function.
  @Suite struct StartupTests {
    @Test func everyStartupNeedsACleanup() {
      var data = WSADATA()
      #expect(outcome { WSACleanup() } == .failure(WSANOTINITIALISED))
      #expect(WSAStartup(0x0202, &data) == 0)
      #expect(WSAStartup(0x0101, &data) == 0)
      #expect(WSACleanup() == 0)
      let socket = makeStream()
      #expect(socket != noSocket)
      closesocket(socket)
      #expect(WSACleanup() == 0)
      #expect(outcome { WSACleanup() } == .failure(WSANOTINITIALISED))
      #expect(socketOutcome { makeStream() } == .failure(WSANOTINITIALISED))
    }

    @Test(
      arguments: [
        (0x0001, 0x0001), (0x0101, 0x0101), (0x0201, 0x0101), (0x0002, 0x0002), (0x0102, 0x0102), (0x0202, 0x0202),
        (0x0302, 0x0202), (0x0003, 0x0202), (0xff63, 0x0202),
      ] as [(WORD, WORD)])
    func theVersionIsNegotiated(requested: WORD, agreed: WORD) {
      var data = WSADATA()
      #expect(WSAStartup(requested, &data) == 0)
      #expect(data.wVersion == agreed)
      #expect(data.wHighVersion == 0x0202)
      #expect((data.iMaxSockets == 0) == (agreed & 0xff != 1))
      #expect(
        withUnsafeBytes(of: data.szDescription) { String(decoding: $0.prefix(11), as: UTF8.self) } == "WinSock 2.0")
      #expect(withUnsafeBytes(of: data.szSystemStatus) { String(decoding: $0.prefix(8), as: UTF8.self) } == "Running\0")
      #expect(WSACleanup() == 0)
    }

    /// The error is the result; WSAGetLastError has no slot before the start.
    @Test func startupRefuses() {
      var data = WSADATA()
      #expect(WSAStartup(0x0200, &data) == WSAVERNOTSUPPORTED)
      #expect(WSAStartup(0x0202, nil) == WSAEFAULT)
      #expect(WSAStartup(0x0200, nil) == WSAVERNOTSUPPORTED)
      for kind in BadMemory.Kind.allCases {
        let memory = BadMemory(kind, size: MemoryLayout<WSADATA>.size)
        #expect(WSAStartup(0x0202, memory.pointer.assumingMemoryBound(to: WSADATA.self)) == WSAEFAULT, "\(kind)")
        #expect(memory.isUntouched)
      }
      #expect(outcome { WSACleanup() } == .failure(WSANOTINITIALISED))
    }

    /// Valid and invalid arguments alike: S2.1 is the first check.
    @Test func everyFunctionNeedsAStartup() {
      for (name, call) in everyFunction { #expect(outcome(call) == .failure(WSANOTINITIALISED), "\(name)") }
    }

    @Test func whatNeedsNoStartup() {
      #expect(ws2_inet_addr("127.0.0.1") == UInt32(0x7f00_0001).bigEndian)
      let event = CreateEventA(nil, 1, 1, nil)
      #expect(event != nil)
      #expect(WaitForSingleObject(event, 0) == WAIT_OBJECT_0)
      #expect(CloseHandle(event) == 1)
    }
  }
}

/// Each function once, with arguments that would be wrong in several ways.
private let everyFunction: [(String, @Sendable () -> Int32)] = [
  ("socket", { Int32(truncatingIfNeeded: ws2_socket(-5, 0, 0)) }),
  ("WSASocketA", { Int32(truncatingIfNeeded: WSASocketA(2, 1, 6, nil, 0, 0xffff)) }),
  ("WSASocketW", { Int32(truncatingIfNeeded: WSASocketW(2, 1, 6, nil, 0, 0)) }),
  ("bind", { ws2_bind(0, nil, 0) }), ("listen", { ws2_listen(0, 0) }),
  ("accept", { Int32(truncatingIfNeeded: ws2_accept(0, nil, nil)) }),
  ("WSAAccept", { Int32(truncatingIfNeeded: WSAAccept(0, nil, nil, nil, 0)) }),
  ("connect", { ws2_connect(0, nil, 0) }), ("WSAConnect", { WSAConnect(0, nil, 0, nil, nil, nil, nil) }),
  ("send", { ws2_send(0, nil, 0, 0) }), ("sendto", { ws2_sendto(0, nil, 0, 0, nil, 0) }),
  ("WSASend", { WSASend(0, nil, 0, nil, 0, nil, nil) }), ("recv", { ws2_recv(0, nil, 0, 0) }),
  ("recvfrom", { ws2_recvfrom(0, nil, 0, 0, nil, nil) }),
  ("WSARecv", { WSARecv(0, nil, 0, nil, nil, nil, nil) }), ("shutdown", { ws2_shutdown(0, 0) }),
  ("closesocket", { closesocket(0) }), ("select", { ws2_select(0, nil, nil, nil, nil) }),
  ("ioctlsocket", { ws2_ioctlsocket(0, 0, nil) }), ("ioctlsocket32", { ws2_ioctlsocket32(0, 0, nil) }),
  ("getsockopt", { ws2_getsockopt(0, 0, 0, nil, nil) }), ("setsockopt", { ws2_setsockopt(0, 0, 0, nil, 0) }),
  ("getsockname", { ws2_getsockname(0, nil, nil) }), ("getpeername", { ws2_getpeername(0, nil, nil) }),
  ("gethostname", { ws2_gethostname(nil, 0) }),
  ("WSAIoctl", { WSAIoctl(0, 0x9800_00dd, nil, 0, nil, 1, nil, nil, nil) }),
  ("inet_pton", { ws2_inet_pton(0, nil, nil) }),
  ("WSAWaitForMultipleEvents", { Int32(bitPattern: WSAWaitForMultipleEvents(0, nil, 0, 0, 0)) }),
]
