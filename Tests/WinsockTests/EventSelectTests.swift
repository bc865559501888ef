import CWinsock
import Foundation
import Testing

@testable import Winsock

private func enumerate(_ socket: SOCKET, _ event: WSAEVENT?) -> (events: Int32, errors: [Int32]) {
  var answer = WSANETWORKEVENTS()
  #expect(WSAEnumNetworkEvents(socket, event, &answer) == 0)
  return (answer.lNetworkEvents, withUnsafeBytes(of: answer.iErrorCode) { Array($0.bindMemory(to: Int32.self)) })
}

/// The events that come up to and with `last`.
private func events(_ socket: SOCKET, _ event: WSAEVENT?, until last: Int32) -> Int32 {
  var all: Int32 = 0
  while all & last != last {
    guard WaitForSingleObject(event, 30_000) == WAIT_OBJECT_0 else { return all }
    all |= enumerate(socket, event).events
  }
  return all
}

private func select(_ socket: SOCKET, _ event: WSAEVENT?, _ events: Int32) {
  #expect(WSAEventSelect(socket, event, events) == 0)
}

private func isSignalled(_ event: WSAEVENT?) -> Bool { WaitForSingleObject(event, 0) == WAIT_OBJECT_0 }

extension WinsockSuite {
  /// Microsoft's pages of WSAEventSelect and WSAEnumNetworkEvents.
  @Suite struct EventSelectTests {
    @Test("FD_READ is recorded once, and again after a receive that leaves data") func read() {
      started {
        withPair { client, server in
          let event = WSACreateEvent()
          select(server, event, FD_READ | FD_CLOSE)
          #expect(!isSignalled(event))
          #expect(send(client, "1234") == 4)
          #expect(events(server, event, until: FD_READ) == FD_READ)
          #expect(send(client, "5") == 1)
          #expect(eventually { receive(server, 8, flags: Int32(MSG_PEEK)).count == 5 || isSignalled(event) })
          // The peek has enabled it: data is there, so it is recorded at once.
          #expect(enumerate(server, event).events == FD_READ)
          #expect(!isSignalled(event))
          #expect(enumerate(server, event).events == 0)
          #expect(receive(server, 2).count == 2)
          #expect(enumerate(server, event).events == FD_READ, "level: three bytes are left")
          #expect(receive(server, 8).count == 3)
          #expect(enumerate(server, event).events == 0)
          #expect(outcome { receive(server).count } == .failure(WSAEWOULDBLOCK), "the socket became non-blocking")
          WSACloseEvent(event)
        }
      }
    }

    @Test("without its receive FD_READ is not recorded a second time") func readOnce() {
      started {
        withPair { client, server in
          let event = WSACreateEvent()
          select(server, event, FD_READ | FD_CLOSE | FD_OOB)
          #expect(send(client, "a") == 1)
          #expect(events(server, event, until: FD_READ) == FD_READ)
          #expect(send(client, "!", flags: Int32(MSG_OOB)) == 1)
          #expect(events(server, event, until: FD_OOB) == FD_OOB, "the data is still there")
          #expect(send(client, "b") == 1)
          #expect(ws2_shutdown(client, SD_SEND) == 0)
          #expect(receive(server, 1).text == "a")
          // The receive has enabled FD_OOB too, and the urgent byte is still there.
          #expect(events(server, event, until: FD_READ) & ~FD_OOB == FD_READ)
          #expect(receive(server, 8).text == "b")
          #expect(events(server, event, until: FD_CLOSE) == FD_CLOSE)
          WSACloseEvent(event)
        }
      }
    }

    @Test("FD_CLOSE comes once, after the data, with the reset as its error", arguments: [false, true])
    func close(resets: Bool) {
      started {
        let (client, server) = makePair()
        let event = WSACreateEvent()
        select(server, event, FD_CLOSE)
        if resets { reset(client) } else { closesocket(client) }
        #expect(WaitForSingleObject(event, 30_000) == WAIT_OBJECT_0)
        let found = enumerate(server, event)
        #expect(found.events == FD_CLOSE)
        #expect(found.errors[Int(FD_CLOSE_BIT)] == (resets ? Int32(WSAECONNRESET) : 0))
        #expect(!isSignalled(event))
        closesocket(server)
        WSACloseEvent(event)
      }
    }

    @Test("FD_CONNECT and FD_WRITE when a connect is done", arguments: Family.allCases) func connects(family: Family) {
      started {
        let (listener, port) = family.listener()
        let (socket, event) = (family.stream(), WSACreateEvent())
        select(socket, event, FD_CONNECT | FD_WRITE | FD_READ)
        #expect(!isSignalled(event), "nothing before connect")
        #expect(outcome { family.connect(socket, port) }.error.isOneOf(0, WSAEWOULDBLOCK))
        #expect(events(socket, event, until: FD_CONNECT | FD_WRITE) == FD_CONNECT | FD_WRITE)
        #expect(!isSignalled(event))
        for socket in [socket, listener] { closesocket(socket) }
        WSACloseEvent(event)
      }
    }

