import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  @Suite struct SocketTests {
    /// SPEC S5.1.
    @Test func theOverlappedAttribute() {
      started {
        let sockets = [
          (ws2_socket(AF_INET, ws2_socket_stream(), 0), true), (makeStream(), true), (makeStream(flags: 0), false),
          (WSASocketA(AF_INET, ws2_socket_datagram(), 0, nil, 0, 0), false),
        ]
        for (socket, expected) in sockets {
          #expect(isOverlapped(socket) == expected)
          #expect(closesocket(socket) == 0)
        }
        let foreign = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #expect(isOverlapped(SOCKET(foreign)) == true)
        close(foreign)
      }
    }

    @Test(arguments: [WSA_FLAG_OVERLAPPED, 0])
    func anAcceptedSocketInheritsTheOverlappedAttribute(flags: Int32) {
      started {
        let (listener, port) = makeListener(flags: flags)
        let client = makeStream()
        #expect(connect(client, to: port) == 0)
        let server = ws2_accept(listener, nil, nil)
        #expect(isOverlapped(server) == (flags != 0))
        for socket in [client, server, listener] { closesocket(socket) }
      }
    }

    @Test func whatCannotBeMade() {
      started {
        let stream = ws2_socket_stream()
        #expect(socketOutcome { ws2_socket(-5, stream, 0) } == .failure(WSAEAFNOSUPPORT))
        #expect(socketOutcome { ws2_socket(AF_INET, 9, 0) } == .failure(WSAESOCKTNOSUPPORT))
        // Linux would take these for flags.
        #expect(socketOutcome { ws2_socket(AF_INET, stream | ws2_close_on_exec(), 0) } == .failure(WSAESOCKTNOSUPPORT))
        #expect(socketOutcome { ws2_socket(AF_INET, stream, 17) } == .failure(WSAEPROTONOSUPPORT))
        #expect(socketOutcome { makeStream(flags: 0x1000) } == .failure(WSAEINVAL))
        #expect(socketOutcome { makeStream(flags: WSA_FLAG_REGISTERED_IO) } == .failure(WSAEINVAL))
      }
    }

    @Test func protocolInformationFillsIn() {
      started {
        var info = WSAPROTOCOL_INFOW()
        info.iAddressFamily = AF_INET6
        info.iSocketType = ws2_socket_datagram()
        let socket = WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, 0)
        #expect(socket != noSocket)
        #expect(option(socket, SOL_SOCKET, SO_DOMAIN) == DWORD(AF_INET6))
        #expect(option(socket, SOL_SOCKET, SO_TYPE) == DWORD(ws2_socket_datagram()))
        closesocket(socket)
      }
    }

    /// Windows' default; Linux's is the other one.
    @Test func anIPv6SocketIsNotDualStackUntilItIsToldToBe() {
      started {
        let socket = ws2_socket(AF_INET6, ws2_socket_stream(), 0)
        #expect(option(socket, ws2_protocol_ipv6(), IPV6_V6ONLY) == 1)
        #expect(setOption(socket, ws2_protocol_ipv6(), IPV6_V6ONLY, 0) == 0)
        #expect(option(socket, ws2_protocol_ipv6(), IPV6_V6ONLY) == 0)
        closesocket(socket)
      }
    }

    @Test func handlesAreInheritedUnlessForbidden() {
      started {
        let inherited = makeStream()
        let kept = makeStream(flags: WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT)
        #expect(fcntl(Int32(inherited), F_GETFD) & FD_CLOEXEC == 0)
        #expect(fcntl(Int32(kept), F_GETFD) & FD_CLOEXEC != 0)
        closesocket(inherited)
        closesocket(kept)
      }
    }

    /// The not-a-socket check outranks every other argument.
    @Test func notASocket() {
      started {
        let file = SOCKET(open("/dev/null", O_RDWR))
        defer { close(Int32(file)) }
        for bad in [file, 9999, SOCKET(Int32.max), SOCKET(UInt32.max), noSocket] {
          for (name, call) in callsOnASocket(bad) {
            #expect(outcome(call) == .failure(WSAENOTSOCK), "\(name) of \(bad)")
          }
        }
      }
    }

    @Test func badNames() {
      started {
        let socket = makeStream()
        #expect(outcome { ws2_bind(socket, nil, 16) } == .failure(WSAEFAULT))
        #expect(outcome { ws2_connect(socket, nil, 16) } == .failure(WSAEFAULT))
        for size: Int32 in [-1, 0, 1, 15] {
          #expect(outcome { loopback().withPointer { name, _ in ws2_bind(socket, name, size) } } == .failure(WSAEFAULT))
          #expect(
            outcome { loopback().withPointer { name, _ in ws2_connect(socket, name, size) } } == .failure(WSAEFAULT))
        }
        for kind in BadMemory.Kind.allCases where kind != .readOnly {
          let name = BadMemory(kind, size: 16).pointer.assumingMemoryBound(to: sockaddr.self)
          #expect(outcome { ws2_bind(socket, name, 16) } == .failure(WSAEFAULT), "\(kind)")
        }
        closesocket(socket)
      }
    }

    /// Linux gives both a name; Winsock does not.
    @Test func anUnboundSocketHasNoName() {
      started {
        let socket = makeStream()
        var name = sockaddr()
        var size = Int32(16)
        #expect(outcome { ws2_getsockname(socket, &name, &size) } == .failure(WSAEINVAL))
        #expect(outcome { ws2_listen(socket, 5) } == .failure(WSAEINVAL))
        #expect(outcome { ws2_getpeername(socket, &name, &size) } == .failure(WSAENOTCONN))
        closesocket(socket)
      }
    }

    @Test func namesAreNotCut() {
      started {
        withPair { client, server in
          var name = sockaddr_storage()
          withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
              for call in [ws2_getsockname, ws2_getpeername] {
                var size: Int32 = 15
                #expect(outcome { call(server, name, &size) } == .failure(WSAEFAULT))
                #expect(name.pointee.sa_family == 0)
                size = 128
                #expect(outcome { call(server, name, &size) } == Outcome(result: 0, error: 0))
                #expect(size == 16)
                name.pointee.sa_family = 0
                #expect(outcome { call(server, nil, &size) } == .failure(WSAEFAULT))
                #expect(outcome { call(server, name, nil) } == .failure(WSAEFAULT))
              }
            }
          }
        }
      }
    }

    @Test func addressesInUse() {
      started {
        let (listener, port) = makeListener()
        let second = makeStream()
        #expect(outcome { loopback(port: port).withPointer { ws2_bind(second, $0, $1) } } == .failure(WSAEADDRINUSE))
        closesocket(listener)
        #expect(
          outcome { loopback(port: port).withPointer { ws2_bind(second, $0, $1) } } == Outcome(result: 0, error: 0))
        #expect(outcome { loopback(port: port).withPointer { ws2_bind(second, $0, $1) } } == .failure(WSAEINVAL))
        closesocket(second)
      }
    }

    /// On Windows TIME_WAIT does not keep a restarted service from its port.
    @Test func aServiceCanBeRestarted() {
      started {
        let (listener, port) = makeListener()
        let client = makeStream()
        #expect(connect(client, to: port) == 0)
        let server = ws2_accept(listener, nil, nil)
        // The server's side closes first, so TIME_WAIT is at the service's port.
        closesocket(server)
        #expect(receive(client).count == 0)
        closesocket(client)
        closesocket(listener)
        let again = makeStream()
        #expect(loopback(port: port).withPointer { ws2_bind(again, $0, $1) } == 0)
        #expect(ws2_listen(again, 5) == 0)
        closesocket(again)
      }
    }

    @Test func connecting() {
      started {
        let (listener, port) = makeListener()
        let client = makeStream()
        #expect(connect(client, to: port) == 0)
        #expect(outcome { connect(client, to: port) } == .failure(WSAEISCONN))
        #expect(outcome { connect(listener, to: port) } == .failure(WSAEINVAL))
        closesocket(listener)
        let refused = makeStream()
        #expect(outcome { connect(refused, to: port) } == .failure(WSAECONNREFUSED))
        closesocket(refused)
        closesocket(client)
      }
    }

    /// WSAEWOULDBLOCK and not WSAEINPROGRESS: SPEC S7.3 in Winsock's words.
    @Test func connectingWithoutBlocking() {
      started {
        let (listener, port) = makeListener()
        let client = makeStream()
        setNonBlocking(client)
        #expect(outcome { connect(client, to: port) } == .failure(WSAEWOULDBLOCK))
        var (read, write, except) = (ws2_fd_set(), ws2_fd_set(client), ws2_fd_set(client))
        #expect(ws2_select(0, &read, &write, &except, nil) == 1)
        #expect(write.sockets == [client])
        #expect(except.sockets.isEmpty)
        #expect(option(client, SOL_SOCKET, SO_ERROR) == 0)
        closesocket(client)
        closesocket(listener)
      }
    }

    @Test func wsaConnectIgnoresWhatTCPDoesNotCarry() {
      started {
        let (listener, port) = makeListener()
        let client = makeStream()
        var data = WSABUF(len: 5, buf: nil)
        let result = loopback(port: port).withPointer { WSAConnect(client, $0, $1, nil, &data, nil, nil) }
        #expect(result == 0)
        #expect(data.len == 0)
        closesocket(client)
        closesocket(listener)
      }
    }
  }
}

