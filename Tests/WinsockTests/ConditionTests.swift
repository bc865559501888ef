import CWinsock
import Foundation
import Testing

@testable import Winsock

/// What the condition function sees and answers. It is a C function, so its state is global; the suite is serialized.
private struct Condition {
  nonisolated(unsafe) static var answer = CF_ACCEPT
  nonisolated(unsafe) static var callbackData: DWORD_PTR = 0
  nonisolated(unsafe) static var callerPort: UInt16 = 0
  nonisolated(unsafe) static var calleePort: UInt16 = 0
  nonisolated(unsafe) static var during: (() -> Void)?
}

private let condition: LPCONDITIONPROC = { caller, callerData, _, _, callee, _, _, data in
  Condition.callbackData = data
  Condition.callerPort = portOf(caller)
  Condition.calleePort = portOf(callee)
  Condition.during?()
  return Condition.answer
}

private func portOf(_ buffer: LPWSABUF?) -> UInt16 {
  guard let buffer, buffer.pointee.len == 16, let bytes = buffer.pointee.buf else { return 0 }
  return UInt16(bigEndian: UnsafeRawPointer(bytes).load(fromByteOffset: 2, as: UInt16.self))
}

extension WinsockSuite {
  @Suite struct ConditionTests {
    @Test func accepting() {
      started {
        let (listener, listenerPort) = makeListener()
        let client = makeStream()
        #expect(connect(client, to: listenerPort) == 0)
        Condition.answer = CF_ACCEPT
        let server = WSAAccept(listener, nil, nil, condition, 4711)
        #expect(server != noSocket)
        #expect(Condition.callbackData == 4711)
        #expect(Condition.callerPort == port(of: client))
        #expect(Condition.calleePort == listenerPort)
        for socket in [client, server, listener] { closesocket(socket) }
      }
    }

    @Test func rejecting() {
      started {
        let (listener, port) = makeListener()
        let client = makeStream()
        #expect(connect(client, to: port) == 0)
        Condition.answer = CF_REJECT
        #expect(socketOutcome { WSAAccept(listener, nil, nil, condition, 0) } == .failure(WSAECONNREFUSED))
        #expect(outcome { receive(client).count } == .failure(WSAECONNRESET))
        closesocket(client)
        closesocket(listener)
      }
    }