    @Test("FD_CONNECT with the error of a refused connect") func refused() {
      started {
        let (listener, port) = makeListener()
        closesocket(listener)
        let (socket, event) = (makeStream(), WSACreateEvent())
        select(socket, event, FD_CONNECT | FD_WRITE | FD_CLOSE)
        if outcome({ connect(socket, to: port) }) == .failure(WSAEWOULDBLOCK) {
          #expect(WaitForSingleObject(event, 30_000) == WAIT_OBJECT_0)
          let found = enumerate(socket, event)
          #expect(found.events == FD_CONNECT)
          #expect(found.errors[Int(FD_CONNECT_BIT)] == Int32(WSAECONNREFUSED))
        }
        closesocket(socket)
        WSACloseEvent(event)
      }
    }

    @Test("FD_WRITE at once, and again only after a send that said WSAEWOULDBLOCK") func write() {
      started {
        withPair { client, server in
          let event = WSACreateEvent()
          select(client, event, FD_WRITE)
          #expect(enumerate(client, event).events == FD_WRITE)
          #expect(send(client, "x") == 1)
          #expect(enumerate(client, event).events == 0)
          fill(client)
          #expect(outcome { send(client, String(repeating: "x", count: 100)) } == .failure(WSAEWOULDBLOCK))
          #expect(!isSignalled(event))
          let drain = BackgroundCall { () -> Int in
            var (total, buffer) = (0, [UInt8](repeating: 0, count: 1 << 16))
            while true {
              let count = Glibc.recv(Int32(server), &buffer, buffer.count, 0)
              if count <= 0 { return total }
              total += count
            }
          }
          #expect(events(client, event, until: FD_WRITE) == FD_WRITE)
          #expect(ws2_shutdown(client, SD_SEND) == 0)
          #expect(drain.result() != nil)
          WSACloseEvent(event)
        }
      }
    }

    @Test("FD_ACCEPT once for each accept; what is accepted has the events too") func accept() {
      started {
        let (listener, port) = makeListener()
        let event = WSACreateEvent()
        select(listener, event, FD_ACCEPT | FD_READ | FD_CLOSE)
        let (first, second) = (makeStream(), makeStream())
        #expect(connect(first, to: port) == 0)
        #expect(events(listener, event, until: FD_ACCEPT) == FD_ACCEPT)
        #expect(connect(second, to: port) == 0)
        let accepted = ws2_accept(listener, nil, nil)
        #expect(events(listener, event, until: FD_ACCEPT) == FD_ACCEPT, "one more is waiting")
        let other = ws2_accept(listener, nil, nil)
        #expect(enumerate(listener, event).events == 0)
        #expect(outcome { Int32(truncatingIfNeeded: ws2_accept(listener, nil, nil)) } == .failure(WSAEWOULDBLOCK))
        #expect(send(first, "x") == 1)
        #expect(events(accepted, event, until: FD_READ) == FD_READ)
        closesocket(second)
        #expect(events(other, event, until: FD_CLOSE) == FD_CLOSE)
        for socket in [first, accepted, other, listener] { closesocket(socket) }
        WSACloseEvent(event)
      }
    }

    @Test("FD_OOB for urgent data") func urgent() {
      started {
        withPair { client, server in
          let event = WSACreateEvent()
          select(server, event, FD_OOB)
          #expect(send(client, "!", flags: Int32(MSG_OOB)) == 1)
          #expect(events(server, event, until: FD_OOB) == FD_OOB)
          WSACloseEvent(event)
        }
      }
    }

    @Test("a datagram socket is written to at once and read when something comes") func datagram() {
      started {
        let (socket, event) = (makeDatagram(), WSACreateEvent())
        #expect(loopback().withPointer { ws2_bind(socket, $0, $1) } == 0)
        select(socket, event, FD_READ | FD_WRITE)
        #expect(enumerate(socket, event).events == FD_WRITE)
        let other = makeDatagram()
        let sent = loopback(port: port(of: socket)).withPointer { name, size in
          outcome { ws2_sendto(other, "ab", 2, 0, name, size) }
        }
        #expect(sent == Outcome(result: 2, error: 0))
        closesocket(other)
        #expect(events(socket, event, until: FD_READ) == FD_READ)
        closesocket(socket)
        WSACloseEvent(event)
      }
    }

    @Test("0 ends it; a new call forgets what the old one recorded; FIONBIO 0 is WSAEINVAL meanwhile") func ends() {
      started {
        withPair { client, server in
          let (event, other) = (WSACreateEvent(), WSACreateEvent())
          #expect(send(client, "x") == 1)
          select(server, event, FD_READ)
          #expect(events(server, event, until: FD_READ) == FD_READ)
          var mode: u_long = 0
          #expect(outcome { ws2_ioctlsocket(server, Int(FIONBIO), &mode) } == .failure(WSAEINVAL))
          #expect(ioctl(server, 0x8004_667e, input: bytes(DWORD(0)), room: 0).outcome == .failure(WSAEINVAL))
          select(server, other, FD_CLOSE)
          #expect(enumerate(server, nil).events == 0)
          select(server, nil, 0)
          closesocket(client)
          #expect(eventually { receive(server, flags: Int32(MSG_PEEK)).count == 1 })
          #expect(enumerate(server, other).events == 0)
          #expect(fcntl(Int32(server), F_GETFL) & O_NONBLOCK != 0, "it stays non-blocking")
          #expect(ws2_ioctlsocket(server, Int(FIONBIO), &mode) == 0)
          WSACloseEvent(event)
          WSACloseEvent(other)
        }
      }
    }

