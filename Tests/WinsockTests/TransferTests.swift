import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  @Suite struct TransferTests {
    @Test func bytesGoBothWays() {
      started {
        withPair { client, server in
          #expect(send(client, "ping") == 4)
          #expect(receive(server) == (4, "ping"))
          #expect(send(server, "pong!") == 5)
          #expect(receive(client, 2) == (2, "po"))
          #expect(receive(client, flags: Int32(MSG_PEEK)) == (3, "ng!"))
          #expect(receive(client) == (3, "ng!"))
        }
      }
    }

    @Test func buffersAreGatheredAndScattered() {
      started {
        withPair { client, server in
          var (first, second) = (Array("abc".utf8CString.dropLast()), Array("defgh".utf8CString.dropLast()))
          let sent = first.withUnsafeMutableBufferPointer { a in
            second.withUnsafeMutableBufferPointer { b -> DWORD in
              var buffers = [WSABUF(len: 3, buf: a.baseAddress), WSABUF(len: 5, buf: b.baseAddress)]
              var count: DWORD = 0
              #expect(WSASend(client, &buffers, 2, &count, 0, nil, nil) == 0)
              return count
            }
          }
          #expect(sent == 8)
          var (left, right) = ([CChar](repeating: 0, count: 6), [CChar](repeating: 0, count: 6))
          left.withUnsafeMutableBufferPointer { a in
            right.withUnsafeMutableBufferPointer { b in
              var buffers = [WSABUF(len: 6, buf: a.baseAddress), WSABUF(len: 6, buf: b.baseAddress)]
              var (count, flags): (DWORD, DWORD) = (0, 0)
              #expect(WSARecv(server, &buffers, 2, &count, &flags, nil, nil) == 0)
              #expect(count == 8)
              #expect(flags == 0)
            }
          }
          #expect(left == Array("abcdef".utf8CString.dropLast()))
          #expect(Array(right.prefix(3)) == Array("gh".utf8CString))
        }
      }
    }

    @Test func badBuffers() {
      started {
        withPair { client, server in
          #expect(outcome { ws2_send(client, nil, 5, 0) } == .failure(WSAEFAULT))
          #expect(outcome { ws2_send(client, nil, -1, 0) } == .failure(WSAEFAULT))
          #expect(outcome { send(client, "x", flags: 0x4000_0000) } == .failure(WSAEOPNOTSUPP))
          #expect(outcome { receive(client, flags: 0x4000_0000).count } == .failure(WSAEOPNOTSUPP))
          #expect(send(client, "data") == 4)
          for kind in BadMemory.Kind.allCases where kind != .straddling {
            let memory = BadMemory(kind, size: 64)
            let buffer = memory.pointer.assumingMemoryBound(to: CChar.self)
            #expect(outcome { ws2_recv(server, buffer, 64, 0) } == .failure(WSAEFAULT), "\(kind)")
            #expect(memory.isUntouched)
          }
          #expect(receive(server) == (4, "data"))
          var buffer = WSABUF(len: 1, buf: nil)
          var count: DWORD = 7
          #expect(outcome { WSASend(client, nil, 1, &count, 0, nil, nil) } == .failure(WSAEINVAL))
          #expect(outcome { WSASend(client, &buffer, 0, &count, 0, nil, nil) } == .failure(WSAEINVAL))
          #expect(outcome { WSASend(client, &buffer, 1, nil, 0, nil, nil) } == .failure(WSAEFAULT))
          #expect(outcome { WSARecv(client, &buffer, 1, &count, nil, nil, nil) } == .failure(WSAEFAULT))
          #expect(count == 7)
        }
      }
    }

    @Test func theEndOfTheStream() {
      started {
        withPair { client, server in
          #expect(send(client, "bye") == 3)
          #expect(ws2_shutdown(client, SD_SEND) == 0)
          #expect(receive(server) == (3, "bye"))
          #expect(receive(server).count == 0)
          #expect(receive(server).count == 0)
          // The other direction stays open: half-close.
          #expect(send(server, "still here") == 10)
          #expect(receive(client) == (10, "still here"))
          #expect(outcome { send(client, "x") } == .failure(WSAESHUTDOWN))
          #expect(ws2_shutdown(client, SD_RECEIVE) == 0)
          #expect(outcome { receive(client).count } == .failure(WSAESHUTDOWN))
          #expect(outcome { ws2_shutdown(client, 3) } == .failure(WSAEINVAL))
          #expect(outcome { ws2_shutdown(client, -1) } == .failure(WSAEINVAL))
        }
        let unconnected = makeStream()
        #expect(outcome { ws2_shutdown(unconnected, SD_BOTH) } == .failure(WSAENOTCONN))
        #expect(outcome { send(unconnected, "x") } == .failure(WSAENOTCONN))
        #expect(outcome { receive(unconnected).count } == .failure(WSAENOTCONN))
        closesocket(unconnected)
      }
    }

    /// SPEC S6.2. With SIGPIPE at its default this test's process would die.
    @Test func aBrokenConnectionIsAnErrorAndNotASignal() {
      let before = Foundation.signal(SIGPIPE, SIG_DFL)
      defer { _ = Foundation.signal(SIGPIPE, before) }
      started {
        let (client, server) = makePair()
        reset(server)
        let outcomes = (0..<3).map { _ in outcome { send(client, "x") } }
        for outcome in outcomes { #expect([WSAECONNRESET, WSAECONNABORTED].contains(outcome.error)) }
        closesocket(client)
      }
    }

    @Test func aResetConnection() {
      started {
        let (client, server) = makePair()
        reset(server)
        #expect(outcome { receive(client).count } == .failure(WSAECONNRESET))
        closesocket(client)
      }
    }

    @Test func timeouts() {
      started {
        withPair { client, server in
          #expect(setOption(client, SOL_SOCKET, SO_RCVTIMEO, 30) == 0)
          let start = GetTickCount64()
          #expect(outcome { receive(client).count } == .failure(WSAETIMEDOUT))
          let elapsed = GetTickCount64() - start
          #expect(elapsed >= 29 && elapsed < 5000)
          #expect(send(server, "in time") == 7)
          #expect(receive(client) == (7, "in time"))
          #expect(setOption(server, SOL_SOCKET, SO_SNDTIMEO, 30) == 0)
          #expect(sendUntilRefused(server) == .failure(WSAETIMEDOUT))
        }
      }
    }

    @Test func aBlockingSendSendsAll() {
      started {
        withPair { client, server in
          let size = 8 << 20
          let sender = BackgroundCall { () -> Int32 in
            let all = [CChar](repeating: 7, count: size)
            return ws2_send(client, all, Int32(size), 0)
          }
          var total = 0
          var buffer = [CChar](repeating: 0, count: 1 << 16)
          while total < size {
            let count = ws2_recv(server, &buffer, Int32(buffer.count), 0)
            guard count > 0 else { break }
            total += Int(count)
          }
          #expect(total == size)
          #expect(sender.result() == Int32(size))
        }
      }
    }

    @Test func waitingForAll() {
      started {
        withPair { client, server in
          let waiting = BackgroundCall { receive(server, 8, flags: Int32(MSG_WAITALL)).text }
          #expect(send(client, "half") == 4)
          waiting.untilBlocked()
          #expect(send(client, "half") == 4)
          #expect(waiting.result() == "halfhalf")
        }
      }
    }

    @Test func nonBlockingSockets() {
      started {
        withPair { client, server in
          setNonBlocking(client)
          #expect(outcome { receive(client).count } == .failure(WSAEWOULDBLOCK))
          #expect(send(server, "x") == 1)
          var set = ws2_fd_set(client)
          #expect(ws2_select(0, &set, nil, nil, nil) == 1)
          #expect(receive(client) == (1, "x"))
          #expect(sendUntilRefused(client) == .failure(WSAEWOULDBLOCK))
          setNonBlocking(client, false)
          #expect(fcntl(Int32(client), F_GETFL) & O_NONBLOCK == 0)
        }
      }
    }

    @Test func datagrams() {
      started {
        let (sender, receiver) = (makeDatagram(), makeDatagram())
        #expect(loopback().withPointer { ws2_bind(receiver, $0, $1) } == 0)
        let to = loopback(port: port(of: receiver))
        #expect("hello".withCString { text in to.withPointer { ws2_sendto(sender, text, 5, 0, $0, $1) } } == 5)
        var (from, size) = (sockaddr_in(), Int32(16))
        var buffer = [CChar](repeating: 0, count: 16)
        let count = withUnsafeMutablePointer(to: &from) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { ws2_recvfrom(receiver, &buffer, 16, 0, $0, &size) }
        }
        #expect(count == 5)
        #expect(size == 16)
        #expect(UInt16(bigEndian: from.sin_port) == port(of: sender))

        // Too long for the buffer: the beginning, and an error that Linux does not give.
        #expect("hello".withCString { text in to.withPointer { ws2_sendto(sender, text, 5, 0, $0, $1) } } == 5)
        #expect(outcome { receive(receiver, 3).count } == .failure(WSAEMSGSIZE))
        size = 15
        let short = withUnsafeMutablePointer(to: &from) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
            outcome { ws2_recvfrom(receiver, &buffer, 16, 0, name, &size) }
          }
        }
        #expect(short == .failure(WSAEFAULT))
        let large = [CChar](repeating: 0, count: 70000)
        #expect(outcome { to.withPointer { ws2_sendto(sender, large, 70000, 0, $0, $1) } } == .failure(WSAEMSGSIZE))
        #expect(outcome { send(sender, "nowhere") } == .failure(WSAEDESTADDRREQ))
        closesocket(sender)
        closesocket(receiver)
      }
    }
  }
}

/// The peer does not read: first what fits is taken, then nothing.
private func sendUntilRefused(_ socket: SOCKET) -> Outcome {
  let chunk = String(repeating: "x", count: 1 << 20)
  for _ in 0..<100 {
    let last = outcome { send(socket, chunk) }
    if last.error != 0 { return last }
  }
  return .failure(0)
}