    /// The connection stays: select() sees it, and the next accept takes it before any newer one.
    @Test func deferring() {
      started {
        let (listener, listenerPort) = makeListener()
        let clients = [makeStream(), makeStream()]
        for client in clients { #expect(connect(client, to: listenerPort) == 0) }
        Condition.answer = CF_DEFER
        #expect(socketOutcome { WSAAccept(listener, nil, nil, condition, 0) } == .failure(WSATRY_AGAIN))
        #expect(socketOutcome { WSAAccept(listener, nil, nil, condition, 0) } == .failure(WSATRY_AGAIN))
        #expect(Condition.callerPort == port(of: clients[0]))
        var set = ws2_fd_set(listener)
        #expect(ws2_select(0, &set, nil, nil, nil) == 1)
        Condition.answer = CF_ACCEPT
        let first = WSAAccept(listener, nil, nil, condition, 0)
        #expect(Condition.callerPort == port(of: clients[0]))
        let second = ws2_accept(listener, nil, nil)
        #expect(send(clients[1], "second") == 6)
        #expect(receive(second) == (6, "second"))
        for socket in clients + [first, second, listener] { closesocket(socket) }
      }
    }

    /// S5.2: it is the first of the queue, also for an AcceptEx that comes later or waits already.
    @Test("S5.2: AcceptEx takes what was deferred, before newer connections", arguments: [false, true])
    func deferredToAcceptEx(isNonBlocking: Bool) {
      started {
        let (listener, listenerPort) = makeListener()
        setNonBlocking(listener, isNonBlocking)
        let clients = [makeStream(), makeStream()]
        for client in clients { #expect(connect(client, to: listenerPort) == 0) }
        Condition.answer = CF_DEFER
        #expect(socketOutcome { WSAAccept(listener, nil, nil, condition, 0) } == .failure(WSATRY_AGAIN))
        for client in clients {
          let (socket, operation) = (makeStream(), OverlappedCall())
          let begun = operation.begin {
            AcceptEx(listener, socket, operation.memory, 0, 44, 44, $0, operation.overlapped)
          }
          #expect(operation.end(begun, listener) == doneAtOnce)
          #expect(portOf(socket, ws2_getpeername) == port(of: client))
          #expect(fcntl(Int32(socket), F_GETFL) & O_NONBLOCK == 0, "as the program's own was")
          #expect(send(client, "ping") == 4 && receive(socket) == (4, "ping"))
          closesocket(socket)
        }
        for socket in clients + [listener] { closesocket(socket) }
      }
    }

    /// While the condition runs the connection is WSAAccept's: AcceptEx finds no other, and waits until the answer.
    @Test("S5.2: an AcceptEx that waits already gets what the condition defers") func deferredToWaitingAcceptEx() {
      started {
        let (listener, listenerPort) = makeListener()
        let client = makeStream()
        #expect(connect(client, to: listenerPort) == 0)
        let (socket, isPosted) = (makeStream(), DispatchSemaphore(value: 0))
        nonisolated(unsafe) let operation = OverlappedCall()
        nonisolated(unsafe) var poster: BackgroundCall<[Outcome?]>?
        Condition.answer = CF_DEFER
        Condition.during = {
          // Another thread, as in this one Winsock may not be called (S2.2); it stays, as its end would abort the call.
          poster = BackgroundCall {
            let begun = operation.begin {
              AcceptEx(listener, socket, operation.memory, 0, 44, 44, $0, operation.overlapped)
            }
            isPosted.signal()
            return [begun, operation.end(begun, listener)]
          }
          isPosted.wait()
        }
        #expect(socketOutcome { WSAAccept(listener, nil, nil, condition, 0) } == .failure(WSATRY_AGAIN))
        Condition.during = nil
        #expect(poster?.result() == [pendingOutcome, doneAtOnce])
        #expect(portOf(socket, ws2_getpeername) == port(of: client))
        #expect(send(client, "ping") == 4)
        setNonBlocking(socket)
        #expect(eventually { receive(socket) == (4, "ping") })
        for socket in [client, socket, listener] { closesocket(socket) }
      }
    }

    /// Microsoft's page "SO_CONDITIONAL_ACCEPT socket option".
    @Test("S12.1: SO_CONDITIONAL_ACCEPT is told as it was set, and not set once the socket listens") func option() {
      started {
        let socket = Family.four.bound()
        let told = { WinsockTests.option(socket, SOL_SOCKET, SO_CONDITIONAL_ACCEPT) }
        #expect(told() == 0)
        #expect(setOption(socket, SOL_SOCKET, SO_CONDITIONAL_ACCEPT, 5) == 0 && told() == 1)
        #expect(setOption(socket, SOL_SOCKET, SO_CONDITIONAL_ACCEPT, 0) == 0 && told() == 0)
        var short: CChar = 1
        #expect(
          outcome { ws2_setsockopt(socket, SOL_SOCKET, SO_CONDITIONAL_ACCEPT, &short, 1) } == .failure(WSAEFAULT))
        #expect(ws2_listen(socket, 1) == 0)
        #expect(outcome { setOption(socket, SOL_SOCKET, SO_CONDITIONAL_ACCEPT, 1) } == .failure(WSAEINVAL))
        closesocket(socket)
      }
    }

    @Test func closingAListenerRefusesWhatIsDeferred() {
      started {
        let (listener, port) = makeListener()
        let client = makeStream()
        #expect(connect(client, to: port) == 0)
        Condition.answer = CF_DEFER
        #expect(socketOutcome { WSAAccept(listener, nil, nil, condition, 0) } == .failure(WSATRY_AGAIN))
        #expect(closesocket(listener) == 0)
        #expect(outcome { receive(client).count } == .failure(WSAECONNRESET))
        closesocket(client)
      }
    }

    /// SPEC S2.2: no Winsock call inside the condition function, and S2.1 to S2.3 in that order.
    @Test func callsInsideTheConditionFunction() {
      started {
        let (listener, port) = makeListener()
        let client = makeStream()
        #expect(connect(client, to: port) == 0)
        Condition.answer = CF_ACCEPT
        nonisolated(unsafe) var outcomes: [(String, Outcome)] = []
        Condition.during = {
          outcomes = callsOnASocket(listener).map { ($0.0, outcome($0.1)) }
          outcomes += callsOnASocket(9999).map { ($0.0 + " of no socket", outcome($0.1)) }
          var data = WSADATA()
          #expect(WSAStartup(0x0202, &data) == WSAEINPROGRESS)
        }
        let server = WSAAccept(listener, nil, nil, condition, 0)
        Condition.during = nil
        #expect(server != noSocket)
        #expect(outcomes.count == 2 * callsOnASocket(0).count)
        for (name, outcome) in outcomes { #expect(outcome == .failure(WSAEINPROGRESS), "\(name)") }
        // And after it they work again.
        #expect(send(client, "x") == 1)
        for socket in [client, server, listener] { closesocket(socket) }
      }
    }

    @Test("S2.2, S6.1: WSPAccept's condition function, and no procedure inside it") func provider() {
      let provider = TestProvider(30)
      let table = provider.table
      started {
        let (listener, listenerPort) = makeListener()
        let client = makeStream()
        #expect(connect(client, to: listenerPort) == 0)
        (Condition.answer, Condition.callbackData) = (CF_ACCEPT, 0)
        nonisolated(unsafe) var outcomes: [Outcome] = []
        Condition.during = {
          var (count, value): (DWORD, DWORD) = (0, 0)
          outcomes = [
            provider.outcome { table.lpWSPIoctl(client, 0x4004_667f, nil, 0, &value, 4, &count, nil, nil, nil, $0) },
            provider.outcome { table.lpWSPListen(9999, 1, $0) }, provider.outcome { table.lpWSPCleanup($0) },
          ]
          var (data, table) = (WSPDATA(), WSPPROC_TABLE())
          #expect(WSPStartup(0x0202, &data, nil, TestProvider.upcalls(), &table) == WSAEINPROGRESS)
        }
        var server = noSocket
        #expect(
          provider.outcome(failing: noSocket) {
            server = table.lpWSPAccept(listener, nil, nil, condition, 4711, $0)
            return server
          }.error == 0)
        Condition.during = nil
        #expect(Condition.callbackData == 4711 && Condition.callerPort == port(of: client))
        #expect(outcomes == Array(repeating: .failure(WSAEINPROGRESS), count: 3))
        for socket in [client, server, listener] { closesocket(socket) }
      }
      provider.cleanUp()
    }
  }
}
