import CWinsock
import DequeModule
import Synchronization

/// What a thread of the program is to Winsock: where asynchronous procedure calls queue up until it waits alertably
/// (SPEC S5.3), and whose operations end when it does. Made when first needed; the lists are under `ws2_lock`.
final class ThreadRecord: @unchecked Sendable {
  typealias AsynchronousProcedureCall = () -> Void

  private var calls = Deque<AsynchronousProcedureCall>()
  private var sleeper: Sleeper?
  private var hasEnded = false
  /// Operations under way that this thread began: none, and its end has nothing to cancel.
  let operations = Atomic<Int>(0)

  static var current: ThreadRecord {
    if let known = unsafe ws2_thread_record() {
      return unsafe Unmanaged<ThreadRecord>.fromOpaque(known).takeUnretainedValue()
    }
    let record = ThreadRecord()
    unsafe ws2_set_thread_record(Unmanaged.passRetained(record).toOpaque(), threadEnded)
    return record
  }

  /// - Returns: False when the thread has ended: the call will never run.
  @discardableResult
  func queue(_ call: @escaping AsynchronousProcedureCall) -> Bool {
    locked {
      guard !hasEnded else { return false }
      calls.append(call)
      sleeper?.wake()
      return true
    }
  }

  /// Runs what has queued up, and what these calls queue meanwhile; only on the thread itself.
  func runCalls() {
    while let call = locked({ calls.popFirst() }) { call() }
  }

  // Under the lock.
  var hasCalls: Bool { !calls.isEmpty }
  /// Who is woken by the next call; nil while the thread does not wait alertably.
  func wakes(_ sleeper: Sleeper?) { self.sleeper = sleeper }

  func end() {
    let dropped = locked {
      hasEnded = true
      defer { calls = [] }
      return calls
    }
    _ = dropped
    if operations.load(ordering: .acquiring) > 0 { SocketQueue.threadEnded(self) }
  }
}

private func threadEnded(_ pointer: UnsafeMutableRawPointer?) {
  guard let pointer = unsafe pointer else { return }
  let record = unsafe Unmanaged<ThreadRecord>.fromOpaque(pointer).takeRetainedValue()
  record.end()
}
