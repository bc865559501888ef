import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  /// SPEC S5.5: sockets, threads and the library's use end with operations under way.
  @Suite struct CloseTests {
    @Test("S5.5: closesocket ends every operation once, each in its way") func closesocketEndsAll() {
      started {
        withPair { client, server in
          Routines.clear()
          let calls = (0..<3).map { _ in PendingCall(event: WSACreateEvent()) }
          for call in calls { #expect(call.receive(server) == pendingOutcome) }
          let routine = PendingCall()
          #expect(routine.receive(server, Routines.note) == pendingOutcome && closesocket(server) == 0)
          for call in calls {
            #expect(becomesSet(call.overlapped.pointee.hEvent) && call.status == statusCancelled)
            WSACloseEvent(call.overlapped.pointee.hEvent)
          }
          #expect(SleepEx(patience, 1) == WAIT_IO_COMPLETION && SleepEx(0, 1) == 0)
          #expect(Routines.runs.map(\.error) == [DWORD(WSA_OPERATION_ABORTED)])
        }
      }
    }

    @Test("S5.5: the next socket with the number has none of the last one's operations, port or modes") func reuse() {
      started {
        let (listener, port) = makeListener()
        let completion = TestPort()
        for round in 0..<50 {
          let client = makeStream()
          #expect(connect(client, to: port) == 0)
          let server = ws2_accept(listener, nil, nil)
          completion.serve(server, key: ULONG_PTR(round))
          let skip = UCHAR(FILE_SKIP_COMPLETION_PORT_ON_SUCCESS)
          #expect(SetFileCompletionNotificationModes(HANDLE(socket: server), skip) != 0)
          let call = PendingCall()
          #expect(call.receive(server) == pendingOutcome && closesocket(server) == 0)
          let next = makeDatagram()
          #expect(next == server, "Linux gives the lowest number that is free")
          #expect(loopback().withPointer { ws2_bind(next, $0, $1) } == 0)
          #expect(
            completion.packet()
              == Packet(count: 0, key: ULONG_PTR(round), overlapped: call.overlapped, error: ERROR_OPERATION_ABORTED))
          let fresh = PendingCall(event: WSACreateEvent())
          #expect(fresh.receive(next) == pendingOutcome)
          #expect(send(client, "for the dead") >= -1)
          #expect(fresh.status == statusPending)
          let name = loopback(port: WinsockTests.port(of: next))
          #expect("me".withCString { text in name.withPointer { ws2_sendto(next, text, 2, 0, $0, $1) } } == 2)
          #expect(becomesSet(fresh.overlapped.pointee.hEvent) && fresh.text == "me" && completion.isEmpty)
          WSACloseEvent(fresh.overlapped.pointee.hEvent)
          for socket in [client, next] { closesocket(socket) }
        }
        closesocket(listener)
      }
    }

    @Test("S5.5: a thread's end aborts what it began, but not where a port hears of it", arguments: [false, true])
    func threadEnd(hasPort: Bool) {
      started {
        withPair { client, server in
          let port = TestPort()
          if hasPort { port.serve(server) }
          let call = PendingCall(event: WSACreateEvent())
          let begin = ThreadCall(server, call)
          let thread = CreateThread(
            nil, 0,
            { argument in
              let begin = Unmanaged<ThreadCall>.fromOpaque(argument!).takeUnretainedValue()
              begin.outcome = begin.call.receive(begin.socket)
              return 0
            }, Unmanaged.passUnretained(begin).toOpaque(), 0, nil)
          #expect(WaitForSingleObject(thread, patience) == WAIT_OBJECT_0 && begin.outcome == pendingOutcome)
          CloseHandle(thread)
          if hasPort {
            #expect(call.status == statusPending && send(client, "data") == 4)
            #expect(port.packet() == Packet(count: 4, key: 42, overlapped: call.overlapped, error: 0))
          } else {
            #expect(isSet(call.overlapped.pointee.hEvent) && call.status == statusCancelled)
            #expect(send(client, "data") == 4 && receive(server) == (4, "data"))
          }
          #expect(port.isEmpty)
          WSACloseEvent(call.overlapped.pointee.hEvent)
        }
      }
    }

    @Test("S5.5: the last WSACleanup: status 995, and no word to event, port or routine") func cleanup() {
      let (event, port) = (CreateEventA(nil, 1, 0, nil), TestPort())
      let calls = (0..<4).map { PendingCall(event: $0 == 0 ? event : nil) }
      var sockets: [SOCKET] = []
      Routines.clear()
      let waiting = started { () -> BackgroundCall<DWORD> in
        var data = WSADATA()
        #expect(WSAStartup(0x0202, &data) == 0)
        let pairs = (0..<2).map { _ in makePair() }
        sockets = pairs.flatMap { [$0.client, $0.server] }
        port.serve(pairs[1].server)
        #expect(calls[0].receive(pairs[0].server) == pendingOutcome)
        #expect(calls[1].receive(pairs[1].server) == pendingOutcome)
        #expect(calls[2].receive(pairs[0].server, Routines.note) == pendingOutcome)
        #expect(calls[3].receive(pairs[0].server) == pendingOutcome)
        #expect(WSACleanup() == 0 && calls.allSatisfy { $0.status == statusPending }, "not the last one")
        let block = UInt(bitPattern: calls[3].overlapped)
        let waiting = BackgroundCall { () -> DWORD in
          var count: DWORD = 0
          return GetOverlappedResult(nil, LPOVERLAPPED(bitPattern: block), &count, 1) != 0 ? 0 : GetLastError()
        }
        waiting.untilBlocked()
        return waiting
      }
      #expect(calls.allSatisfy { $0.status == statusCancelled })
      #expect(!isSet(event) && port.isEmpty && SleepEx(0, 1) == 0 && Routines.runs.isEmpty)
      #expect(waiting.result() == DWORD(ERROR_OPERATION_ABORTED), "who waits for the operation itself goes on")
      CloseHandle(event)
      started { for socket in sockets { closesocket(socket) } }
    }

    @Test("S5.5: closing a listener lets a blocked accept() go") func listener() {
      started {
        let (listener, _) = makeListener()
        let accepting = BackgroundCall { socketOutcome { ws2_accept(listener, nil, nil) } }
        accepting.untilBlocked()
        #expect(closesocket(listener) == 0 && accepting.result() == .failure(WSAEINTR))
      }
    }
  }
}

private final class ThreadCall {
  let socket: SOCKET
  let call: PendingCall
  var outcome = doneAtOnce

  init(_ socket: SOCKET, _ call: PendingCall) { (self.socket, self.call) = (socket, call) }
}
