import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  @Suite struct SelectTests {
    @Test func nothingToWatch() {
      started {
        var (empty, other, now) = (ws2_fd_set(), ws2_fd_set(), timeval())
        #expect(outcome { ws2_select(0, nil, nil, nil, &now) } == .failure(WSAEINVAL))
        #expect(outcome { ws2_select(0, &empty, &other, nil, nil) } == .failure(WSAEINVAL))
      }
    }

    @Test func badArguments() {
      started {
        let socket = makeDatagram()
        var set = ws2_fd_set(socket)
        var negative = timeval(tv_sec: -1, tv_usec: 0)
        #expect(outcome { ws2_select(0, &set, nil, nil, &negative) } == .failure(WSAEINVAL))
        negative = timeval(tv_sec: 0, tv_usec: -1)
        #expect(outcome { ws2_select(0, &set, nil, nil, &negative) } == .failure(WSAEINVAL))
        var mixed = ws2_fd_set(socket, 9999)
        #expect(outcome { ws2_select(0, nil, &mixed, nil, nil) } == .failure(WSAENOTSOCK))
        #expect(mixed.fd_count == 2)
        for kind in BadMemory.Kind.allCases {
          let memory = BadMemory(kind, size: MemoryLayout<ws2_fd_set>.size)
          let set = memory.pointer.assumingMemoryBound(to: ws2_fd_set.self)
          #expect(outcome { ws2_select(0, set, nil, nil, nil) } == .failure(WSAEFAULT), "\(kind)")
          #expect(memory.isUntouched)
        }
        closesocket(socket)
      }
    }

    @Test func onlyReadySocketsStayInTheSets() {
      started {
        withPair { client, server in
          #expect(send(client, "x") == 1)
          var read = ws2_fd_set(client, server)
          var write = ws2_fd_set(client)
          var except = ws2_fd_set(client, server)
          #expect(ws2_select(77, &read, &write, &except, nil) == 2)
          #expect(read.sockets == [server])
          #expect(write.sockets == [client])
          #expect(except.sockets.isEmpty)
        }
      }
    }

    @Test func timeOver() {
      started {
        withPair { client, _ in
          var set = ws2_fd_set(client)
          var none = timeval()
          #expect(ws2_select(0, &set, nil, nil, &none) == 0)
          #expect(set.fd_count == 0)
          set = ws2_fd_set(client)
          var little = timeval(tv_sec: 0, tv_usec: 20500)
          let start = GetTickCount64()
          #expect(ws2_select(0, &set, nil, nil, &little) == 0)
          #expect(GetTickCount64() - start >= 20)
        }
      }
    }

    @Test func theEndOfTheStreamIsReadable() {
      started {
        withPair { client, server in
          #expect(ws2_shutdown(client, SD_SEND) == 0)
          var set = ws2_fd_set(server)
          #expect(ws2_select(0, &set, nil, nil, nil) == 1)
          #expect(receive(server).count == 0)
        }
      }
    }

    @Test func urgentDataIsExceptional() {
      started {
        withPair { client, server in
          #expect(send(client, "!", flags: Int32(MSG_OOB)) == 1)
          var set = ws2_fd_set(server)
          #expect(ws2_select(0, nil, nil, &set, nil) == 1)
          #expect(set.sockets == [server])
        }
      }
    }

    /// On Windows a refused connect shows in the third set only; on Linux poll() calls it readable and writable.
    @Test func aFailedConnectIsExceptional() {
      started {
        let (listener, port) = makeListener()
        closesocket(listener)
        let client = makeStream()
        setNonBlocking(client)
        #expect(outcome { connect(client, to: port) } == .failure(WSAEWOULDBLOCK))
        var (read, write, except) = (ws2_fd_set(client), ws2_fd_set(client), ws2_fd_set(client))
        #expect(ws2_select(0, &read, &write, &except, nil) == 1)
        #expect(read.sockets.isEmpty)
        #expect(write.sockets.isEmpty)
        #expect(except.sockets == [client])
        #expect(option(client, SOL_SOCKET, SO_ERROR) == DWORD(WSAECONNREFUSED))
        #expect(option(client, SOL_SOCKET, SO_ERROR) == 0)
        closesocket(client)
      }
    }

    /// Sockets are an array: no descriptor is too large for a set.
    @Test func highDescriptors() {
      started {
        withPair { client, server in
          let high = SOCKET(fcntl(Int32(server), F_DUPFD_CLOEXEC, 3000))
          guard high < SOCKET(Int32.max) else { return }  // the limit of descriptors is lower here
          #expect(send(client, "x") == 1)
          var set = ws2_fd_set(high)
          #expect(ws2_select(0, &set, nil, nil, nil) == 1)
          #expect(set.sockets == [high])
          closesocket(high)
        }
      }
    }
  }
}
