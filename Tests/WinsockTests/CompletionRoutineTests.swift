import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  /// SPEC S5.3: completion routines are calls of the thread that began the operation.
  @Suite struct CompletionRoutineTests {
    @Test("S5.2, S5.3: a routine runs in an alertable wait only, at once or pending", .endsAtOnce)
    func alertableOnly() {
      started {
        withPair { client, server in
          Routines.clear()
          let event = CreateEventA(nil, 1, 0, nil)
          let call = PendingCall()
          #expect(send(client, "data") == 4)
          awaitData(server)
          #expect(call.receive(server, Routines.note) == doneAtOnce && call.count == 4 && call.status == 0)
          #expect(SleepEx(0, 0) == 0 && WaitForSingleObject(event, 0) == WAIT_TIMEOUT && Routines.runs.isEmpty)
          #expect(WaitForSingleObjectEx(event, patience, 1) == WAIT_IO_COMPLETION)
          let thread = GetCurrentThreadId()
          #expect(
            Routines.runs == [
              Routines.Run(error: 0, count: 4, overlapped: call.overlapped, flags: 0, thread: thread)
            ])
          #expect(call.receive(server, Routines.note) == pendingOutcome && send(client, "more") == 4)
          while call.status == statusPending { sched_yield() }
          #expect(WaitForSingleObject(event, 0) == WAIT_TIMEOUT && Routines.runs.count == 1)
          var events = [event]
          #expect(WSAWaitForMultipleEvents(1, &events, 0, patience, 1) == WAIT_IO_COMPLETION)
          #expect(Routines.runs.count == 2 && Routines.runs.last?.thread == thread)
          CloseHandle(event)
        }
      }
    }

    /// Another thread that waits alertably must not get it.
    @Test("S5.3: it runs on the thread that began the operation, not on one that waits") func callingThread() {
      started {
        withPair { client, server in
          Routines.clear()
          let other = BackgroundCall { SleepEx(200, 1) }
          let call = PendingCall()
          #expect(call.receive(server, Routines.note) == pendingOutcome && send(client, "data") == 4)
          while call.status == statusPending { sched_yield() }
          #expect(other.result() == 0 && Routines.runs.isEmpty)
          #expect(SleepEx(patience, 1) == WAIT_IO_COMPLETION && Routines.runs.count == 1)
          #expect(Routines.runs.first?.thread == GetCurrentThreadId())
        }
      }
    }

    @Test("S5.3: several in one wait") func several() {
      started {
        withPair { client, server in
          Routines.clear()
          let calls = (0..<10).map { _ in PendingCall(size: 1) }
          for call in calls { #expect(call.receive(server, Routines.note) == pendingOutcome) }
          #expect(send(client, "0123456789") == 10)
          while calls.contains(where: { $0.status == statusPending }) { sched_yield() }
          while Routines.runs.count < 10, SleepEx(patience, 1) == WAIT_IO_COMPLETION {}
          #expect(Set(Routines.runs.map { UInt(bitPattern: $0.overlapped) }).count == 10 && Routines.runs.count == 10)
          #expect(SleepEx(0, 1) == 0)
        }
      }
    }

    @Test("S5.3: a routine begins the next operation, a hundred times") func next() {
      started {
        withPair { client, server in
          Routines.clear()
          let call = PendingCall(size: 1)
          func again() {
            guard Routines.runs.count < 100 else { return }
            Routines.then = again
            let begun = call.receive(server, Routines.note)
            #expect(begun == pendingOutcome || begun == doneAtOnce)
          }
          again()
          for _ in 0..<100 { #expect(send(client, "x") == 1) }
          while Routines.runs.count < 100, SleepEx(patience, 1) == WAIT_IO_COMPLETION {}
          #expect(Routines.runs.count == 100 && Routines.runs.allSatisfy { $0.error == 0 && $0.count == 1 })
        }
      }
    }

    @Test("S5.3, S5.5: a routine closes its socket; what else is under way there is aborted") func closesItsSocket() {
      started {
        withPair { client, server in
          Routines.clear()
          let calls = (0..<2).map { _ in PendingCall(size: 1) }
          for call in calls { #expect(call.receive(server, Routines.note) == pendingOutcome) }
          Routines.then = { #expect(closesocket(server) == 0) }
          #expect(send(client, "x") == 1)
          while Routines.runs.count < 2, SleepEx(patience, 1) == WAIT_IO_COMPLETION {}
          #expect(Routines.runs.map(\.error) == [0, DWORD(WSA_OPERATION_ABORTED)])
          #expect(Routines.runs.map(\.overlapped) == calls.map(\.overlapped))
        }
      }
    }

    @Test("S5.3: a routine that waits alertably has the others run inside it") func nested() {
      started {
        withPair { client, server in
          Routines.clear()
          let calls = (0..<3).map { _ in PendingCall(size: 1) }
          for call in calls { #expect(call.receive(server, Routines.note) == pendingOutcome) }
          #expect(send(client, "xyz") == 3)
          while calls.contains(where: { $0.status == statusPending }) { sched_yield() }
          var inside = 0
          Routines.then = {
            while Routines.runs.count < 3, SleepEx(patience, 1) == WAIT_IO_COMPLETION {}
            inside = Routines.runs.count
          }
          #expect(SleepEx(patience, 1) == WAIT_IO_COMPLETION && inside == 3 && Routines.runs.count == 3)
          #expect(SleepEx(0, 1) == 0)
        }
      }
    }

    @Test("S5.3: a routine's failure is a Winsock error, its count 0") func failure() {
      started {
        let (client, server) = makePair()
        Routines.clear()
        let call = PendingCall()
        #expect(call.receive(server, Routines.note) == pendingOutcome)
        reset(client)
        #expect(SleepEx(patience, 1) == WAIT_IO_COMPLETION)
        #expect(Routines.runs.map(\.error) == [DWORD(WSAECONNRESET)] && Routines.runs.map(\.count) == [0])
        closesocket(server)
      }
    }

    @Test("S5.3: a routine's count is 0 also when bytes came: a datagram that is cut") func failureWithBytes() {
      started {
        let (one, other) = (makeDatagram(), makeDatagram())
        #expect(loopback().withPointer { ws2_bind(one, $0, $1) } == 0)
        Routines.clear()
        let (call, sent) = (PendingCall(size: 4), PendingCall(size: 8))
        #expect(call.receive(one, Routines.note) == pendingOutcome)
        var buffer = WSABUF(len: 8, buf: sent.bytes)
        let name = loopback(port: port(of: one))
        #expect(
          outcome { name.withPointer { WSASendTo(other, &buffer, 1, &sent.count, 0, $0, $1, nil, nil) } } == doneAtOnce)
        #expect(SleepEx(patience, 1) == WAIT_IO_COMPLETION)
        #expect(Routines.runs.map(\.error) == [DWORD(WSAEMSGSIZE)] && Routines.runs.map(\.count) == [0])
        for socket in [one, other] { closesocket(socket) }
      }
    }

    @Test("S5.3: GetOverlappedResultEx is an alertable wait too") func alertableResult() {
      started {
        withPair { client, server in
          Routines.clear()
          let (noted, waited) = (PendingCall(size: 1), PendingCall())
          #expect(noted.receive(server, Routines.note) == pendingOutcome && waited.receive(server) == pendingOutcome)
          #expect(send(client, "x") == 1)
          var count: DWORD = 0
          #expect(GetOverlappedResultEx(HANDLE(socket: server), waited.overlapped, &count, patience, 1) == 0)
          #expect(GetLastError() == WAIT_IO_COMPLETION && Routines.runs.count == 1)
          #expect(send(client, "data") == 4)
          #expect(GetOverlappedResultEx(HANDLE(socket: server), waited.overlapped, &count, patience, 1) != 0)
          #expect(count == 4)
        }
      }
    }
  }
}
