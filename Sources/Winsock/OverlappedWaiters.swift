import CWinsock
import Synchronization

/// Threads that wait for the end of an operation that has no event of its own (WSAGetOverlappedResult with fWait).
enum OverlappedWaiters {
  private static let count = Atomic<Int>(0)
  nonisolated(unsafe) private static var sleepers: [UInt: [Sleeper]] = [:]  // under ws2_lock

  /// The status stands in the OVERLAPPED, which nobody touches from here on.
  static func completed(_ overlapped: LPWSAOVERLAPPED) {
    guard count.load(ordering: .sequentiallyConsistent) > 0 else { return }
    let address = UInt(bitPattern: overlapped)
    locked { unsafe sleepers[address]?.forEach { $0.wake() } }
  }

  /// - Throws: WAIT_IO_COMPLETION when a call ended an alertable wait, and was run.
  static func wait(for overlapped: LPWSAOVERLAPPED, until deadline: Deadline, alertable: Bool) throws(WSAError) {
    let address = UInt(bitPattern: overlapped)
    let sleeper = Sleeper()
    let thread = ThreadRecord.current
    count.add(1, ordering: .sequentiallyConsistent)
    locked { unsafe sleepers[address, default: []].append(sleeper) }
    defer {
      locked {
        thread.wakes(nil)
        unsafe sleepers[address]?.removeAll { $0 === sleeper }
        if unsafe sleepers[address]?.isEmpty ?? false { unsafe sleepers[address] = nil }
      }
      count.subtract(1, ordering: .sequentiallyConsistent)
    }
    while true {
      sleeper.prepare()
      if unsafe ws2_status_of(overlapped) != STATUS_PENDING { return }
      if alertable, locked({ listen(thread, sleeper) }) {
        thread.runCalls()
        throw WSAError(Int(WAIT_IO_COMPLETION))
      }
      if deadline.isOver { return }
      sleeper.sleep(until: deadline)
    }
  }

  private static func listen(_ thread: ThreadRecord, _ sleeper: Sleeper) -> Bool {
    thread.wakes(sleeper)
    return thread.hasCalls
  }
}
