import CWinsock
import Foundation
import Testing

@testable import Winsock

/// Overlapped receives whose OVERLAPPED lies on a page that is taken away right after its indication: who touches it then
/// ends the process (SPEC S5.6).
private final class Pages {
  private let size = Int(getpagesize())
  private let memory: UnsafeMutableRawPointer

  init() {
    memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
  }

  deinit { munmap(memory, size) }

  var overlapped: LPWSAOVERLAPPED { memory.assumingMemoryBound(to: WSAOVERLAPPED.self) }

  func give(event: HANDLE? = nil) {
    mprotect(memory, size, PROT_READ | PROT_WRITE)
    overlapped.initialize(to: WSAOVERLAPPED())
    overlapped.pointee.hEvent = event
  }

  func take() { mprotect(memory, size, PROT_NONE) }
}

private let rounds = 10_000

/// A thread that does something again and again, each time when it is told to.
private final class Rival: @unchecked Sendable {
  private let start = DispatchSemaphore(value: 0)
  private let end = DispatchSemaphore(value: 0)
  private var isOver = false

  init(_ body: @escaping @Sendable () -> Void) {
    Thread { [self] in
      while true {
        start.wait()
        if isOver { break }
        body()
        end.signal()
      }
      end.signal()
    }.start()
  }

  func go() { start.signal() }
  func join() { end.wait() }

  func finish() {
    isOver = true
    start.signal()
    end.wait()
  }
}

extension WinsockSuite {
  @Suite struct CompletionRaceTests {
    private static func begin(_ socket: SOCKET, _ pages: Pages, _ bytes: UnsafeMutablePointer<CChar>) -> Int32 {
      var buffer = WSABUF(len: 64, buf: bytes)
      var flags: DWORD = 0
      return WSARecv(socket, &buffer, 1, nil, &flags, pages.overlapped, nil)
    }

    /// One packet for each operation, whoever wins; and no second one.
    @Test("S5.5, S5.6: cancel against completion, at a port") func cancelAgainstCompletion() {
      started {
        withPair { client, server in
          let port = CreateIoCompletionPort(HANDLE(bitPattern: -1), nil, 0, 0)
          #expect(CreateIoCompletionPort(HANDLE(bitPattern: UInt(server)), port, 1, 0) == port)
          let bytes = UnsafeMutablePointer<CChar>.allocate(capacity: 64)
          let pages = Pages()
          let rival = Rival { _ = send(client, "x") }
          var (completed, cancelled, strange) = (0, 0, 0)
          for _ in 0..<rounds {
            pages.give()
            guard Self.begin(server, pages, bytes) == SOCKET_ERROR, WSAGetLastError() == WSA_IO_PENDING else {
              strange += 1
              break
            }
            rival.go()
            CancelIoEx(HANDLE(bitPattern: UInt(server)), nil)
            var (count, key, found): (DWORD, ULONG_PTR, LPOVERLAPPED?) = (0, 0, nil)
            let isDone = GetQueuedCompletionStatus(port, &count, &key, &found, 30_000) != 0
            let error = isDone ? 0 : GetLastError()
            if found != pages.overlapped { strange += 1 }
            pages.take()
            rival.join()
            if isDone && count == 1 {
              completed += 1
            } else if error == DWORD(ERROR_OPERATION_ABORTED) {
              cancelled += 1
              if receive(server).count != 1 { strange += 1 }
            } else {
              strange += 1
            }
            if GetQueuedCompletionStatus(port, &count, &key, &found, 0) != 0 || found != nil { strange += 1 }
          }
          rival.finish()
          #expect(completed + cancelled == rounds && strange == 0, "\(completed) \(cancelled) \(strange)")
          #expect(CloseHandle(port) != 0)
          bytes.deallocate()
        }
      }
    }

    /// The event is set once and the status says one of two things.
    @Test("S5.5, S5.6: close against completion, with an event") func closeAgainstCompletion() {
      started {
        let listener = makeListener()
        let event = WSACreateEvent()
        let bytes = UnsafeMutablePointer<CChar>.allocate(capacity: 64)
        let pages = Pages()
        let client = Box<SOCKET>(noSocket)
        let rival = Rival { _ = send(client.value, "x") }
        var (completed, cancelled, strange) = (0, 0, 0)
        for _ in 0..<rounds / 10 {
          let (one, server) = makePair(of: listener)
          client.value = one
          pages.give(event: event)
          if Self.begin(server, pages, bytes) != SOCKET_ERROR { strange += 1 }
          rival.go()
          closesocket(server)
          if WaitForSingleObject(event, 30_000) != WAIT_OBJECT_0 { strange += 1 }
          let status = DWORD(truncatingIfNeeded: pages.overlapped.pointee.Internal)
          pages.take()
          rival.join()
          closesocket(one)
          switch status {
          case 0: completed += 1
          case 0xC000_0120: cancelled += 1
          default: strange += 1
          }
          WSAResetEvent(event)
        }
        rival.finish()
        closesocket(listener)
        WSACloseEvent(event)
        bytes.deallocate()
        #expect(completed + cancelled == rounds / 10 && strange == 0, "\(completed) \(cancelled) \(strange)")
      }
    }

