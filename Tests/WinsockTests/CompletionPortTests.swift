import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  /// SPEC S5.3: completion ports.
  @Suite struct CompletionPortTests {
    @Test("S5.2, S5.3: at once: a packet too, unless the low bit or skip-on-success says no", .endsAtOnce)
    func atOnce() {
      started {
        withPair { client, server in
          let port = TestPort()
          port.serve(server)
          func next(_ text: String, _ call: PendingCall) {
            #expect(send(client, text) == Int32(text.utf8.count))
            awaitData(server)
            #expect(call.receive(server) == doneAtOnce && call.count == text.utf8.count)
          }
          let call = PendingCall()
          next("data", call)
          #expect(port.packet() == Packet(count: 4, key: 42, overlapped: call.overlapped, error: 0) && port.isEmpty)

          // The low bit: the event, not the port.
          let event = WSACreateEvent()
          let quiet = PendingCall(event: HANDLE(bitPattern: UInt(bitPattern: event) | 1))
          next("more", quiet)
          #expect(isSet(event) && port.isEmpty)
          let onlyBit = PendingCall(event: HANDLE(bitPattern: 1))
          next("more", onlyBit)
          #expect(onlyBit.status == 0 && port.isEmpty)
          // And pending.
          #expect(quiet.receive(server) == pendingOutcome && !isSet(event))
          #expect(send(client, "more") == 4 && becomesSet(event) && port.isEmpty)

          // Both, when the bit is not set.
          let both = PendingCall(event: event)
          next("both", both)
          #expect(isSet(event) && port.packet()?.overlapped == both.overlapped)

          let skip = UCHAR(FILE_SKIP_COMPLETION_PORT_ON_SUCCESS)
          #expect(SetFileCompletionNotificationModes(HANDLE(socket: server), skip) != 0)
          next("skip", call)
          #expect(call.status == 0 && port.isEmpty)
          #expect(call.receive(server) == pendingOutcome && send(client, "late") == 4)
          #expect(port.packet()?.count == 4 && port.isEmpty)
          // Modes are never cleared.
          #expect(SetFileCompletionNotificationModes(HANDLE(socket: server), 0) != 0)
          next("skip", call)
          #expect(port.isEmpty)
          WSACloseEvent(event)
        }
      }
    }

    @Test("S5.3: a routine on a socket that a port serves: WSAEINVAL, nothing begun") func routine() {
      started {
        withPair { client, server in
          let port = TestPort()
          port.serve(server)
          Routines.clear()
          let call = PendingCall()
          #expect(call.receive(server, Routines.note) == .failure(WSAEINVAL) && call.status == 0)
          #expect(send(client, "data") == 4 && receive(server) == (4, "data"))
          #expect(SleepEx(0, 1) == 0 && Routines.runs.isEmpty && port.isEmpty)
        }
      }
    }

    @Test("S5.3: one port for each socket, whose key stays; bad handles", .endsAtOnce) func association() {
      started {
        withPair { client, server in
          let (port, other) = (TestPort(), TestPort())
          port.serve(server, key: 7)
          #expect(CreateIoCompletionPort(HANDLE(socket: server), other.handle, 1, 0) == nil)
          #expect(GetLastError() == DWORD(ERROR_INVALID_PARAMETER))
          #expect(CreateIoCompletionPort(HANDLE(bitPattern: -1), port.handle, 0, 0) == nil)
          #expect(GetLastError() == DWORD(ERROR_INVALID_PARAMETER))
          let event = WSACreateEvent()
          #expect(CreateIoCompletionPort(HANDLE(socket: client), event, 0, 0) == nil)
          #expect(GetLastError() == DWORD(ERROR_INVALID_HANDLE))
          #expect(CreateIoCompletionPort(event, port.handle, 0, 0) == nil)
          #expect(PostQueuedCompletionStatus(event, 0, 0, nil) == 0 && GetLastError() == DWORD(ERROR_INVALID_HANDLE))
          let call = PendingCall()
          #expect(send(client, "data") == 4 && port.isEmpty)
          awaitData(server)
          #expect(call.receive(server) == doneAtOnce && port.packet()?.key == 7 && other.isEmpty)
          WSACloseEvent(event)
        }
      }
    }

    @Test("S5.3: posted packets come first in, first out, many at a time") func firstInFirstOut() {
      started {
        let port = TestPort()
        for index in 0..<150 {
          #expect(PostQueuedCompletionStatus(port.handle, DWORD(index), ULONG_PTR(index), nil) != 0)
        }
        var (entries, removed) = ([OVERLAPPED_ENTRY](repeating: OVERLAPPED_ENTRY(), count: 100), ULONG(0))
        var seen: [ULONG_PTR] = []
        while seen.count < 150, GetQueuedCompletionStatusEx(port.handle, &entries, 100, &removed, 0, 0) != 0 {
          seen += entries.prefix(Int(removed)).map(\.lpCompletionKey)
        }
        #expect(seen == (0..<150).map { ULONG_PTR($0) })
        #expect(GetQueuedCompletionStatusEx(port.handle, &entries, 1, &removed, 0, 0) == 0)
        #expect(GetLastError() == WAIT_TIMEOUT && removed == 0)
        #expect(GetQueuedCompletionStatusEx(port.handle, &entries, 0, &removed, 0, 0) == 0)
        #expect(GetLastError() == DWORD(ERROR_INVALID_PARAMETER))
      }
    }

    @Test("S5.3: the thread that came last is released first") func lastInFirstOut() {
      started {
        let port = TestPort()
        let handle = UInt(bitPattern: port.handle)
        let threads = (0..<3).map { _ in
          let thread = BackgroundCall { () -> ULONG_PTR in
            var (count, key, found): (DWORD, ULONG_PTR, LPOVERLAPPED?) = (0, 0, nil)
            return GetQueuedCompletionStatus(HANDLE(bitPattern: handle), &count, &key, &found, patience) != 0 ? key : 0
          }
          thread.untilBlocked()
          return thread
        }
        for (key, thread) in zip(1..., threads.reversed()) {
          #expect(PostQueuedCompletionStatus(port.handle, 0, ULONG_PTR(key), nil) != 0)
          #expect(thread.result() == ULONG_PTR(key))
        }
      }
    }

    @Test("S5.3, S5.5: a failed operation's packet has a Win32 error, its OVERLAPPED and key") func failures() {
      started {
        let (client, server) = makePair()
        let port = TestPort()
        port.serve(server)
        let calls = (0..<2).map { _ in PendingCall() }
        for call in calls { #expect(call.receive(server) == pendingOutcome) }
        #expect(CancelIoEx(HANDLE(socket: server), calls[1].overlapped) != 0)
        #expect(
          port.packet()
            == Packet(count: 0, key: 42, overlapped: calls[1].overlapped, error: ERROR_OPERATION_ABORTED))
        reset(client)
        #expect(port.packet() == Packet(count: 0, key: 42, overlapped: calls[0].overlapped, error: 64))
        closesocket(server)
        #expect(port.isEmpty)
      }
    }

    @Test("S5.3: a closed port lets all its waiters go, and its sockets work on") func closed() {
      started {
        withPair { client, server in
          let port = CreateIoCompletionPort(HANDLE(bitPattern: -1), nil, 0, 0)
          #expect(CreateIoCompletionPort(HANDLE(socket: server), port, 1, 0) == port)
          let handle = UInt(bitPattern: port)
          let threads = (0..<4).map { index in
            let thread = BackgroundCall { () -> DWORD in
              var (count, key, found): (DWORD, ULONG_PTR, LPOVERLAPPED?) = (0, 0, nil)
              var (entry, removed) = (OVERLAPPED_ENTRY(), ULONG(0))
              let port = HANDLE(bitPattern: handle)
              let isDone =
                index % 2 == 0
                ? GetQueuedCompletionStatus(port, &count, &key, &found, DWORD.max)
                : GetQueuedCompletionStatusEx(port, &entry, 1, &removed, DWORD.max, 1)
              return isDone != 0 || found != nil ? 0 : GetLastError()
            }
            thread.untilBlocked()
            return thread
          }
          let call = PendingCall()
          #expect(call.receive(server) == pendingOutcome && CloseHandle(port) != 0)
          for thread in threads { #expect(thread.result() == DWORD(ERROR_ABANDONED_WAIT_0)) }
          #expect(PostQueuedCompletionStatus(port, 0, 0, nil) == 0 && GetLastError() == DWORD(ERROR_INVALID_HANDLE))
          #expect(send(client, "data") == 4 && call.result(server, waits: true) == Outcome(result: 4, error: 0))
        }
      }
    }

    @Test("S5.3: what comes for a port that is closed is not kept") func noPacketsForNobody() throws {
      let port = try CompletionPort()
      let handle = HandleTable.open(port)
      #expect(CloseHandle(handle) != 0)
      for _ in 0..<10 { PortAssociation(port: port, key: 0).post(status: 0, bytes: 0, nil) }
      #expect(port.packetCount == 0)
    }
  }
}
