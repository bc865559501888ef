import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  /// SPEC S5.4: how an operation has ended, asked afterwards or waited for.
  @Suite struct OverlappedResultTests {
    @Test(
      "S5.4: fWait without an event waits for the operation itself; with one, for the event",
      arguments: [false, true])
    func waits(hasEvent: Bool) {
      started {
        withPair { client, server in
          let event = hasEvent ? WSACreateEvent() : nil
          let call = PendingCall(event: event)
          #expect(call.receive(server) == pendingOutcome && call.result(server) == .failure(WSA_IO_INCOMPLETE))
          let box = Shared(call)
          let waiting = BackgroundCall { box.value.result(server, waits: true) }
          waiting.untilBlocked()
          #expect(send(client, "data") == 4 && waiting.result() == Outcome(result: 4, error: 0))
          // Again, and again with the wait: it stays.
          #expect(call.result(server) == call.result(server, waits: true))
          if hasEvent { WSACloseEvent(event) }
        }
      }
    }

    @Test("S5.4: an event that somebody else sets ends the wait: WSA_IO_INCOMPLETE") func foreignEvent() {
      started {
        withPair { client, server in
          let event = WSACreateEvent()
          let call = PendingCall(event: event)
          #expect(call.receive(server) == pendingOutcome && WSASetEvent(event) != 0)
          #expect(call.result(server, waits: true) == .failure(WSA_IO_INCOMPLETE))
          var count: DWORD = 0
          #expect(GetOverlappedResult(HANDLE(socket: server), call.overlapped, &count, 1) == 0)
          #expect(GetLastError() == DWORD(ERROR_IO_INCOMPLETE))
          #expect(CancelIo(HANDLE(socket: server)) != 0)
          WSACloseEvent(event)
        }
      }
    }

    @Test("S5.4: flags are those of the receive: MSG_OOB", .endsAtOnce) func flags() {
      started {
        withPair { client, server in
          #expect(send(client, "!", flags: Int32(MSG_OOB)) == 1)
          var poll = pollfd(fd: Int32(server), events: Int16(POLLPRI), revents: 0)
          #expect(Glibc.poll(&poll, 1, Int32(patience)) == 1)
          let call = PendingCall()
          #expect(call.receive(server, flags: Int32(MSG_OOB)) == doneAtOnce && call.flags == DWORD(MSG_OOB))
          var (count, flags): (DWORD, DWORD) = (0, 0)
          #expect(WSAGetOverlappedResult(server, call.overlapped, &count, 0, &flags) != 0)
          #expect(count == 1 && flags == DWORD(MSG_OOB) && call.text == "!")
        }
      }
    }

    @Test("S5.4: bad arguments") func badArguments() {
      var (count, flags): (DWORD, DWORD) = (0, 0)
      let call = PendingCall()
      #expect(WSAGetOverlappedResult(0, call.overlapped, &count, 0, &flags) == 0)
      #expect(WSAGetLastError() == WSANOTINITIALISED)
      started {
        withPair { _, server in
          func error(_ result: WindowsBool) -> Int { result == 0 ? Int(WSAGetLastError()) : 0 }
          #expect(error(WSAGetOverlappedResult(SOCKET.max, call.overlapped, &count, 0, &flags)) == WSAENOTSOCK)
          #expect(error(WSAGetOverlappedResult(server, nil, &count, 0, &flags)) == WSA_INVALID_PARAMETER)
          #expect(error(WSAGetOverlappedResult(server, call.overlapped, nil, 0, &flags)) == WSA_INVALID_PARAMETER)
          #expect(error(WSAGetOverlappedResult(server, call.overlapped, &count, 0, nil)) == WSA_INVALID_PARAMETER)
          for kind in BadMemory.Kind.allCases {
            let (block, number) = (BadMemory(kind, size: 32), BadMemory(kind, size: 4))
            let overlapped = block.pointer.assumingMemoryBound(to: WSAOVERLAPPED.self)
            let bad = number.pointer.assumingMemoryBound(to: DWORD.self)
            #expect(error(WSAGetOverlappedResult(server, overlapped, &count, 0, &flags)) == WSAEFAULT)
            #expect(error(WSAGetOverlappedResult(server, call.overlapped, bad, 0, &flags)) == WSAEFAULT)
            #expect(error(WSAGetOverlappedResult(server, call.overlapped, &count, 0, bad)) == WSAEFAULT)
            #expect(
              error(GetOverlappedResult(HANDLE(socket: server), overlapped, &count, 0)) == ERROR_INVALID_PARAMETER)
            #expect(
              error(GetOverlappedResult(HANDLE(socket: server), call.overlapped, bad, 0)) == ERROR_INVALID_PARAMETER)
            // A call with such a block begins nothing (H43).
            var (buffer, wanted) = (WSABUF(len: 64, buf: call.bytes), DWORD(0))
            #expect(outcome { WSARecv(server, &buffer, 1, nil, &wanted, overlapped, nil) } == .failure(WSAEFAULT))
            #expect(outcome { WSASend(server, &buffer, 1, nil, 0, overlapped, nil) } == .failure(WSAEFAULT))
            #expect(CancelIoEx(HANDLE(socket: server), nil) == 0 && GetLastError() == DWORD(ERROR_NOT_FOUND))
          }
          call.overlapped.pointee.Internal = statusPending
          call.overlapped.pointee.hEvent = HANDLE(bitPattern: 0x1234)
          #expect(error(WSAGetOverlappedResult(server, call.overlapped, &count, 1, &flags)) == WSA_INVALID_HANDLE)
        }
      }
    }

    @Test("S5.4: GetOverlappedResult and Ex: Win32 errors, a count also of what failed, a wait with an end")
    func win32Results() {
      started {
        let (client, server) = makePair()
        let call = PendingCall()
        var count: DWORD = 777
        #expect(call.receive(server) == pendingOutcome)
        let handle = HANDLE(socket: server)
        #expect(GetOverlappedResult(handle, call.overlapped, &count, 0) == 0)
        #expect(GetLastError() == DWORD(ERROR_IO_INCOMPLETE))
        #expect(GetOverlappedResultEx(handle, call.overlapped, &count, 0, 0) == 0)
        #expect(GetLastError() == DWORD(ERROR_IO_INCOMPLETE))
        #expect(GetOverlappedResultEx(handle, call.overlapped, &count, 50, 0) == 0 && GetLastError() == WAIT_TIMEOUT)
        #expect(send(client, "data") == 4 && GetOverlappedResult(handle, call.overlapped, &count, 1) != 0 && count == 4)
        #expect(call.receive(server) == pendingOutcome)
        reset(client)
        #expect(GetOverlappedResult(handle, call.overlapped, &count, 1) == 0 && GetLastError() == 64 && count == 0)
        #expect(call.result(server) == .failure(WSAECONNRESET))
        closesocket(server)
      }
    }
  }
}
