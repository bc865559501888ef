import CWinsock
import Foundation
import Synchronization
import Testing

@testable import Winsock

extension WinsockSuite {
  /// decisions/0015: a port's threads do the operations of its sockets, and what happens when they are elsewhere.
  @Suite struct PortWaitTests {
    /// Waits for the status alone, as HasOverlappedIoCompleted does.
    private func ends(_ call: PendingCall) -> Bool {
      let limit = Date(timeIntervalSinceNow: Double(patience) / 1000)
      while call.status == statusPending, Date() < limit { sched_yield() }
      return call.status != statusPending
    }

    @Test("S5.2, S5.3: an operation ends also when no thread ever waits for its port, again and again")
    func nobody() {
      started {
        withPair { client, server in
          let port = TestPort()
          port.serve(server)
          for _ in 0..<20 {
            let call = PendingCall()
            #expect(call.receive(server) == pendingOutcome)
            let hasEnded = send(client, "data") == 4 && ends(call)
            #expect(hasEnded && call.status == 0 && call.text.hasPrefix("data"))
            #expect(port.packet(0)?.overlapped == call.overlapped)
            if !hasEnded { break }
          }
          #expect(port.isEmpty)
        }
      }
    }

    @Test("S5.3: the same with an event and the low bit, for which nobody asks the port")
    func eventAlone() {
      started {
        withPair { client, server in
          let port = TestPort()
          port.serve(server)
          let event = WSACreateEvent()
          for _ in 0..<20 {
            let call = PendingCall(event: HANDLE(bitPattern: UInt(bitPattern: event) | 1))
            #expect(call.receive(server) == pendingOutcome)
            let hasEnded = send(client, "data") == 4 && becomesSet(event)
            #expect(hasEnded && call.transferred == 4)
            if !hasEnded { break }
          }
          #expect(port.isEmpty)
          WSACloseEvent(event)
        }
      }
    }

    @Test("S5.2: a send that pends goes out while the port's only thread does something else")
    func sendGoesOut() {
      started {
        withPair { client, server in
          let port = TestPort()
          port.serve(server)
          #expect(PostQueuedCompletionStatus(port.handle, 0, 0, nil) != 0)
          #expect(port.packet() != nil, "this thread works for the port now")
          let call = PendingCall(size: 32 << 20)
          #expect(call.send(server) == pendingOutcome)
          var (buffer, total) = ([CChar](repeating: 0, count: 1 << 16), 0)
          while total < call.size {
            let count = ws2_recv(client, &buffer, Int32(buffer.count), 0)
            guard count > 0 else { break }
            total += Int(count)
          }
          #expect(total == call.size && ends(call) && port.packet()?.count == DWORD(call.size))
        }
      }
    }

    @Test("S5.3: a packet that a port's thread posts and does not come for goes to another one")
    func ownPacket() {
      let port = TestPort()
      #expect(PostQueuedCompletionStatus(port.handle, 1, 0, nil) != 0)
      for number in DWORD(1)...20 {
        #expect(port.packet()?.count == number)
        let handle = UInt(bitPattern: port.handle)
        let other = BackgroundCall { () -> DWORD in
          var (count, key, found): (DWORD, ULONG_PTR, LPOVERLAPPED?) = (0, 0, nil)
          let isGood = GetQueuedCompletionStatus(HANDLE(bitPattern: handle), &count, &key, &found, patience) != 0
          return isGood ? count : 0
        }
        other.untilBlocked()
        #expect(PostQueuedCompletionStatus(port.handle, number + 100, 0, nil) != 0)
        guard other.result() == number + 100 else {
          Issue.record("the other thread has no packet")
          break
        }
        #expect(PostQueuedCompletionStatus(port.handle, number + 1, 0, nil) != 0)
      }
    }

