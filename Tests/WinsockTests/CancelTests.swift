import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  /// SPEC S5.5: CancelIo, CancelIoEx and SIO_FLUSH.
  @Suite struct CancelTests {
    @Test("S5.5: CancelIo ends what this thread began, not what another did") func perThread() {
      started {
        withPair { client, server in
          let (mine, other) = (PendingCall(event: WSACreateEvent()), PendingCall(event: WSACreateEvent()))
          let box = Shared(other)
          // A thread that stays: with its end its operations would end.
          let (begun, over) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
          let thread = BackgroundCall { () -> Bool in
            let begins = box.value.receive(server)
            begun.signal()
            over.wait()
            return begins == pendingOutcome && CancelIo(HANDLE(socket: server)) != 0
          }
          begun.wait()
          #expect(mine.receive(server) == pendingOutcome && CancelIo(HANDLE(socket: server)) != 0)
          #expect(becomesSet(mine.overlapped.pointee.hEvent) && mine.status == statusCancelled)
          #expect(mine.result(server) == .failure(WSA_OPERATION_ABORTED))
          #expect(!isSet(other.overlapped.pointee.hEvent) && other.status == statusPending)
          over.signal()
          #expect(thread.result() == true && becomesSet(other.overlapped.pointee.hEvent))
          // The socket works on.
          #expect(send(client, "data") == 4 && receive(server) == (4, "data"))
          for call in [mine, other] { WSACloseEvent(call.overlapped.pointee.hEvent) }
        }
      }
    }

    @Test("S5.5: CancelIoEx takes one or all, from any thread, and says when there is none") func selected() {
      started {
        withPair { client, server in
          let calls = (0..<3).map { _ in PendingCall(event: WSACreateEvent()) }
          for call in calls { #expect(call.receive(server) == pendingOutcome) }
          let wanted = UInt(bitPattern: calls[1].overlapped)
          let thread = BackgroundCall { CancelIoEx(HANDLE(socket: server), LPOVERLAPPED(bitPattern: wanted)) }
          #expect(thread.result() == 1 && becomesSet(calls[1].overlapped.pointee.hEvent))
          #expect(calls.map(\.status) == [statusPending, statusCancelled, statusPending])
          #expect(CancelIoEx(HANDLE(socket: server), calls[1].overlapped) == 0)
          #expect(GetLastError() == DWORD(ERROR_NOT_FOUND))
          // The others keep their order.
          #expect(send(client, "data") == 4 && becomesSet(calls[0].overlapped.pointee.hEvent))
          #expect(calls[0].text == "data" && calls[2].status == statusPending)
          #expect(CancelIoEx(HANDLE(socket: server), nil) != 0 && becomesSet(calls[2].overlapped.pointee.hEvent))
          #expect(CancelIoEx(HANDLE(socket: server), nil) == 0 && GetLastError() == DWORD(ERROR_NOT_FOUND))
          #expect(CancelIo(HANDLE(socket: server)) != 0)
          for bad in [HANDLE(bitPattern: -1), calls[0].overlapped.pointee.hEvent] {
            #expect(CancelIo(bad) == 0 && GetLastError() == DWORD(ERROR_INVALID_HANDLE))
            #expect(CancelIoEx(bad, nil) == 0 && GetLastError() == DWORD(ERROR_INVALID_HANDLE))
          }
          for call in calls { WSACloseEvent(call.overlapped.pointee.hEvent) }
        }
      }
    }

    @Test("S5.5: SIO_FLUSH ends what is under way", .endsAtOnce, arguments: [false, true]) func flush(
      isOverlapped: Bool
    ) {
      started {
        withPair { client, server in
          let (call, control) = (PendingCall(event: WSACreateEvent()), PendingCall(event: WSACreateEvent()))
          #expect(call.receive(server) == pendingOutcome)
          var count: DWORD = 777
          let overlapped: LPWSAOVERLAPPED? = isOverlapped ? control.overlapped : nil
          #expect(outcome { WSAIoctl(server, ws2_SIO_FLUSH, nil, 0, nil, 0, &count, overlapped, nil) } == doneAtOnce)
          #expect(count == 0 && isSet(control.overlapped.pointee.hEvent) == isOverlapped)
          #expect(becomesSet(call.overlapped.pointee.hEvent) && call.status == statusCancelled)
          #expect(send(client, "data") == 4 && receive(server) == (4, "data"))
          for call in [call, control] { WSACloseEvent(call.overlapped.pointee.hEvent) }
        }
      }
    }

    /// H44: timeout, CancelIo, and the memory is the program's again.
    @Test("S5.6, H44: a cancelled operation's memory may go at once; late data is the next receive's") func memoryGoes()
    {
      started {
        withPair { client, server in
          for _ in 0..<100 {
            let event = WSACreateEvent()
            do {
              let call = PendingCall(event: event)
              #expect(call.receive(server) == pendingOutcome && WaitForSingleObject(event, 0) == WAIT_TIMEOUT)
              #expect(CancelIo(HANDLE(socket: server)) != 0 && becomesSet(event))
            }
            #expect(send(client, "late") == 4 && receive(server) == (4, "late"))
            WSACloseEvent(event)
          }
        }
      }
    }
  }
}
