import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  @Suite struct OptionTests {
    /// DWORD milliseconds, to the millisecond, although the kernel keeps clock ticks.
    @Test(arguments: [SO_RCVTIMEO, SO_SNDTIMEO])
    func timeoutsAreMilliseconds(name: Int32) {
      started {
        let socket = makeStream()
        #expect(option(socket, SOL_SOCKET, name) == 0)
        for milliseconds: DWORD in [1, 999, 1500, 86_400_000, 0] {
          #expect(setOption(socket, SOL_SOCKET, name, milliseconds) == 0)
          #expect(option(socket, SOL_SOCKET, name) == milliseconds)
        }
        #expect(setOption(socket, SOL_SOCKET, name, 1500) == 0)
        var (time, size) = (timeval(), socklen_t(16))
        getsockopt(Int32(socket), SOL_SOCKET, name, &time, &size)
        #expect(time.tv_sec == 1 && (500_000..<510_000).contains(time.tv_usec))
        let short = withUnsafeBytes(of: DWORD(1)) {
          let value = $0.baseAddress!.assumingMemoryBound(to: CChar.self)
          return outcome { ws2_setsockopt(socket, SOL_SOCKET, name, value, 2) }
        }
        #expect(short == .failure(WSAEFAULT))
        closesocket(socket)
      }
    }

    /// A new socket of the same number starts without the old one's time-outs.
    @Test func timeoutsEndWithTheSocket() {
      started {
        let first = makeStream()
        #expect(setOption(first, SOL_SOCKET, SO_RCVTIMEO, 777) == 0)
        closesocket(first)
        let second = makeStream()
        #expect(option(second, SOL_SOCKET, SO_RCVTIMEO) == 0)
        closesocket(second)
      }
    }

    @Test func plainOptions() {
      started {
        let socket = makeStream()
        #expect(setOption(socket, ws2_protocol_tcp(), TCP_NODELAY, 1) == 0)
        #expect(option(socket, ws2_protocol_tcp(), TCP_NODELAY) == 1)
        #expect(option(socket, SOL_SOCKET, SO_TYPE) == DWORD(ws2_socket_stream()))
        #expect(setOption(socket, SOL_SOCKET, ~SO_REUSEADDR, 1) == 0)
        #expect(option(socket, SOL_SOCKET, ~SO_LINGER) == 1)
        #expect(setOption(socket, SOL_SOCKET, ~SO_LINGER, 0) == 0)
        #expect(option(socket, SOL_SOCKET, ~SO_LINGER) == 0)
        closesocket(socket)
      }
    }

    @Test func theSocketsErrorIsWinsocks() {
      started {
        let (client, server) = makePair()
        reset(server)
        var set = ws2_fd_set(client)
        #expect(ws2_select(0, &set, nil, nil, nil) == 1)
        // Too small a buffer must not eat the error.
        var (value, size): (CChar, Int32) = (0, 1)
        #expect(outcome { ws2_getsockopt(client, SOL_SOCKET, SO_ERROR, &value, &size) } == .failure(WSAEFAULT))
        #expect(option(client, SOL_SOCKET, SO_ERROR) == DWORD(WSAECONNRESET))
        #expect(option(client, SOL_SOCKET, SO_ERROR) == 0)
        closesocket(client)
      }
    }

    @Test func badArguments() {
      started {
        let socket = makeStream()
        #expect(setOptionOutcome(socket, SOL_SOCKET, 4242) == .failure(WSAENOPROTOOPT))
        // Other options on Linux: SPEC S8.2.
        for name in [IPV6_WFP_REDIRECT_RECORDS, IPV6_WFP_REDIRECT_CONTEXT] {
          #expect(setOptionOutcome(socket, ws2_protocol_ipv6(), name) == .failure(WSAENOPROTOOPT))
        }
        var (value, size): (CChar, Int32) = (1, 4)
        #expect(outcome { ws2_setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, nil, 4) } == .failure(WSAEFAULT))
        #expect(outcome { ws2_setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &value, 0) } == .failure(WSAEFAULT))
        #expect(outcome { ws2_getsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, nil, &size) } == .failure(WSAEFAULT))
        #expect(outcome { ws2_getsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &value, nil) } == .failure(WSAEFAULT))
        for kind in BadMemory.Kind.allCases {
          let memory = BadMemory(kind, size: 4)
          let value = memory.pointer.assumingMemoryBound(to: CChar.self)
          #expect(outcome { ws2_getsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, value, &size) } == .failure(WSAEFAULT))
          if kind != .readOnly {
            #expect(outcome { ws2_setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, value, 4) } == .failure(WSAEFAULT))
          }
          #expect(memory.isUntouched)
        }
        closesocket(socket)
      }
    }

    private func setOptionOutcome(_ socket: SOCKET, _ level: Int32, _ name: Int32) -> Outcome {
      outcome { setOption(socket, level, name, 1) }
    }
  }
}
