import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  /// Many operations at once: memory that comes back, and no thread for each.
  @Suite struct ScaleTests {
    /// One receive of one byte for each OVERLAPPED, `each` on a socket.
    private final class Fleet {
      let pairs: [(client: SOCKET, server: SOCKET)]
      let each: Int
      let overlapped: LPWSAOVERLAPPED
      let bytes: UnsafeMutablePointer<CChar>
      var count: Int { pairs.count * each }

      init(sockets: Int, each: Int) {
        let (listener, port) = makeListener(backlog: 128)
        pairs = (0..<sockets).map { _ in
          let client = makeStream()
          #expect(connect(client, to: port) == 0)
          return (client, ws2_accept(listener, nil, nil))
        }
        closesocket(listener)
        self.each = each
        overlapped = .allocate(capacity: sockets * each)
        bytes = .allocate(capacity: sockets * each)
        overlapped.initialize(repeating: WSAOVERLAPPED(), count: sockets * each)
      }

      deinit {
        for pair in pairs {
          closesocket(pair.client)
          closesocket(pair.server)
        }
        overlapped.deallocate()
        bytes.deallocate()
      }

      /// How many are pending.
      func begin() -> Int {
        var pending = 0
        for index in 0..<count {
          var (buffer, flags) = (WSABUF(len: 1, buf: bytes + index), DWORD(0))
          let result = WSARecv(pairs[index / each].server, &buffer, 1, nil, &flags, overlapped + index, nil)
          if result == SOCKET_ERROR, WSAGetLastError() == WSA_IO_PENDING { pending += 1 }
        }
        return pending
      }

      func feed() {
        let text = String(repeating: "x", count: each)
        for pair in pairs where send(pair.client, text) != Int32(each) { Issue.record("not sent") }
      }
    }

    @Test(
      "S5: 100,000 operations on one port, and again: flat memory, few threads",
      .enabled(if: allows(descriptors: 2_200), "needs 2,200 descriptors (ulimit -n)"))
    func port() {
      started {
        let fleet = Fleet(sockets: 1_000, each: 100)
        let port = TestPort()
        for pair in fleet.pairs { port.serve(pair.server) }
        var entries = [OVERLAPPED_ENTRY](repeating: OVERLAPPED_ENTRY(), count: 64)
        func round() -> Int {
          #expect(fleet.begin() == fleet.count)
          let threads = threadCount()
          #expect(threads < 64, "\(threads) threads")
          fleet.feed()
          var (seen, removed) = (0, ULONG(0))
          while seen < fleet.count, GetQueuedCompletionStatusEx(port.handle, &entries, 64, &removed, patience, 0) != 0 {
            seen += Int(removed)
            if entries.prefix(Int(removed)).contains(where: { $0.Internal != 0 || $0.dwNumberOfBytesTransferred != 1 })
            {
              return -1
            }
          }
          return port.isEmpty ? seen : -2
        }
        #expect(round() == fleet.count)
        let before = residentKilobytes()
        #expect(round() == fleet.count)
        let grown = residentKilobytes() - before
        // 100 bytes kept of each operation would be 10 MB.
        #expect(grown < 6_000, "one more round took \(grown) KB")
      }
    }

    @Test(
      "S5: 10,000 operations on events, and again: flat memory, few threads",
      .enabled(if: allows(descriptors: 420), "needs 420 descriptors (ulimit -n)"))
    func events() {
      started {
        let fleet = Fleet(sockets: 100, each: 100)
        let events = (0..<fleet.count).map { _ in CreateEventA(nil, 1, 0, nil) }
        func round() -> Bool {
          for index in 0..<fleet.count { fleet.overlapped[index].hEvent = events[index] }
          guard fleet.begin() == fleet.count, threadCount() < 64, !events.contains(where: isSet) else { return false }
          fleet.feed()
          return stride(from: 0, to: fleet.count, by: 64).allSatisfy { first in
            let some = Array(events[first..<min(first + 64, fleet.count)])
            return WaitForMultipleObjects(DWORD(some.count), some, 1, patience) == WAIT_OBJECT_0
          }
        }
        #expect(round())
        let before = residentKilobytes()
        for _ in 0..<3 { #expect(round()) }
        let grown = residentKilobytes() - before
        #expect(grown < 3_000, "three more rounds took \(grown) KB")
        for event in events { CloseHandle(event) }
      }
    }

    /// That it is not quadratic, `make bench` says (P9).
    @Test("S5: 50,000 operations of one socket end, and 50,000 are cancelled") func oneSocket() {
      started {
        let fleet = Fleet(sockets: 1, each: 50_000)
        let port = TestPort()
        port.serve(fleet.pairs[0].server)
        #expect(fleet.begin() == fleet.count)
        fleet.feed()
        var seen = 0
        while seen < fleet.count, port.packet()?.error == 0 { seen += 1 }
        #expect(seen == fleet.count && fleet.begin() == fleet.count)
        #expect(CancelIoEx(HANDLE(socket: fleet.pairs[0].server), nil) != 0)
        while seen < 2 * fleet.count, port.packet()?.error == ERROR_OPERATION_ABORTED { seen += 1 }
        #expect(seen == 2 * fleet.count && port.isEmpty)
      }
    }
  }
}

private func allows(descriptors wanted: UInt) -> Bool {
  var limit = rlimit()
  guard getrlimit(__rlimit_resource_t(7), &limit) == 0 else { return false }  // RLIMIT_NOFILE
  limit.rlim_cur = limit.rlim_max
  setrlimit(__rlimit_resource_t(7), &limit)
  return limit.rlim_cur >= wanted
}

private func threadCount() -> Int {
  (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0
}

private func residentKilobytes() -> Int {
  let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
  return (Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0) * Int(getpagesize()) / 1024
}
