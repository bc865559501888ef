import CWinsock
import Foundation
import Testing

@testable import Winsock

private let pending: ULONG_PTR = 0x103

extension WinsockSuite {
  /// SPEC S5.2 to S5.5: one receive that has to wait, and how it ends.
  @Suite struct OverlappedTests {
    /// A receive under way on the server's side, with memory that outlives it.
    private final class Receive {
      let overlapped = UnsafeMutablePointer<WSAOVERLAPPED>.allocate(capacity: 1)
      let bytes = UnsafeMutablePointer<CChar>.allocate(capacity: 64)

      init(event: HANDLE? = nil) {
        overlapped.initialize(to: WSAOVERLAPPED())
        overlapped.pointee.hEvent = event
      }

      deinit {
        overlapped.deallocate()
        bytes.deallocate()
      }

      func begin(_ socket: SOCKET, _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE? = nil) -> Outcome {
        var buffer = WSABUF(len: 64, buf: bytes)
        var flags: DWORD = 0
        return outcome { WSARecv(socket, &buffer, 1, nil, &flags, overlapped, routine) }
      }

      func result(_ socket: SOCKET, waits: Bool = false) -> Outcome {
        var (count, flags): (DWORD, DWORD) = (0, 0)
        WSASetLastError(0)
        let isDone = WSAGetOverlappedResult(socket, overlapped, &count, waits ? 1 : 0, &flags) != 0
        return isDone ? Outcome(result: Int(count), error: 0) : .failure(Int(WSAGetLastError()))
      }
    }

    @Test("S5.2, S5.4: pending, then done; the event says so") func event() {
      started {
        withPair { client, server in
          let event = WSACreateEvent()
          let receive = Receive(event: event)
          #expect(receive.begin(server) == .failure(WSA_IO_PENDING))
          #expect(receive.overlapped.pointee.Internal == pending)
          #expect(receive.result(server) == .failure(WSA_IO_INCOMPLETE))
          #expect(send(client, "data") == 4)
          #expect(WaitForSingleObject(event, 30_000) == WAIT_OBJECT_0)
          #expect(receive.result(server) == Outcome(result: 4, error: 0))
          #expect(receive.overlapped.pointee.Internal == 0 && receive.overlapped.pointee.InternalHigh == 4)
          #expect(WSACloseEvent(event) != 0)
        }
      }
    }

    @Test("S5.3: a port hears of it, with its key") func port() {
      started {
        withPair { client, server in
          let port = CreateIoCompletionPort(HANDLE(bitPattern: -1), nil, 0, 0)
          #expect(CreateIoCompletionPort(HANDLE(bitPattern: UInt(server)), port, 42, 0) == port)
          let receive = Receive()
          #expect(receive.begin(server) == .failure(WSA_IO_PENDING))
          var (count, key, found): (DWORD, ULONG_PTR, LPOVERLAPPED?) = (0, 0, nil)
          #expect(GetQueuedCompletionStatus(port, &count, &key, &found, 0) == 0 && GetLastError() == WAIT_TIMEOUT)
          #expect(send(client, "data") == 4)
          #expect(GetQueuedCompletionStatus(port, &count, &key, &found, 30_000) != 0)
          #expect(count == 4 && key == 42 && found == receive.overlapped)
          #expect(CloseHandle(port) != 0)
        }
      }
    }

    @Test("S5.5: closesocket ends it, and the event says so") func close() {
      started {
        withPair { client, server in
          let event = WSACreateEvent()
          let receive = Receive(event: event)
          #expect(receive.begin(server) == .failure(WSA_IO_PENDING))
          #expect(closesocket(server) == 0)
          #expect(WaitForSingleObject(event, 30_000) == WAIT_OBJECT_0)
          #expect(receive.result(client) == .failure(WSA_OPERATION_ABORTED))
        }
      }
    }
  }
}
