import CWinsock
import Foundation
import Testing

@testable import Winsock

private let rounds = 10_000

extension WinsockSuite {
  /// SPEC S5.2 to S5.6: what ends an operation against what ends it too, or begins the next.
  @Suite struct CompletionRaceTests {
    /// One packet for each operation, whoever wins; and no second one.
    @Test("S5.5, S5.6: cancel against completion, at a port") func cancelAgainstCompletion() {
      started {
        withPair { client, server in
          let port = TestPort()
          port.serve(server)
          let (memory, turn) = (GuardedBlock(), Turn())
          let sender = Turn.Runner(turn) { _ = send(client, "x") }
          var (completed, cancelled, strange) = (0, 0, 0)
          for _ in 0..<rounds where strange == 0 {
            memory.open()
            if memory.receive(server) != .failure(WSA_IO_PENDING) { strange += 1 }
            turn.go()
            CancelIoEx(HANDLE(socket: server), nil)
            let packet = port.packet()
            if packet?.overlapped != memory.overlapped { strange += 1 }
            memory.close()
            turn.join()
            switch (packet?.error, packet?.count) {
            case (0, 1): completed += 1
            case (Int(ERROR_OPERATION_ABORTED), _):
              cancelled += 1
              if receive(server).count != 1 { strange += 1 }
            default: strange += 1
            }
            if !port.isEmpty { strange += 1 }
          }
          sender.finish()
          #expect(completed + cancelled == rounds && strange == 0, "\(completed) \(cancelled) \(strange)")
        }
      }
    }

    /// The event is set once and the status says one of two things.
    @Test("S5.5, S5.6: close against completion, with an event") func closeAgainstCompletion() {
      started {
        let event = CreateEventA(nil, 0, 0, nil)
        let (memory, turn, peer) = (GuardedBlock(), Turn(), Shared(noSocket))
        let sender = Turn.Runner(turn) { _ = send(peer.value, "x") }
        var (completed, cancelled, strange) = (0, 0, 0)
        for _ in 0..<rounds where strange == 0 {
          let (client, server) = makePair()
          peer.value = client
          memory.open()
          if memory.receive(server, event: event) != .failure(WSA_IO_PENDING) { strange += 1 }
          turn.go()
          closesocket(server)
          if !becomesSet(event) { strange += 1 }
          let status = ULONG_PTR(ws2_status_of(memory.overlapped))
          memory.close()
          turn.join()
          closesocket(client)
          switch status {
          case 0: completed += 1
          case statusCancelled: cancelled += 1
          default: strange += 1
          }
          if isSet(event) { strange += 1 }
        }
        sender.finish()
        CloseHandle(event)
        #expect(completed + cancelled == rounds && strange == 0, "\(completed) \(cancelled) \(strange)")
      }
    }

    /// Looked for all the time and not waited for, so that whoever looks is there at the moment of the signal.
    @Test("S5.3, S5.4: when the event is set the status stands there") func statusBeforeEvent() {
      started {
        withPair { client, server in
          let turn = Turn()
          let sender = Turn.Runner(turn) { _ = send(client, "x") }
          let call = PendingCall(event: WSACreateEvent(), size: 1)
          var strange = 0
          for _ in 0..<rounds where strange == 0 {
            if call.receive(server) != .failure(WSA_IO_PENDING) { strange += 1 }
            turn.go()
            while !isSet(call.overlapped.pointee.hEvent) {}
            if call.status == statusPending { strange += 1 }
            turn.join()
          }
          sender.finish()
          WSACloseEvent(call.overlapped.pointee.hEvent)
          #expect(strange == 0)
        }
      }
    }

    /// A program that looks at the status and begins the next operation at once, with the same event: the signal of the
    /// one before must not come after the reset by the next.
    @Test("S5.2: the event's signal against the reset by the next operation") func eventReuse() {
      started {
        withPair { client, server in
          let event = WSACreateEvent()
          let turn = Turn()
          let sender = Turn.Runner(turn) { _ = send(client, "x") }
          let (first, next) = (PendingCall(event: event, size: 1), PendingCall(event: event, size: 1))
          var strange = 0
          for _ in 0..<rounds where strange == 0 {
            if first.receive(server) != .failure(WSA_IO_PENDING) { strange += 1 }
            turn.go()
            while first.status == statusPending { sched_yield() }
            if next.receive(server) != .failure(WSA_IO_PENDING) { strange += 1 }
            turn.join()
            sched_yield()
            if isSet(event) { strange += 1 }
            if CancelIoEx(HANDLE(socket: server), next.overlapped) == 0 { strange += 1 }
            if !isSet(event) { strange += 1 }
          }
          sender.finish()
          WSACloseEvent(event)
          #expect(strange == 0)
        }
      }
    }

    /// A packet is never lost to a thread that leaves for a call at the same moment.
    @Test("S5.3: a call against a packet, in an alertable wait for a port") func callAgainstPacket() {
      started {
        let (port, turn, calls) = (TestPort(), Turn(), Shared(0))
        let thread = ThreadRecord.current
        let caller = Turn.Runner(turn) { thread.queue { calls.value += 1 } }
        var (packets, strange) = (0, 0)
        for round in 0..<rounds where strange == 0 {
          turn.go()
          PostQueuedCompletionStatus(port.handle, 1, ULONG_PTR(round), nil)
          turn.join()
          while strange == 0, packets <= round || calls.value <= round {
            var (entry, removed): (OVERLAPPED_ENTRY, ULONG) = (OVERLAPPED_ENTRY(), 0)
            if GetQueuedCompletionStatusEx(port.handle, &entry, 1, &removed, patience, 1) != 0 {
              packets += Int(removed)
            } else if GetLastError() != WAIT_IO_COMPLETION {
              strange += 1
            }
          }
        }
        caller.finish()
        #expect(packets == rounds && calls.value == rounds && strange == 0)
      }
    }
  }
}