    @Test("a registration goes with its socket and stands beside overlapped operations") func beside() {
      started {
        withPair { client, server in
          let event = WSACreateEvent()
          select(server, event, FD_CLOSE)
          let operation = OverlappedCall()
          var (buffer, flags) = (WSABUF(len: 64, buf: operation.bytes), DWORD(0))
          let begun = outcome { WSARecv(server, &buffer, 1, nil, &flags, operation.overlapped, nil) }
          #expect(begun == pendingOutcome)
          #expect(send(client, "data") == 4)
          #expect(operation.end(begun, server) == Outcome(result: 4, error: 0))
          #expect(!isSignalled(event))
          #expect(ws2_shutdown(client, SD_SEND) == 0)
          #expect(events(server, event, until: FD_CLOSE) == FD_CLOSE)
          WSACloseEvent(event)
        }
        let socket = makeStream()
        let event = WSACreateEvent()
        select(socket, event, FD_READ)
        closesocket(socket)
        let next = makeStream()
        #expect(next == socket)
        #expect(enumerate(next, event).events == 0)
        var mode: u_long = 0
        #expect(ws2_ioctlsocket(next, Int(FIONBIO), &mode) == 0)
        closesocket(next)
        WSACloseEvent(event)
      }
    }

    @Test("what the two calls refuse") func refusals() {
      started {
        let (socket, event) = (makeStream(), WSACreateEvent())
        #expect(outcome { WSAEventSelect(noSocket, event, FD_READ) } == .failure(WSAENOTSOCK))
        #expect(outcome { WSAEventSelect(socket, nil, FD_READ) } == .failure(WSAEINVAL))
        #expect(outcome { WSAEventSelect(socket, event, 1 << 10) } == .failure(WSAEINVAL))
        var answer = WSANETWORKEVENTS()
        #expect(outcome { WSAEnumNetworkEvents(noSocket, nil, &answer) } == .failure(WSAENOTSOCK))
        #expect(outcome { WSAEnumNetworkEvents(socket, nil, nil) } == .failure(WSAEFAULT))
        #expect(outcome { WSAEnumNetworkEvents(socket, HANDLE(bitPattern: 0x44), &answer) } == .failure(WSAEINVAL))
        closesocket(socket)
        WSACloseEvent(event)
      }
    }
  }

  /// Microsoft's page of WSAPoll.
  @Suite struct PollTests {
    private func poll(_ sockets: [(SOCKET, Int32)], _ timeout: Int32) -> (outcome: Outcome, events: [Int32]) {
      var entries = sockets.map { WSAPOLLFD(fd: $0.0, events: Int16($0.1), revents: 0x55) }
      let result = outcome { WSAPoll(&entries, ULONG(entries.count), timeout) }
      return (result, entries.map { Int32($0.revents) })
    }

    @Test("ready, not ready, passed over and invalid sockets") func answers() {
      started {
        withPair { client, server in
          #expect(poll([(server, POLLIN)], 0).outcome == Outcome(result: 0, error: 0))
          #expect(send(client, "x") == 1)
          let found = poll([(server, POLLIN), (client, POLLOUT), (noSocket, POLLIN), (9999, POLLIN)], 30_000)
          #expect(found.outcome == Outcome(result: 3, error: 0))
          #expect(found.events == [POLLIN, POLLOUT, 0, POLLNVAL])
          #expect(poll([(makeStream(), POLLOUT)], 0).events == [0], "never connected")
          closesocket(client)
          #expect(receive(server).count == 1)
          #expect(poll([(server, POLLIN)], 30_000).events == [POLLIN], "the end can be read")
        }
      }
    }

    @Test("it waits") func waits() {
      started {
        withPair { client, server in
          let call = BackgroundCall { () -> Int32 in
            var entry = WSAPOLLFD(fd: server, events: Int16(POLLIN), revents: 0)
            return WSAPoll(&entry, 1, -1)
          }
          call.untilBlocked()
          #expect(send(client, "x") == 1)
          #expect(call.result() == 1)
        }
      }
    }

    @Test("what it refuses") func refusals() {
      started {
        #expect(outcome { WSAPoll(nil, 1, 0) } == .failure(WSAEFAULT))
        #expect(poll([], 0).outcome == .failure(WSAEINVAL))
        #expect(poll([(makeStream(), 0x4000)], 0).outcome == .failure(WSAEINVAL))
        let bad = BadMemory(.readOnly, size: 16)
        #expect(outcome { WSAPoll(bad.pointer.assumingMemoryBound(to: WSAPOLLFD.self), 1, 0) } == .failure(WSAEFAULT))
      }
    }
  }
}

extension Int {
  fileprivate func isOneOf(_ values: Int...) -> Bool { values.contains(self) }
}
