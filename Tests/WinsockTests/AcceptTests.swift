import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  @Suite struct AcceptTests {
    @Test func theCallersName() {
      started {
        let (listener, listenerPort) = makeListener()
        let client = makeStream()
        #expect(connect(client, to: listenerPort) == 0)
        var (name, size) = (sockaddr_in(), Int32(16))
        let server = withUnsafeMutablePointer(to: &name) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { ws2_accept(listener, $0, &size) }
        }
        #expect(server != noSocket)
        #expect(size == 16)
        #expect(UInt16(bigEndian: name.sin_port) == port(of: client))
        for socket in [client, server, listener] { closesocket(socket) }
      }
    }

    @Test func whatDoesNotListen() {
      started {
        let socket = makeStream()
        setNonBlocking(socket)
        #expect(socketOutcome { ws2_accept(socket, nil, nil) } == .failure(WSAEINVAL))
        closesocket(socket)
        let datagram = makeDatagram()
        setNonBlocking(datagram)
        #expect(socketOutcome { ws2_accept(datagram, nil, nil) } == .failure(WSAEOPNOTSUPP))
        closesocket(datagram)
      }
    }

    /// Unlike on Linux.
    @Test func anAcceptedSocketHasItsListenersMode() {
      started {
        let (listener, port) = makeListener()
        setNonBlocking(listener)
        #expect(socketOutcome { ws2_accept(listener, nil, nil) } == .failure(WSAEWOULDBLOCK))
        let client = makeStream()
        #expect(connect(client, to: port) == 0)
        var set = ws2_fd_set(listener)
        #expect(ws2_select(0, &set, nil, nil, nil) == 1)
        let server = ws2_accept(listener, nil, nil)
        #expect(outcome { receive(server).count } == .failure(WSAEWOULDBLOCK))
        for socket in [client, server, listener] { closesocket(socket) }
      }
    }

    /// SPEC S5.5; on Linux neither close() nor anything short of shutdown() ends a blocked accept().
    @Test(arguments: [1, 8])
    func closesocketEndsABlockedAccept(threads: Int) {
      started {
        let (listener, _) = makeListener()
        let blocked = (0..<threads).map { _ in BackgroundCall { socketOutcome { ws2_accept(listener, nil, nil) } } }
        for call in blocked { call.untilBlocked() }
        #expect(closesocket(listener) == 0)
        for call in blocked { #expect(call.result() == .failure(WSAEINTR)) }
        #expect(socketOutcome { ws2_accept(listener, nil, nil) } == .failure(WSAENOTSOCK))
      }
    }

    /// Each thread that is woken for a connection that another one has taken must wait on where closesocket finds it.
    @Test func severalThreadsShareAListener() {
      started {
        for _ in 0..<40 {
          let (listener, port) = makeListener()
          let blocked = (0..<12).map { _ in BackgroundCall { ws2_accept(listener, nil, nil) } }
          for call in blocked { call.untilBlocked() }
          let client = makeStream()
          #expect(connect(client, to: port) == 0)
          while !blocked.contains(where: \.isDone) { sched_yield() }
          #expect(closesocket(listener) == 0)
          let answers = blocked.map { $0.result() }
          #expect(answers.filter { $0 == noSocket }.count == 11)
          for answer in answers where answer != nil && answer != noSocket { closesocket(answer!) }
          closesocket(client)
          guard !answers.contains(nil) else { return }
        }
      }
    }

    @Test func closesocketEndsABlockedReceive() {
      started {
        let (client, server) = makePair()
        let blocked = BackgroundCall { outcome { receive(server).count } }
        blocked.untilBlocked()
        #expect(closesocket(server) == 0)
        #expect(blocked.result() == .failure(WSAEINTR))
        closesocket(client)
      }
    }

    @Test func closesocketEndsABlockedSend() {
      started {
        let (client, server) = makePair()
        let blocked = BackgroundCall { () -> Outcome in
          let chunk = String(repeating: "x", count: 1 << 20)
          while true {
            let last = outcome { send(client, chunk) }
            if last.error != 0 { return last }
          }
        }
        blocked.untilBlocked()
        #expect(closesocket(client) == 0)
        // What had been taken is reported first; then the socket is gone.
        #expect([WSAEINTR, WSAENOTSOCK].contains(blocked.result()?.error))
        closesocket(server)
      }
    }

    /// A duplicate keeps the connection: closing one descriptor must not shut the other.
    @Test func closesocketLeavesDuplicatesAlone() {
      started {
        let (client, server) = makePair()
        let duplicate = SOCKET(dup(Int32(server)))
        let blocked = BackgroundCall { outcome { receive(server).count } }
        blocked.untilBlocked()
        #expect(closesocket(server) == 0)
        #expect(blocked.result() == .failure(WSAEINTR))
        #expect(send(client, "still") == 5)
        #expect(receive(duplicate) == (5, "still"))
        closesocket(duplicate)
        closesocket(client)
      }
    }

    @Test func closingTwice() {
      started {
        let socket = makeStream()
        #expect(closesocket(socket) == 0)
        #expect(outcome { closesocket(socket) } == .failure(WSAENOTSOCK))
      }
    }

    /// No descriptor stays behind, the eventfds of blocked calls included.
    @Test func nothingLeaks() {
      started {
        let once = {
          let (listener, _) = makeListener()
          let blocked = BackgroundCall { socketOutcome { ws2_accept(listener, nil, nil) } }
          blocked.untilBlocked()
          closesocket(listener)
          _ = blocked.result()
          withPair { client, _ in
            _ = setOption(client, SOL_SOCKET, SO_RCVTIMEO, 1)
            _ = receive(client)
          }
        }
        once()
        let before = descriptors(of: "eventfd") + descriptors(of: "socket")
        for _ in 0..<20 { once() }
        #expect(descriptors(of: "eventfd") + descriptors(of: "socket") <= before)
      }
    }
  }
}

func descriptors(of kind: String) -> Int {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
  return names.filter {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?.contains(kind) == true
  }.count
}
