import CWinsock
import Foundation
import Testing

@testable import Winsock

private func acceptEx(
  _ operation: OverlappedCall, _ listener: SOCKET, _ socket: SOCKET, data: DWORD = 0, local: DWORD = 44,
  remote: DWORD = 44
) -> Outcome {
  operation.begin {
    AcceptEx(listener, socket, operation.memory, data, local, remote, $0, operation.overlapped)
  }
}

private func updateContext(_ socket: SOCKET, _ listener: SOCKET) -> Outcome {
  withUnsafeBytes(of: listener) { bytes in
    let value = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
    return outcome { ws2_setsockopt(socket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, value, 8) }
  }
}

extension WinsockSuite {
  /// Microsoft's pages of AcceptEx and GetAcceptExSockaddrs; SPEC S5.2 to S5.5, S2.13.
  @Suite struct AcceptExTests {
    @Test("S5.2: AcceptEx without data ends with the accept", arguments: Family.allCases, [true, false])
    func accepts(family: Family, connectsFirst: Bool) {
      started {
        let (listener, port) = family.listener()
        let (client, socket, operation) = (family.stream(), family.stream(), OverlappedCall())
        #expect(fcntl(Int32(socket), F_SETFD, FD_CLOEXEC) == 0)
        if connectsFirst { #expect(family.connect(client, port) == 0) }
        let begun = acceptEx(operation, listener, socket)
        if connectsFirst, !Reactor.forcesPending { #expect(begun == Outcome(result: 0, error: 0)) }
        if !connectsFirst {
          #expect(begun == pendingOutcome)
          #expect(operation.isPending && !operation.isSignalled)
          #expect(family.connect(client, port) == 0)
        }
        #expect(operation.end(begun, listener) == Outcome(result: 0, error: 0))
        #expect(fcntl(Int32(socket), F_GETFD) == FD_CLOEXEC, "as the program's own was")
        // Decided: lenient where Windows says WSAENOTCONN before SO_UPDATE_ACCEPT_CONTEXT.
        #expect(portOf(socket, ws2_getpeername) == portOf(client, ws2_getsockname))
        #expect(portOf(socket, ws2_getsockname) == port)
        #expect(option(socket, SOL_SOCKET, SO_CONNECT_TIME).map { $0 < 60 } == true)
        #expect(updateContext(socket, listener) == Outcome(result: 0, error: 0))
        checkNames(operation, data: 0, family, local: port, remote: portOf(client, ws2_getsockname))
        #expect(send(client, "ping") == 4)
        #expect(receive(socket) == (4, "ping"))
        for socket in [client, socket, listener] { closesocket(socket) }
      }
    }

    private func checkNames(_ operation: OverlappedCall, data: DWORD, _ family: Family, local: UInt16, remote: UInt16) {
      var (own, peer): (UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<sockaddr>?) = (nil, nil)
      var (ownSize, peerSize): (Int32, Int32) = (0, 0)
      GetAcceptExSockaddrs(operation.memory, data, 44, 44, &own, &ownSize, &peer, &peerSize)
      for (name, size, port) in [(own, ownSize, local), (peer, peerSize, remote)] {
        #expect(size == family.nameSize)
        #expect(name.map { Int32($0.pointee.sa_family) } == family.number)
        #expect(
          name.map { UInt16(bigEndian: UnsafeRawPointer($0).loadUnaligned(fromByteOffset: 2, as: UInt16.self)) } == port
        )
      }
    }

    @Test("S5.2: AcceptEx with data is connected at once, and ends with the first data", arguments: Family.allCases)
    func waitsForData(family: Family) {
      started {
        let (listener, port) = family.listener()
        let (client, socket, operation) = (family.stream(), family.stream(), OverlappedCall())
        let begun = acceptEx(operation, listener, socket, data: 100)
        #expect(begun == pendingOutcome)
        #expect(family.connect(client, port) == 0)
        #expect(eventually { portOf(socket, ws2_getpeername) != 0 }, "accepted")
        #expect(operation.isPending)
        // Another one is not kept from its connection by the silence of this one.
        let (second, other, next) = (family.stream(), family.stream(), OverlappedCall())
        let begunNext = acceptEx(next, listener, other)
        #expect(family.connect(second, port) == 0)
        #expect(next.end(begunNext, listener) == Outcome(result: 0, error: 0))
        #expect(operation.isPending)
        #expect(send(client, "first") == 5)
        #expect(operation.end(begun, listener) == Outcome(result: 5, error: 0))
        #expect(operation.text(5) == "first")
        checkNames(operation, data: 100, family, local: port, remote: portOf(client, ws2_getsockname))
        for socket in [client, socket, second, other, listener] { closesocket(socket) }
      }
    }

    @Test("S5.4: the peer's end and its reset while AcceptEx waits for data") func endBeforeData() {
      started {
        for resets in [false, true] {
          let (listener, port) = makeListener()
          let (client, socket, operation) = (makeStream(), makeStream(), OverlappedCall())
          let begun = acceptEx(operation, listener, socket, data: 100)
          #expect(connect(client, to: port) == 0)
          #expect(eventually { portOf(socket, ws2_getpeername) != 0 })
          if resets { reset(client) } else { closesocket(client) }
          let end = operation.end(begun, listener)
          #expect(end == (resets ? .failure(WSAECONNRESET) : Outcome(result: 0, error: 0)))
          closesocket(socket)
          closesocket(listener)
        }
      }
    }

    enum Way: CaseIterable { case cancel, closeListener, closeAccepting }

    @Test(
      "S5.5: cancel and close end AcceptEx once, with a connection and without", arguments: Way.allCases, [false, true])
    func isAborted(way: Way, hasConnection: Bool) {
      started {
        let (listener, port) = makeListener()
        let (client, socket, operation) = (makeStream(), makeStream(), OverlappedCall())
        let begun = acceptEx(operation, listener, socket, data: hasConnection ? 100 : 0)
        #expect(begun == pendingOutcome)
        if hasConnection {
          #expect(connect(client, to: port) == 0)
          #expect(eventually { portOf(socket, ws2_getpeername) != 0 })
        }
        switch way {
        case .cancel: #expect(CancelIoEx(HANDLE(bitPattern: UInt(listener)), operation.overlapped) != 0)
        case .closeListener: closesocket(listener)
        case .closeAccepting: closesocket(socket)
        }
        #expect(operation.end(begun, client) == .failure(WSA_OPERATION_ABORTED))
        if way == .closeAccepting, !hasConnection {
          // Its number may be another's by now: the next connection is nobody's but accept's.
          let thief = makeStream()
          #expect(thief == socket)
          #expect(connect(client, to: port) == 0)
          let accepted = ws2_accept(listener, nil, nil)
          #expect(accepted != noSocket && accepted != thief)
          #expect(portOf(thief, ws2_getpeername) == 0)
          closesocket(accepted)
        }
        closesocket(client)
        if way != .closeAccepting || !hasConnection { closesocket(socket) }
        if way != .closeListener { closesocket(listener) }
      }
    }

    @Test("S5.3: the listener's port hears of it") func port() {
      started {
        let (listener, number) = makeListener()
        let port = CreateIoCompletionPort(HANDLE(bitPattern: UInt(listener)), nil, 7, 0)
        let (client, socket, operation) = (makeStream(), makeStream(), OverlappedCall())
        operation.overlapped.pointee.hEvent = nil
        #expect(acceptEx(operation, listener, socket, data: 8) == pendingOutcome)
        #expect(connect(client, to: number) == 0)
        #expect(send(client, "abc") == 3)
        var (count, key, found): (DWORD, ULONG_PTR, LPOVERLAPPED?) = (0, 0, nil)
        #expect(GetQueuedCompletionStatus(port, &count, &key, &found, 30_000) != 0)
        #expect(count == 3 && key == 7 && found == operation.overlapped)
        for socket in [client, socket, listener] { closesocket(socket) }
        #expect(CloseHandle(port) != 0)
      }
    }

    @Test("an accept() beside AcceptEx on a blocking listener waits for the next connection") func besideAccept() {
      started {
        let (listener, port) = makeListener()
        let (client, socket, operation) = (makeStream(), makeStream(), OverlappedCall())
        let begun = acceptEx(operation, listener, socket)
        let accepting = BackgroundCall { ws2_accept(listener, nil, nil) }
        accepting.untilBlocked()
        let second = makeStream()
        #expect(connect(client, to: port) == 0 && connect(second, to: port) == 0)
        #expect(operation.end(begun, listener) == Outcome(result: 0, error: 0))
        let accepted = accepting.result()
        #expect(accepted != nil && accepted != noSocket)
        for socket in [client, second, socket, listener, accepted ?? noSocket] { closesocket(socket) }
      }
    }

    @Test("what AcceptEx refuses") func refusals() {
      started {
        let (listener, port) = makeListener()
        let (socket, operation) = (makeStream(), OverlappedCall())
        #expect(acceptEx(operation, noSocket, socket) == .failure(WSAENOTSOCK))
        #expect(acceptEx(operation, listener, noSocket) == .failure(WSAEINVAL))
        #expect(acceptEx(operation, socket, makeStream()) == .failure(WSAEINVAL), "not a listener")
        #expect(acceptEx(operation, listener, Family.six.stream()) == .failure(WSAEINVAL), "another family")
        #expect(acceptEx(operation, listener, makeDatagram()) == .failure(WSAEINVAL))
        #expect(acceptEx(operation, listener, Family.four.bound()) == .failure(WSAEINVAL), "bound")
        #expect(acceptEx(operation, listener, listener) == .failure(WSAEINVAL))
        #expect(acceptEx(operation, listener, socket, local: 31) == .failure(WSAEINVAL), "no 16 bytes more")
        #expect(acceptEx(operation, listener, socket, remote: 31) == .failure(WSAEINVAL))
        let null = operation.begin { AcceptEx(listener, socket, nil, 0, 32, 32, $0, operation.overlapped) }
        #expect(null == .failure(WSAEFAULT))
        let bad = BadMemory(.readOnly, size: 64)
        let unwritable = operation.begin {
          AcceptEx(listener, socket, bad.pointer, 0, 32, 32, $0, operation.overlapped)
        }
        #expect(unwritable == .failure(WSAEFAULT))
        let none = operation.begin { AcceptEx(listener, socket, operation.memory, 0, 32, 32, $0, nil) }
        #expect(none == .failure(ERROR_INVALID_PARAMETER))
        #expect(!operation.isSignalled && operation.overlapped.pointee.Internal == 0)
        // One socket, one connection.
        let (first, second) = (acceptEx(operation, listener, socket), OverlappedCall())
        #expect(first == pendingOutcome)
        #expect(acceptEx(second, listener, socket) == .failure(WSAEINVAL))
        #expect(connect(makeStream(), to: port) == 0)
        #expect(operation.end(first, listener) == Outcome(result: 0, error: 0))
        #expect(acceptEx(second, listener, socket) == .failure(WSAEINVAL), "connected")
        closesocket(socket)
        closesocket(listener)
      }
    }

    @Test("SO_UPDATE_ACCEPT_CONTEXT, SO_UPDATE_CONNECT_CONTEXT, SO_CONNECT_TIME and their errors") func context() {
      started {
        withPair { client, server in
          let (listener, _) = makeListener()
          #expect(updateContext(server, listener) == Outcome(result: 0, error: 0))
          #expect(updateContext(server, noSocket) == .failure(WSAENOTSOCK))
          #expect(updateContext(makeStream(), listener) == .failure(WSAENOTCONN))
          #expect(
            outcome { ws2_setsockopt(server, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, nil, 0) } == .failure(WSAEFAULT))
          #expect(ws2_setsockopt(client, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nil, 0) == 0)
          #expect(
            outcome { ws2_setsockopt(makeStream(), SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nil, 0) }
              == .failure(WSAENOTCONN))
          #expect(option(client, SOL_SOCKET, SO_CONNECT_TIME).map { $0 < 60 } == true)
          #expect(option(makeStream(), SOL_SOCKET, SO_CONNECT_TIME) == DWORD.max)
        }
      }
    }
  }
}
