import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  /// SPEC S5.1 to S5.4 where an event says that it is over, and what an operation carries.
  @Suite struct OverlappedEventTests {
    @Test("S5.1: on a non-overlapped socket OVERLAPPED and routine are not looked at")
    func nonOverlapped() {
      started {
        let (listener, port) = makeListener(flags: 0)
        let client = makeStream()
        #expect(connect(client, to: port) == 0)
        let server = ws2_accept(listener, nil, nil)
        #expect(send(client, "datadata") == 8)
        let bad = BadMemory(.noAccess, size: 32)
        let overlapped = bad.pointer.assumingMemoryBound(to: WSAOVERLAPPED.self)
        let routine = unsafeBitCast(UInt(8), to: LPWSAOVERLAPPED_COMPLETION_ROUTINE.self)
        let call = PendingCall(size: 8)
        var (buffer, flags, count) = (WSABUF(len: 8, buf: call.bytes), DWORD(0), DWORD(0))
        #expect(
          outcome { WSARecv(server, &buffer, 1, &count, &flags, overlapped, routine) } == doneAtOnce && count == 8)
        #expect(outcome { WSASend(server, &buffer, 1, &count, 0, overlapped, routine) } == doneAtOnce && count == 8)
        var available: u_long = 1
        #expect(
          outcome {
            WSAIoctl(server, DWORD(FIONREAD), nil, 0, &available, 4, &count, overlapped, routine)
          } == doneAtOnce && count == 4)
        #expect(bad.isUntouched)
        for socket in [client, server, listener] { closesocket(socket) }
      }
    }

    @Test("S5.1: a routine without an OVERLAPPED: synchronous, no routine")
    func routineAlone() {
      started {
        withPair { client, server in
          Routines.clear()
          #expect(send(client, "data") == 4)
          let call = PendingCall()
          var (buffer, flags, count) = (WSABUF(len: 64, buf: call.bytes), DWORD(0), DWORD(0))
          #expect(
            outcome { WSARecv(server, &buffer, 1, &count, &flags, nil, Routines.note) } == doneAtOnce && count == 4)
          #expect(SleepEx(0, 1) == 0 && Routines.runs.isEmpty)
        }
      }
    }

    @Test("S5.2, S5.3: at once: 0, the count, and the event too", .endsAtOnce, arguments: [true, false])
    func atOnce(isManual: Bool) {
      started {
        withPair { client, server in
          let event = CreateEventA(nil, isManual ? 1 : 0, 0, nil)
          #expect(send(client, "data") == 4)
          awaitData(server)
          let call = PendingCall(event: event)
          #expect(call.receive(server) == doneAtOnce && call.count == 4)
          #expect(call.status == 0 && call.transferred == 4 && isSet(event) && isSet(event) == isManual)
          #expect(call.result(server) == Outcome(result: 4, error: 0))
          let sent = PendingCall(event: event, size: 3)
          #expect(sent.send(server) == doneAtOnce && sent.count == 3 && isSet(event))
          CloseHandle(event)
        }
      }
    }

    @Test("S5.2: a call that fails at once touches nothing and indicates nothing", .endsAtOnce)
    func failsAtOnce() {
      started {
        let unconnected = makeStream()
        let event = CreateEventA(nil, 1, 0, nil)
        let call = PendingCall(event: event)
        call.overlapped.pointee.Internal = 77
        call.overlapped.pointee.InternalHigh = 78
        #expect(call.receive(unconnected) == .failure(WSAENOTCONN))
        #expect(call.overlapped.pointee.Internal == 77 && call.transferred == 78 && !isSet(event))
        let port = TestPort()
        port.serve(unconnected)
        #expect(call.send(unconnected) == .failure(WSAENOTCONN) && !isSet(event) && port.isEmpty)
        Routines.clear()
        let other = makeStream()
        #expect(call.receive(other, Routines.note) == .failure(WSAENOTCONN))
        #expect(SleepEx(0, 1) == 0 && Routines.runs.isEmpty)
        for socket in [unconnected, other] { closesocket(socket) }
        CloseHandle(event)
      }
    }

    @Test("S5.3: the event is reset when the operation begins, and what is not an event is refused")
    func eventAtTheStart() {
      started {
        withPair { client, server in
          let event = CreateEventA(nil, 1, 1, nil)
          let call = PendingCall(event: event)
          #expect(call.receive(server) == pendingOutcome && !isSet(event) && call.count == 777)
          #expect(send(client, "data") == 4 && becomesSet(event))
          let bad = PendingCall(event: HANDLE(bitPattern: 0x1234))
          #expect(bad.receive(server) == .failure(WSA_INVALID_HANDLE) && bad.status == 0)
          let thread = CreateThread(nil, 0, { _ in 0 }, nil, 0, nil)
          let noEvent = PendingCall(event: thread)
          #expect(noEvent.receive(server) == .failure(WSA_INVALID_HANDLE))
          // With a routine nobody looks at it.
          Routines.clear()
          #expect(bad.receive(server, Routines.note) == pendingOutcome)
          #expect(send(client, "more") == 4 && SleepEx(patience, 1) == WAIT_IO_COMPLETION)
          #expect(Routines.runs.map(\.count) == [4])
          #expect(WaitForSingleObject(thread, patience) == WAIT_OBJECT_0)
          for handle in [event, thread] { CloseHandle(handle) }
        }
      }
    }

    @Test("S5.2: receives on one socket end in the order in which they were begun")
    func order() {
      started {
        withPair { client, server in
          let calls = (0..<50).map { _ in PendingCall(event: WSACreateEvent(), size: 2) }
          for call in calls { #expect(call.receive(server) == pendingOutcome) }
          let text = (10..<60).map { String($0) }.joined()
          #expect(send(client, text) == 100)
          for (index, call) in calls.enumerated() {
            #expect(becomesSet(call.overlapped.pointee.hEvent) && call.text == String(index + 10))
            WSACloseEvent(call.overlapped.pointee.hEvent)
          }
        }
      }
    }

    /// The data are there for whoever reads first, and the thread that would do the first receive is not awake yet.
    @Test("S5.2: a receive does not overtake one that waits")
    func overtaking() {
      started {
        withPair { client, server in
          for _ in 0..<2000 {
            let calls = (0..<2).map { _ in PendingCall(event: WSACreateEvent(), size: 1) }
            #expect(calls[0].receive(server) == pendingOutcome)
            #expect(send(client, "ab") == 2)
            let second = calls[1].receive(server)
            #expect(second == pendingOutcome || second == doneAtOnce)
            for (call, text) in zip(calls, ["a", "b"]) {
              #expect(becomesSet(call.overlapped.pointee.hEvent) && call.text == text)
              WSACloseEvent(call.overlapped.pointee.hEvent)
            }
          }
        }
      }
    }

    @Test("S5.2: a send larger than the socket's buffers ends when all of it is gone, behind it the next")
    func bigSend() {
      started {
        withPair { client, server in
          let size = 32 << 20
          let big = PendingCall(event: WSACreateEvent(), size: size)
          for index in stride(from: 0, to: size, by: 4096) { big.bytes[index] = CChar(index / 4096 % 100) }
          let small = PendingCall(event: WSACreateEvent(), size: 1)
          small.bytes[0] = 111
          #expect(big.send(client) == pendingOutcome && small.send(client) == pendingOutcome)
          let wrong = BackgroundCall { () -> Int in
            let chunk = UnsafeMutablePointer<CChar>.allocate(capacity: 4096)
            defer { chunk.deallocate() }
            var wrong = 0
            for index in 0..<size / 4096 {
              guard ws2_recv(server, chunk, 4096, Int32(MSG_WAITALL)) == 4096 else { return -1 }
              if chunk[0] != CChar(index % 100) { wrong += 1 }
            }
            guard ws2_recv(server, chunk, 1, 0) == 1, chunk[0] == 111 else { return -2 }
            return wrong
          }
          #expect(becomesSet(big.overlapped.pointee.hEvent) && becomesSet(small.overlapped.pointee.hEvent))
          #expect(big.result(client) == Outcome(result: size, error: 0) && wrong.result() == 0)
          for call in [big, small] { WSACloseEvent(call.overlapped.pointee.hEvent) }
        }
      }
    }

    @Test("S5.2: MSG_WAITALL ends with all of it, or with what came before the end")
    func waitAll() {
      started {
        withPair { client, server in
          let event = WSACreateEvent()
          let call = PendingCall(event: event, size: 8)
          #expect(call.receive(server, flags: Int32(MSG_WAITALL)) == pendingOutcome)
          #expect(send(client, "half") == 4)
          #expect(WaitForSingleObject(event, 100) == WAIT_TIMEOUT && call.status == statusPending)
          #expect(send(client, "full") == 4 && becomesSet(event) && call.text == "halffull")
          #expect(call.receive(server, flags: Int32(MSG_WAITALL)) == pendingOutcome)
          #expect(send(client, "end") == 3 && ws2_shutdown(client, SD_SEND) == 0 && becomesSet(event))
          #expect(call.result(server) == Outcome(result: 3, error: 0))
          WSACloseEvent(event)
        }
      }
    }

    @Test("S5.2: a receive of no bytes waits until there are some, and takes none")
    func noBytes() {
      started {
        withPair { client, server in
          let call = PendingCall(event: WSACreateEvent(), size: 0)
          #expect(call.receive(server) == pendingOutcome)
          #expect(send(client, "data") == 4 && becomesSet(call.overlapped.pointee.hEvent))
          #expect(call.result(server) == doneAtOnce && receive(server) == (4, "data"))
          #expect(call.receive(server) == pendingOutcome && ws2_shutdown(client, SD_SEND) == 0)
          #expect(becomesSet(call.overlapped.pointee.hEvent) && call.result(server) == doneAtOnce)
          WSACloseEvent(call.overlapped.pointee.hEvent)
        }
      }
    }

    @Test("S5.2: datagrams: each ends one receive, with its sender; one that is cut says so", .endsAtOnce)
    func datagrams() {
      started {
        let (one, other) = (makeDatagram(), makeDatagram())
        #expect(loopback().withPointer { ws2_bind(one, $0, $1) } == 0)
        #expect(loopback().withPointer { ws2_bind(other, $0, $1) } == 0)
        let names = UnsafeMutablePointer<sockaddr_storage>.allocate(capacity: 2)
        let sizes = UnsafeMutablePointer<Int32>.allocate(capacity: 2)
        sizes.initialize(repeating: 128, count: 2)
        let calls = (0..<2).map { _ in PendingCall(event: WSACreateEvent(), size: 4) }
        for (index, call) in calls.enumerated() {
          var (buffer, flags) = (WSABUF(len: 4, buf: call.bytes), DWORD(0))
          let begun = outcome {
            (names + index).withMemoryRebound(to: sockaddr.self, capacity: 1) {
              WSARecvFrom(one, &buffer, 1, nil, &flags, $0, sizes + index, call.overlapped, nil)
            }
          }
          #expect(begun == pendingOutcome)
        }
        for text in ["ok", "too long"] {
          let sent = PendingCall(size: text.utf8.count)
          for (index, byte) in text.utf8.enumerated() { sent.bytes[index] = CChar(byte) }
          var buffer = WSABUF(len: ULONG(sent.size), buf: sent.bytes)
          let name = loopback(port: port(of: one))
          #expect(
            outcome {
              name.withPointer { WSASendTo(other, &buffer, 1, &sent.count, 0, $0, $1, sent.overlapped, nil) }
            } == doneAtOnce && sent.count == text.utf8.count && sent.status == 0)
        }
        for call in calls { #expect(becomesSet(call.overlapped.pointee.hEvent)) }
        #expect(calls[0].result(one) == Outcome(result: 2, error: 0) && calls[0].text == "ok")
        #expect(calls[1].result(one) == .failure(WSAEMSGSIZE) && calls[1].text == "too ")
        names.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          #expect(UInt16(bigEndian: $0.pointee.sin_port) == port(of: other) && sizes[0] == 16)
        }
        for call in calls { WSACloseEvent(call.overlapped.pointee.hEvent) }
        for socket in [one, other] { closesocket(socket) }
        names.deallocate()
        sizes.deallocate()
      }
    }

    @Test("S5.3: a wait for 64 events, and what is not allowed: 65")
    func sixtyFour() {
      started {
        withPair { client, server in
          var events: [HANDLE?] = (0..<64).map { _ in WSACreateEvent() }
          let calls = events.map { PendingCall(event: $0, size: 1) }
          for call in calls { #expect(call.receive(server) == pendingOutcome) }
          #expect(WSAWaitForMultipleEvents(64, &events, 0, 0, 0) == WAIT_TIMEOUT)
          #expect(send(client, "x") == 1 && WSAWaitForMultipleEvents(64, &events, 0, patience, 0) == WAIT_OBJECT_0)
          #expect(WSAWaitForMultipleEvents(64, &events, 1, 0, 0) == WAIT_TIMEOUT)
          #expect(send(client, String(repeating: "x", count: 63)) == 63)
          #expect(WSAWaitForMultipleEvents(64, &events, 1, patience, 0) == WAIT_OBJECT_0)
          #expect(calls.allSatisfy { $0.result(server) == Outcome(result: 1, error: 0) })
          events.append(events[0])
          #expect(WSAWaitForMultipleEvents(65, &events, 0, 0, 0) == WAIT_FAILED)
          for event in events.prefix(64) { WSACloseEvent(event) }
        }
      }
    }
  }
}
