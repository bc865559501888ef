import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  /// ioctlsocket, and WSAIoctl's codes beside the redirect ones.
  @Suite struct ControlTests {
    @Test(arguments: [Int(FIONBIO), 0x8004_667e])
    func nonBlockingMode(code: Int) {
      started {
        let socket = makeDatagram()
        var mode: u_long = 0x1_0000_0001
        #expect(ws2_ioctlsocket(socket, code, &mode) == 0)
        #expect(mode == 1, "all 64 bits are written")
        #expect(fcntl(Int32(socket), F_GETFL) & O_NONBLOCK != 0)
        var short: ULONG = 0
        #expect(ws2_ioctlsocket32(socket, code, &short) == 0)
        #expect(fcntl(Int32(socket), F_GETFL) & O_NONBLOCK == 0)
        closesocket(socket)
      }
    }

    @Test(arguments: [Int(FIONREAD), 0x4004_667f])
    func bytesToRead(code: Int) {
      started {
        withPair { client, server in
          #expect(send(client, "12345") == 5)
          #expect(receive(server, 1, flags: Int32(MSG_PEEK)).count == 1)
          var count = u_long.max
          #expect(ws2_ioctlsocket(server, code, &count) == 0)
          #expect(count == 5)
        }
      }
    }

    @Test func badArguments() {
      started {
        let socket = makeDatagram()
        #expect(outcome { ws2_ioctlsocket(socket, Int(FIONBIO), nil) } == .failure(WSAEFAULT))
        #expect(outcome { ws2_ioctlsocket32(socket, Int(FIONBIO), nil) } == .failure(WSAEFAULT))
        var argument: u_long = 5
        #expect(outcome { ws2_ioctlsocket(socket, 0x7777, &argument) } == .failure(WSAEOPNOTSUPP))
        #expect(argument == 5)
        for kind in BadMemory.Kind.allCases {
          let memory = BadMemory(kind, size: 8)
          let argument = memory.pointer.assumingMemoryBound(to: u_long.self)
          #expect(outcome { ws2_ioctlsocket(socket, Int(FIONBIO), argument) } == .failure(WSAEFAULT))
          #expect(memory.isUntouched)
        }
        closesocket(socket)
      }
    }

    private func ioctl(_ socket: SOCKET, _ code: DWORD, _ words: [DWORD]) -> Outcome {
      var (words, bytes) = (words, DWORD(99))
      let result = outcome { WSAIoctl(socket, code, &words, DWORD(words.count * 4), nil, 0, &bytes, nil, nil) }
      #expect(result.result != 0 || bytes == 0)
      return result
    }

    private static let good = Outcome(result: 0, error: 0)

    @Test func keepAlive() {
      started {
        let socket = makeStream()
        #expect(ioctl(socket, ws2_SIO_KEEPALIVE_VALS, [1, 30000, 2000]) == Self.good)
        #expect(option(socket, SOL_SOCKET, SO_KEEPALIVE) == 1)
        #expect(option(socket, ws2_protocol_tcp(), TCP_KEEPIDLE) == 30)
        #expect(option(socket, ws2_protocol_tcp(), TCP_KEEPINTVL) == 2)
        #expect(ioctl(socket, ws2_SIO_KEEPALIVE_VALS, [0, 0, 0]) == Self.good)
        #expect(option(socket, SOL_SOCKET, SO_KEEPALIVE) == 0)
        #expect(ioctl(socket, ws2_SIO_KEEPALIVE_VALS, [1, 2]) == .failure(WSAEFAULT))
        closesocket(socket)
        let datagram = makeDatagram()
        #expect(ioctl(datagram, ws2_SIO_KEEPALIVE_VALS, [1, 2, 3]) == .failure(WSAENOPROTOOPT))
        closesocket(datagram)
      }
    }

    @Test func resetsOfDatagramSockets() {
      started {
        let datagram = makeDatagram()
        #expect(ioctl(datagram, ws2_SIO_UDP_CONNRESET, [0]) == Self.good)
        #expect(ioctl(datagram, ws2_SIO_UDP_CONNRESET, [1]) == .failure(WSAEOPNOTSUPP))
        #expect(ioctl(datagram, ws2_SIO_UDP_CONNRESET, []) == .failure(WSAEFAULT))
        closesocket(datagram)
      }
    }

    @Test func theBaseHandleIsTheSocket() {
      started {
        let socket = makeStream()
        var (answer, bytes): (SOCKET, DWORD) = (0, 0)
        #expect(WSAIoctl(socket, ws2_SIO_BASE_HANDLE, nil, 0, &answer, 8, &bytes, nil, nil) == 0)
        #expect(answer == socket)
        #expect(bytes == 8)
        #expect(
          outcome { WSAIoctl(socket, ws2_SIO_BASE_HANDLE, nil, 0, &answer, 4, &bytes, nil, nil) } == .failure(WSAEFAULT)
        )
        closesocket(socket)
      }
    }

    /// SPEC S5.2, S5.4: done at once is 0, and the indication as well: count, status, event.
    @Test(.endsAtOnce) func anOverlappedCallThatEndsAtOnce() {
      started {
        let socket = makeStream()
        let event = WSACreateEvent()
        var overlapped = WSAOVERLAPPED()
        overlapped.Internal = 0x103
        // With the low bit set: no completion port is to hear of it; the event is the same one.
        overlapped.hEvent = HANDLE(bitPattern: UInt(bitPattern: event) | 1)
        var answer: DWORD = 1
        let code = DWORD(FIONREAD)
        #expect(WSAIoctl(socket, code, nil, 0, &answer, 4, nil, &overlapped, nil) == 0)
        #expect(overlapped.Internal == 0)
        #expect(overlapped.InternalHigh == 4)
        #expect(WaitForSingleObject(event, 0) == WAIT_OBJECT_0)
        closesocket(socket)

        // S5.1: ignored and untouched on a socket without the attribute.
        let synchronous = makeStream(flags: 0)
        #expect(WSAResetEvent(event) == 1)
        overlapped.Internal = 0x103
        var bytes: DWORD = 0
        #expect(WSAIoctl(synchronous, code, nil, 0, &answer, 4, &bytes, &overlapped, nil) == 0)
        #expect(bytes == 4)
        #expect(overlapped.Internal == 0x103)
        #expect(WaitForSingleObject(event, 0) == WAIT_TIMEOUT)
        closesocket(synchronous)
        WSACloseEvent(event)
      }
    }

    /// A call that fails at once delivers nothing.
    @Test func anOverlappedCallThatFails() {
      started {
        let socket = makeStream()
        let event = WSACreateEvent()
        var overlapped = WSAOVERLAPPED()
        overlapped.hEvent = event
        overlapped.Internal = 0x1234
        #expect(
          outcome { WSAIoctl(socket, 0x9800_00dd, nil, 0, nil, 0, nil, &overlapped, nil) } == .failure(WSAEOPNOTSUPP))
        #expect(overlapped.Internal == 0x1234)
        #expect(WaitForSingleObject(event, 0) == WAIT_TIMEOUT)
        closesocket(socket)
        WSACloseEvent(event)
      }
    }
  }
}
