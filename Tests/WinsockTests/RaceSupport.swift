import CWinsock
import Foundation
import Synchronization
import Testing

/// A receive whose OVERLAPPED lies on a page that is taken away right after its indication: who touches it then ends
/// the process (SPEC S5.6).
final class GuardedBlock: @unchecked Sendable {
  private let size = Int(getpagesize())
  private let memory: UnsafeMutableRawPointer
  private let byte = UnsafeMutablePointer<CChar>.allocate(capacity: 1)

  init() { memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) }

  deinit {
    munmap(memory, size)
    byte.deallocate()
  }

  var overlapped: LPWSAOVERLAPPED { memory.assumingMemoryBound(to: WSAOVERLAPPED.self) }

  func open() {
    mprotect(memory, size, PROT_READ | PROT_WRITE)
    overlapped.initialize(to: WSAOVERLAPPED())
  }

  func close() { mprotect(memory, size, PROT_NONE) }

  func receive(
    _ socket: SOCKET, _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE? = nil, event: HANDLE? = nil
  ) -> Outcome {
    overlapped.pointee.hEvent = event
    var (buffer, flags) = (WSABUF(len: 1, buf: byte), DWORD(0))
    return outcome { WSARecv(socket, &buffer, 1, nil, &flags, overlapped, routine) }
  }
}

/// A receive that a thread begins before it ends.
final class Begin: @unchecked Sendable {
  let socket: SOCKET
  let memory: GuardedBlock
  let event: HANDLE?
  let isBegun = DispatchSemaphore(value: 0)

  init(_ socket: SOCKET, _ memory: GuardedBlock, _ event: HANDLE?) {
    (self.socket, self.memory, self.event) = (socket, memory, event)
  }
}

/// When another thread does its part of a round, and that it has.
final class Turn: @unchecked Sendable {
  private let start = DispatchSemaphore(value: 0)
  private let end = DispatchSemaphore(value: 0)
  private let isOver = Atomic(false)

  func go() { start.signal() }
  func join() { end.wait() }

  /// The thread that does it.
  final class Runner {
    private let turn: Turn

    init(_ turn: Turn, _ body: @escaping @Sendable () -> Void) {
      self.turn = turn
      Thread.detachNewThread {
        while true {
          turn.start.wait()
          if turn.isOver.load(ordering: .acquiring) { break }
          body()
          turn.end.signal()
        }
        turn.end.signal()
      }
    }

    func finish() {
      turn.isOver.store(true, ordering: .releasing)
      turn.go()
      turn.join()
    }
  }
}