    @Test("S5.3: as many threads run as there are packets, each of which waits for all the others", arguments: [2, 8])
    func allWake(count: Int) {
      let port = TestPort()
      let handle = UInt(bitPattern: port.handle)
      let inside = Count()
      let threads = (0..<count).map { _ in
        let thread = BackgroundCall { () -> Bool in
          var (bytes, key, found): (DWORD, ULONG_PTR, LPOVERLAPPED?) = (0, 0, nil)
          guard GetQueuedCompletionStatus(HANDLE(bitPattern: handle), &bytes, &key, &found, patience) != 0 else {
            return false
          }
          inside.value.add(1, ordering: .sequentiallyConsistent)
          let limit = Date(timeIntervalSinceNow: Double(patience) / 1000)
          while inside.value.load(ordering: .sequentiallyConsistent) < count, Date() < limit { sched_yield() }
          return inside.value.load(ordering: .sequentiallyConsistent) >= count
        }
        thread.untilBlocked()
        return thread
      }
      for _ in 0..<count { #expect(PostQueuedCompletionStatus(port.handle, 0, 0, nil) != 0) }
      for thread in threads { #expect(thread.result() == true) }
    }

    @Test("S5.3: packets that never end do not keep a socket's operation from its end") func fairness() {
      started {
        withPair { client, server in
          let port = TestPort()
          port.serve(server, key: 7)
          let call = PendingCall()
          #expect(call.receive(server) == pendingOutcome)
          for _ in 0..<4 { #expect(PostQueuedCompletionStatus(port.handle, 0, 1, nil) != 0) }
          #expect(send(client, "data") == 4)
          if isPendingForced {
            // The library's own thread may take the data before anybody waits at the port.
            let limit = Date(timeIntervalSinceNow: 10)
            while call.status == statusPending, Date() < limit { usleep(1000) }
          } else {
            awaitData(server)
          }
          var takes = 0
          while let packet = port.packet(), packet.key == 1, takes < 1000 {
            takes += 1
            #expect(PostQueuedCompletionStatus(port.handle, 0, 1, nil) != 0)
          }
          #expect(takes < 100 && call.status == 0, "\(takes)")
        }
      }
    }

    @Test("S5.3: an alertable wait hears of sockets, of packets and of calls") func alertable() {
      started {
        withPair { client, server in
          let port = TestPort()
          port.serve(server)
          let call = PendingCall()
          #expect(call.receive(server) == pendingOutcome)
          let handle = UInt(bitPattern: port.handle)
          let identifier = Shared(DWORD(0))
          let waiting = BackgroundCall { () -> [DWORD] in
            identifier.value = GetCurrentThreadId()
            return (0..<3).map { _ in
              var (entry, removed) = (OVERLAPPED_ENTRY(), ULONG(0))
              let port = HANDLE(bitPattern: handle)
              let isGood = GetQueuedCompletionStatusEx(port, &entry, 1, &removed, patience, 1) != 0
              return isGood ? entry.dwNumberOfBytesTransferred : GetLastError()
            }
          }
          waiting.untilBlocked()
          #expect(send(client, "data") == 4 && ends(call))
          waiting.untilBlocked()
          #expect(PostQueuedCompletionStatus(port.handle, 99, 0, nil) != 0)
          waiting.untilBlocked()
          #expect(ThreadRecord.running(identifier.value)?.queue {} == true)
          #expect(waiting.result() == [4, 99, DWORD(WAIT_IO_COMPLETION)])
        }
      }
    }

    @Test("S2.3: a socket of ours that was closed behind Winsock's back is none, and its number is left alone")
    func closedBehind() {
      started {
        let (listener, _) = makeListener()
        for replaced in [false, true] {
          let socket = makeStream()
          close(Int32(socket))
          // The lowest number that is free: the one that was closed.
          let file = replaced ? open("/dev/null", O_RDONLY) : -1
          #expect(!replaced || file == Int32(socket))
          #expect(setOption(socket, SOL_SOCKET, SO_KEEPALIVE, 1) == SOCKET_ERROR)
          #expect(WSAGetLastError() == WSAENOTSOCK)
          var name = sockaddr_in()
          name.sin_family = sa_family_t(AF_INET)
          let result = withUnsafeBytes(of: &name) {
            ws2_bind(socket, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), 16)
          }
          #expect(result == SOCKET_ERROR && WSAGetLastError() == WSAENOTSOCK)
          let call = PendingCall(size: 128)
          #expect(AcceptEx(listener, socket, call.bytes, 0, 32, 32, nil, call.overlapped) == 0)
          #expect(WSAGetLastError() == WSAEINVAL)
          #expect(closesocket(socket) == SOCKET_ERROR && WSAGetLastError() == WSAENOTSOCK)
          if replaced { #expect(fcntl(file, F_GETFD) >= 0 && close(file) == 0) }
        }
        closesocket(listener)
      }
    }

    @Test("S5.5: a port gives its descriptors back") func descriptors() {
      let before = descriptorCount()
      for _ in 0..<200 { _ = TestPort() }
      #expect(descriptorCount() <= before + 8)
    }
  }
}

private final class Count: Sendable {
  let value = Atomic(0)
}

private func descriptorCount() -> Int {
  ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).count
}