    /// A packet is never lost to a thread that leaves for a call at the same moment.
    @Test("S5.3: an APC against a packet, in an alertable wait for a port") func callAgainstPacket() {
      started {
        let port = CreateIoCompletionPort(HANDLE(bitPattern: -1), nil, 0, 0)
        let thread = ThreadRecord.current
        let calls = Box(0)
        let rival = Rival { thread.queue { calls.value += 1 } }
        var (packets, strange) = (0, 0)
        for round in 0..<rounds {
          rival.go()
          PostQueuedCompletionStatus(port, 1, ULONG_PTR(round), nil)
          rival.join()
          while packets <= round || calls.value <= round {
            var (entry, removed): (OVERLAPPED_ENTRY, ULONG) = (OVERLAPPED_ENTRY(), 0)
            if GetQueuedCompletionStatusEx(port, &entry, 1, &removed, 10_000, 1) != 0 {
              packets += Int(removed)
            } else if GetLastError() != WAIT_IO_COMPLETION {
              strange += 1
              break
            }
          }
          if strange > 0 { break }
        }
        rival.finish()
        CloseHandle(port)
        #expect(packets == rounds && calls.value == rounds && strange == 0)
      }
    }

    /// Memory goes back and no thread stays.
    @Test("S5: 20,000 operations on one port, and again: flat memory, few threads") func manyOperations() {
      started {
        let port = CreateIoCompletionPort(HANDLE(bitPattern: -1), nil, 0, 0)
        let (sockets, each) = (200, 100)
        let listener = makeListener()
        let pairs = (0..<sockets).map { _ in makePair(of: listener) }
        for (_, server) in pairs { CreateIoCompletionPort(HANDLE(bitPattern: UInt(server)), port, 7, 0) }
        let operations = UnsafeMutablePointer<WSAOVERLAPPED>.allocate(capacity: sockets * each)
        let bytes = UnsafeMutablePointer<CChar>.allocate(capacity: sockets * each)
        func round() -> Int {
          operations.initialize(repeating: WSAOVERLAPPED(), count: sockets * each)
          var flags: DWORD = 0
          for (index, pair) in pairs.enumerated() {
            for at in index * each..<(index + 1) * each {
              var buffer = WSABUF(len: 1, buf: bytes + at)
              _ = WSARecv(pair.1, &buffer, 1, nil, &flags, operations + at, nil)
            }
          }
          let text = String(repeating: "x", count: each)
          for (client, _) in pairs { _ = send(client, text) }
          var done = 0
          var (count, key, found): (DWORD, ULONG_PTR, LPOVERLAPPED?) = (0, 0, nil)
          while done < sockets * each, GetQueuedCompletionStatus(port, &count, &key, &found, 30_000) != 0, count == 1 {
            done += 1
          }
          return done
        }
        #expect(round() == sockets * each)
        let before = residentPages()
        for _ in 0..<3 { #expect(round() == sockets * each) }
        #expect(residentPages() < before + 2_000, "3 more rounds took more than 8 MB")
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0
        #expect(threads < 64, "\(threads) threads")
        for (client, server) in pairs {
          closesocket(client)
          closesocket(server)
        }
        closesocket(listener)
        CloseHandle(port)
        operations.deallocate()
        bytes.deallocate()
      }
    }
  }
}

private final class Box<Value>: @unchecked Sendable {
  var value: Value
  init(_ value: Value) { self.value = value }
}

private func residentPages() -> Int {
  let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
  return Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0
}

private func makeListener() -> SOCKET {
  let listener = ws2_socket(AF_INET, ws2_socket_stream(), 0)
  let name = loopback()
  #expect(name.withPointer { ws2_bind(listener, $0, $1) } == 0)
  #expect(ws2_listen(listener, 128) == 0)
  return listener
}

private func makePair(of listener: SOCKET) -> (SOCKET, SOCKET) {
  var name = sockaddr_in()
  var size = Int32(MemoryLayout<sockaddr_in>.size)
  _ = withUnsafeMutablePointer(to: &name) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { ws2_getsockname(listener, $0, &size) }
  }
  let client = ws2_socket(AF_INET, ws2_socket_stream(), 0)
  _ = name.withPointer { ws2_connect(client, $0, $1) }
  return (client, ws2_accept(listener, nil, nil))
}
