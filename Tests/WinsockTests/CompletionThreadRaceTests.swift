import CWinsock
import Foundation
import Testing

@testable import Winsock

private let rounds = 10_000

extension WinsockSuite {
  /// SPEC S5.5, S5.6: what ends with a thread, a port or a socket, against what completes at that moment.
  @Suite struct CompletionThreadRaceTests {
    /// The event is set once: it resets itself, and nobody sets it a second time.
    @Test("S5.5, S5.6: a thread's end against completion") func threadEnd() {
      started {
        withPair { client, server in
          let event = CreateEventA(nil, 0, 0, nil)
          let memory = GuardedBlock()
          let begin = Begin(server, memory, event)
          var (completed, cancelled, strange) = (0, 0, 0)
          for _ in 0..<rounds {
            memory.open()
            let thread = CreateThread(nil, 0, beginAndEnd, Unmanaged.passUnretained(begin).toOpaque(), 0, nil)
            begin.isBegun.wait()
            if send(client, "x") != 1 { strange += 1 }
            if WaitForSingleObject(event, patience) != WAIT_OBJECT_0 { strange += 1 }
            let status = ULONG_PTR(ws2_status_of(memory.overlapped))
            memory.close()
            if WaitForSingleObject(thread, patience) != WAIT_OBJECT_0 { strange += 1 }
            CloseHandle(thread)
            switch status {
            case 0: completed += 1
            case statusCancelled:
              cancelled += 1
              if receive(server).count != 1 { strange += 1 }
            default: strange += 1
            }
            if isSet(event) { strange += 1 }
            if strange > 0 { break }
          }
          #expect(completed + cancelled == rounds && strange == 0, "\(completed) \(cancelled) \(strange)")
          CloseHandle(event)
        }
      }
    }

    /// The poster is told, or the packet is taken, or it was queued to a port that nobody has any more; the waiter
    /// always comes back.
    @Test("S5.3: a port's close against a packet") func portClose() {
      let (closing, posting) = (Turn(), Turn())
      let port = Shared(UInt(0))
      let posted = Shared(false)
      let poster = Turn.Runner(posting) {
        posted.value = PostQueuedCompletionStatus(HANDLE(bitPattern: port.value), 1, 2, nil) != 0
      }
      let closer = Turn.Runner(closing) { CloseHandle(HANDLE(bitPattern: port.value)) }
      var (packets, abandoned, strange) = (0, 0, 0)
      for _ in 0..<rounds {
        port.value = UInt(bitPattern: CreateIoCompletionPort(HANDLE(bitPattern: -1), nil, 0, 0))
        posting.go()
        closing.go()
        var (count, key, found): (DWORD, ULONG_PTR, LPOVERLAPPED?) = (0, 0, nil)
        let handle = HANDLE(bitPattern: port.value)
        if GetQueuedCompletionStatus(handle, &count, &key, &found, patience) != 0 {
          packets += 1
          if count != 1 || key != 2 { strange += 1 }
        } else if [DWORD(ERROR_ABANDONED_WAIT_0), DWORD(ERROR_INVALID_HANDLE)].contains(GetLastError()) {
          abandoned += 1
        } else {
          strange += 1
        }
        posting.join()
        closing.join()
        if CloseHandle(handle) != 0 { strange += 1 }
        if strange > 0 { break }
      }
      poster.finish()
      closer.finish()
      #expect(packets + abandoned == rounds && strange == 0, "\(packets) \(abandoned) \(strange)")
    }

    /// Datagram sockets, which leave no connection behind that would hold a port. The number is used again at once.
    @Test("S5.5, S5.6: close against completion, at a port") func closeAtPort() {
      started {
        let (port, memory, turn) = (TestPort(), GuardedBlock(), Turn())
        let (other, target) = (makeDatagram(), Shared(UInt16(0)))
        let sender = Turn.Runner(turn) {
          _ = "x".withCString { text in
            loopback(port: target.value).withPointer { ws2_sendto(other, text, 1, 0, $0, $1) }
          }
        }
        var (completed, cancelled, strange) = (0, 0, 0)
        for round in 0..<rounds {
          let socket = makeDatagram()
          if loopback().withPointer({ ws2_bind(socket, $0, $1) }) != 0 { strange += 1 }
          target.value = WinsockTests.port(of: socket)
          port.serve(socket, key: ULONG_PTR(round))
          memory.open()
          if memory.receive(socket) != pendingOutcome { strange += 1 }
          turn.go()
          if closesocket(socket) != 0 { strange += 1 }
          let packet = port.packet()
          memory.close()
          turn.join()
          if packet?.overlapped != memory.overlapped || packet?.key != ULONG_PTR(round) { strange += 1 }
          switch packet?.error {
          case 0: completed += 1
          case ERROR_OPERATION_ABORTED: cancelled += 1
          default: strange += 1
          }
          if !port.isEmpty { strange += 1 }
          if strange > 0 { break }
        }
        sender.finish()
        closesocket(other)
        #expect(completed + cancelled == rounds && strange == 0, "\(completed) \(cancelled) \(strange)")
      }
    }

    /// A routine must run exactly once, on its thread, whoever ends the operation; its memory goes in the routine.
    @Test("S5.5, S5.6: cancel against completion, with a routine") func cancelWithRoutine() {
      started {
        withPair { client, server in
          let memory = GuardedBlock()
          let turn = Turn()
          let sender = Turn.Runner(turn) { _ = send(client, "x") }
          var (completed, cancelled, strange) = (0, 0, 0)
          for _ in 0..<rounds {
            Routines.clear()
            memory.open()
            if memory.receive(server, Routines.note) != pendingOutcome { strange += 1 }
            Routines.then = { memory.close() }
            turn.go()
            CancelIoEx(HANDLE(socket: server), memory.overlapped)
            while Routines.runs.isEmpty {
              if SleepEx(patience, 1) != WAIT_IO_COMPLETION { break }
            }
            turn.join()
            if SleepEx(0, 1) != 0 || Routines.runs.count != 1 { strange += 1 }
            switch Routines.runs.first?.error {
            case 0: completed += 1
            case DWORD(WSA_OPERATION_ABORTED):
              cancelled += 1
              if receive(server).count != 1 { strange += 1 }
            default: strange += 1
            }
            if strange > 0 { break }
          }
          sender.finish()
          #expect(completed + cancelled == rounds && strange == 0, "\(completed) \(cancelled) \(strange)")
        }
      }
    }
  }
}

private func beginAndEnd(_ argument: UnsafeMutableRawPointer?) -> DWORD {
  let begin = Unmanaged<Begin>.fromOpaque(argument!).takeUnretainedValue()
  _ = begin.memory.receive(begin.socket, event: begin.event)
  begin.isBegun.signal()
  return 0
}