/// Each call that names a socket, with other arguments that are wrong too.
func callsOnASocket(_ socket: SOCKET) -> [(String, () -> Int32)] {
  [
    ("bind", { ws2_bind(socket, nil, 0) }), ("listen", { ws2_listen(socket, 5) }),
    ("accept", { Int32(truncatingIfNeeded: ws2_accept(socket, nil, nil)) }),
    ("WSAAccept", { Int32(truncatingIfNeeded: WSAAccept(socket, nil, nil, nil, 0)) }),
    ("connect", { ws2_connect(socket, nil, 0) }), ("send", { send(socket, "x") }),
    (
      "sendto", { "x".withCString { text in loopback(port: 9).withPointer { ws2_sendto(socket, text, 1, 0, $0, $1) } } }
    ),
    ("recv", { receive(socket).count }), ("shutdown", { ws2_shutdown(socket, 99) }),
    ("closesocket", { closesocket(socket) }),
    ("ioctlsocket", { ws2_ioctlsocket(socket, 0, nil) }), ("ioctlsocket32", { ws2_ioctlsocket32(socket, 0, nil) }),
    ("getsockopt", { ws2_getsockopt(socket, 0, 0, nil, nil) }),
    ("setsockopt", { ws2_setsockopt(socket, 0, 0, nil, 0) }),
    ("getsockname", { ws2_getsockname(socket, nil, nil) }), ("getpeername", { ws2_getpeername(socket, nil, nil) }),
    ("WSAIoctl", { WSAIoctl(socket, 0x9800_00dd, nil, 0, nil, 1, nil, nil, nil) }),
    (
      "select",
      {
        var set = ws2_fd_set(socket)
        return ws2_select(0, &set, nil, nil, nil)
      }
    ),
  ]
}

func isOverlapped(_ handle: SOCKET) -> Bool? { (try? Socket(handle))?.isOverlapped }
