import CWinsock
import Foundation
import Testing

@testable import Winsock

private func connectEx(
  _ operation: OverlappedCall, _ socket: SOCKET, _ family: Family, _ port: UInt16, data: DWORD = 0
) -> Outcome {
  operation.begin { count in
    family.withLoopback(port) {
      ws2_ConnectEx(socket, $0, $1, data == 0 ? nil : operation.memory, data, count, operation.overlapped)
    }
  }
}

private func disconnectEx(_ operation: OverlappedCall, _ socket: SOCKET, _ flags: Int32 = 0) -> Outcome {
  operation.begin { _ in ws2_DisconnectEx(socket, operation.overlapped, DWORD(flags), 0) }
}

private let good = Outcome(result: 0, error: 0)

extension WinsockSuite {
  /// Microsoft's pages of ConnectEx and DisconnectEx; SPEC S5.2 to S5.5.
  @Suite struct ConnectExTests {
    @Test("S5.2: ConnectEx connects, and sends what it was given", arguments: Family.allCases, [DWORD(0), 5])
    func connects(family: Family, data: DWORD) {
      started {
        let (listener, port) = family.listener()
        let (socket, operation) = (family.bound(), OverlappedCall())
        memcpy(operation.memory, "hello", 5)
        let begun = connectEx(operation, socket, family, port, data: data)
        #expect(operation.end(begun, socket) == Outcome(result: Int(data), error: 0))
        let server = ws2_accept(listener, nil, nil)
        #expect(portOf(socket, ws2_getpeername) == port, "also before SO_UPDATE_CONNECT_CONTEXT")
        #expect(ws2_setsockopt(socket, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nil, 0) == 0)
        if data > 0 { #expect(receive(server) == (5, "hello")) }
        #expect(fcntl(Int32(socket), F_GETFL) & O_NONBLOCK == 0, "the mode is the program's")
        #expect(send(server, "back") == 4)
        #expect(receive(socket) == (4, "back"))
        for socket in [socket, server, listener] { closesocket(socket) }
      }
    }

    @Test("S5.4: a refused ConnectEx tells its event and its port") func refused() {
      started {
        let (listener, port) = makeListener()
        closesocket(listener)
        let (socket, operation) = (Family.four.bound(), OverlappedCall())
        let begun = connectEx(operation, socket, .four, port)
        #expect(operation.end(begun, socket) == .failure(WSAECONNREFUSED))

        let served = Family.four.bound()
        let completions = CreateIoCompletionPort(HANDLE(bitPattern: UInt(served)), nil, 3, 0)
        let second = OverlappedCall()
        // Refused at once on loopback or later: only what pends is indicated.
        if connectEx(second, served, .four, port) == pendingOutcome {
          var (count, key, found): (DWORD, ULONG_PTR, LPOVERLAPPED?) = (0, 0, nil)
          #expect(GetQueuedCompletionStatus(completions, &count, &key, &found, 30_000) == 0)
          #expect(GetLastError() == DWORD(ERROR_CONNECTION_REFUSED) && found == second.overlapped && key == 3)
        }
        closesocket(served)
        closesocket(socket)
        #expect(CloseHandle(completions) != 0)
      }
    }

    /// A listener whose backlog is full answers nobody: the connect hangs, on a socket in blocking mode too.
    @Test("S5.5: a ConnectEx that hangs never blocks its caller, and is cancelled", arguments: [false, true])
    func hangs(closes: Bool) {
      started {
        let (listener, port) = Family.four.listener(backlog: 0)
        var fillers: [(SOCKET, OverlappedCall, Outcome)] = []
        for _ in 0..<8 {
          let (socket, operation) = (Family.four.bound(), OverlappedCall())
          fillers.append((socket, operation, connectEx(operation, socket, .four, port)))
        }
        let hanging = fillers.last!
        #expect(hanging.2 == pendingOutcome && hanging.1.isPending)
        if closes {
          closesocket(hanging.0)
        } else {
          #expect(CancelIoEx(HANDLE(bitPattern: UInt(hanging.0)), nil) != 0)
        }
        #expect(hanging.1.end(hanging.2, listener) == .failure(WSA_OPERATION_ABORTED))
        for (socket, operation, begun) in closes ? fillers.dropLast() : fillers[...] {
          closesocket(socket)
          #expect(operation.end(begun, listener) != nil)
        }
        closesocket(listener)
      }
    }

    @Test("what ConnectEx refuses") func refusals() {
      started {
        let (listener, port) = makeListener()
        let operation = OverlappedCall()
        #expect(connectEx(operation, noSocket, .four, port) == .failure(WSAENOTSOCK))
        #expect(connectEx(operation, makeStream(), .four, port) == .failure(WSAEINVAL), "not bound")
        #expect(connectEx(operation, listener, .four, port) == .failure(WSAEINVAL))
        #expect(connectEx(operation, makeDatagram(), .four, port) == .failure(WSAEINVAL))
        let bound = Family.four.bound()
        let none = operation.begin { count in
          loopback(port: port).withPointer { ws2_ConnectEx(bound, $0, $1, nil, 0, count, nil) }
        }
        #expect(none == .failure(ERROR_INVALID_PARAMETER))
        let null = operation.begin { ws2_ConnectEx(bound, nil, 16, nil, 0, $0, operation.overlapped) }
        #expect(null == .failure(WSAEFAULT))
        let bad = BadMemory(.noAccess, size: 16)
        let data = operation.begin { count in
          loopback(port: port).withPointer {
            ws2_ConnectEx(bound, $0, $1, bad.pointer, 16, count, operation.overlapped)
          }
        }
        #expect(data == .failure(WSAEFAULT))
        #expect(!operation.isSignalled)
        withPair { client, _ in #expect(connectEx(operation, client, .four, port) == .failure(WSAEISCONN)) }
        closesocket(bound)
        closesocket(listener)
      }
    }

    @Test("DisconnectEx ends both directions after what was sent before") func disconnects() {
      started {
        withPair { client, server in
          #expect(send(client, "last") == 4)
          let operation = OverlappedCall()
          #expect(operation.end(disconnectEx(operation, client), client) == good)
          #expect(receive(server) == (4, "last"))
          #expect(receive(server).count == 0)
          #expect(outcome { send(client, "x") } == .failure(WSAESHUTDOWN), "S6.2")
          #expect(outcome { receive(client).count } == .failure(WSAESHUTDOWN))
        }
      }
    }

    @Test(
      "TF_REUSE_SOCKET: a socket of ConnectEx connects again, under its number", arguments: Family.allCases,
      [true, false])
    func reusesForConnect(family: Family, isOverlapped: Bool) {
      started {
        let (listener, port) = family.listener()
        let (socket, operation) = (family.bound(), OverlappedCall())
        for round in 0..<3 {
          let connecting = OverlappedCall()
          let connected = connecting.end(connectEx(connecting, socket, family, port), socket)
          #expect(connected == good, "round \(round)")
          guard connected == good else { break }
          let server = ws2_accept(listener, nil, nil)
          #expect(send(socket, "\(round)") == 1)
          if isOverlapped {
            #expect(operation.end(disconnectEx(operation, socket, TF_REUSE_SOCKET), socket) == good)
          } else {
            #expect(ws2_DisconnectEx(socket, nil, DWORD(TF_REUSE_SOCKET), 0) != 0)
          }
          #expect(receive(server) == (1, "\(round)"), "what was sent arrives")
          #expect(receive(server).count == 0, "and then the end, no reset")
          #expect(portOf(socket, ws2_getpeername) == 0)
          closesocket(server)
        }
        closesocket(socket)
        closesocket(listener)
      }
    }

    @Test("TF_REUSE_SOCKET: a socket of AcceptEx accepts again; receives under way are aborted") func reusesForAccept()
    {
      started {
        let (listener, port) = makeListener()
        let socket = makeStream()
        for _ in 0..<3 {
          let (accepting, client) = (OverlappedCall(), makeStream())
          let begun = accepting.begin {
            AcceptEx(listener, socket, accepting.memory, 0, 32, 32, $0, accepting.overlapped)
          }
          #expect(connect(client, to: port) == 0)
          let accepted = accepting.end(begun, listener)
          #expect(accepted == good)
          guard accepted == good else { break }
          let receiving = OverlappedCall()
          var (buffer, flags) = (WSABUF(len: 64, buf: receiving.bytes), DWORD(0))
          #expect(outcome { WSARecv(socket, &buffer, 1, nil, &flags, receiving.overlapped, nil) } == pendingOutcome)
          let operation = OverlappedCall()
          #expect(operation.end(disconnectEx(operation, socket, TF_REUSE_SOCKET), socket) == good)
          #expect(receiving.end(pendingOutcome, socket) == .failure(WSA_OPERATION_ABORTED))
          #expect(receive(client).count == 0)
          closesocket(client)
        }
        closesocket(socket)
        closesocket(listener)
      }
    }

    @Test("what DisconnectEx refuses") func disconnectRefusals() {
      started {
        let operation = OverlappedCall()
        #expect(disconnectEx(operation, noSocket) == .failure(WSAENOTSOCK))
        #expect(disconnectEx(operation, makeStream()) == .failure(WSAENOTCONN))
        #expect(disconnectEx(operation, makeDatagram()) == .failure(WSAENOTCONN))
        withPair { client, _ in
          #expect(disconnectEx(operation, client, 0x40) == .failure(WSAEINVAL))
          #expect(operation.begin { _ in ws2_DisconnectEx(client, nil, 0, 1) } == .failure(WSAEINVAL))
        }
        #expect(!operation.isSignalled)
      }
    }
  }
}
