import CWinsock
import DequeModule
import Synchronization

/// What a thread of the program is to Winsock: where asynchronous procedure calls queue up until it waits alertably
/// (SPEC S5.3), and whose operations and mutexes end when it does. Made when first needed; the lists are under
/// `ws2_lock`.
final class ThreadRecord: @unchecked Sendable {
  typealias AsynchronousProcedureCall = () -> Void

  /// Queued calls, each with the timer that it is of.
  private var calls = Deque<(timer: ObjectIdentifier?, run: AsynchronousProcedureCall)>()
  private var sleeper: Sleeper?
  private(set) var hasEnded = false
  private var ownObject: ThreadObject?
  /// What this thread owns.
  var mutexes: [MutexObject] = []
  /// Operations under way that this thread began: none, and its end has nothing to cancel.
  let operations = Atomic<Int>(0)
  /// Where it began some. Only the thread itself looks at this.
  private var queues: [Int32: SocketQueue] = [:]
  let identifier = DWORD(bitPattern: ws2_thread_identifier())
  private let forks = ws2_fork_count()

  /// The records of threads that run, by their identifiers.
  nonisolated(unsafe) private static var known: [DWORD: ThreadRecord] = [:]

  static var current: ThreadRecord {
    if let known = unsafe ws2_thread_record() {
      return unsafe Unmanaged<ThreadRecord>.fromOpaque(known).takeUnretainedValue()
    }
    let record = ThreadRecord()
    unsafe ws2_set_thread_record(Unmanaged.passRetained(record).toOpaque(), threadEnded)
    locked { unsafe known[record.identifier] = record }
    return record
  }

  /// A thread that runs and that the library has seen: started by CreateThread, or the user of a wait, a mutex or an
  /// overlapped operation.
  static func running(_ identifier: DWORD) -> ThreadRecord? {
    if identifier == DWORD(bitPattern: ws2_thread_identifier()) { return .current }
    return locked { unsafe known[identifier].flatMap { $0.forks == ws2_fork_count() && !$0.hasEnded ? $0 : nil } }
  }

  /// The object that handles of this thread name.
  var object: ThreadObject {
    if let known = locked({ ownObject }) { return known }
    let fresh = ThreadObject(of: self)
    return locked {
      if hasEnded { return fresh }
      if ownObject == nil { ownObject = fresh }
      return ownObject ?? fresh
    }
  }

  func began(on queue: SocketQueue) { queues[queue.descriptor] = queue }

  /// - Returns: False when the thread has ended: the call will never run.
  @discardableResult
  func queue(_ call: @escaping AsynchronousProcedureCall) -> Bool { locked { queueLocked(call) } }

  /// Runs what has queued up, and what these calls queue meanwhile; only on the thread itself.
  func runCalls() {
    while let call = locked({ calls.popFirst() }) { call.run() }
  }

  // Under the lock.

  /// - Parameter timer: Whose call it is: a timer has one call queued at most, as on Windows.
  @discardableResult
  func queueLocked(_ call: @escaping AsynchronousProcedureCall, of timer: ObjectIdentifier? = nil) -> Bool {
    guard !hasEnded else { return false }
    if let timer, calls.contains(where: { $0.timer == timer }) { return true }
    calls.append((timer, call))
    sleeper?.wake()
    return true
  }

  func dropCalls(of timer: ObjectIdentifier) { calls.removeAll { $0.timer == timer } }
  func adopt(_ object: ThreadObject) { ownObject = object }
  var hasCalls: Bool { !calls.isEmpty }
  /// Who is woken by the next call; nil while the thread does not wait alertably.
  func wakes(_ sleeper: Sleeper?) { self.sleeper = sleeper }

  /// No call can be queued to it any more, its mutexes are abandoned and its operations are cancelled; then its handle
  /// says so. A second time it does nothing.
  func end(_ code: DWORD) {
    let (dropped, object) = locked {
      () -> (Deque<(timer: ObjectIdentifier?, run: AsynchronousProcedureCall)>, ThreadObject?) in
      hasEnded = true
      if unsafe Self.known[identifier] === self { unsafe Self.known[identifier] = nil }
      for mutex in mutexes { mutex.abandonLocked() }
      mutexes = []
      defer { (calls, ownObject) = ([], nil) }
      return (calls, ownObject)
    }
    _ = dropped
    for queue in queues.values where operations.load(ordering: .acquiring) > 0 { queue.threadEnded(self) }
    queues = [:]
    object?.end(code)
  }
}

private func threadEnded(_ pointer: UnsafeMutableRawPointer?) {
  guard let pointer = unsafe pointer else { return }
  let record = unsafe Unmanaged<ThreadRecord>.fromOpaque(pointer).takeRetainedValue()
  record.end(0)
}
