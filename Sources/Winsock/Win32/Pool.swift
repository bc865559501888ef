import CWinsock
import Dispatch

/// The pool of threads is Dispatch's: as many run as there are processors, and more, up to 64, when they wait.
enum Pool {
  private static let queue = DispatchQueue(label: "wfpshim.pool", attributes: .concurrent)

  /// - Throws: ERROR_NOT_SUPPORTED: in the child of a fork whose parent used Dispatch.
  static func check() throws(WSAError) {
    guard ThreadLife.isHere else { throw WSAError(ERROR_NOT_SUPPORTED) }
  }

  static func run(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }

  static func timer() -> any DispatchSourceTimer { DispatchSource.makeTimerSource(flags: .strict, queue: queue) }
}

/// Callbacks of one object that wait or run.
final class PoolCallbacks: Sendable {
  private let lock = WordLock()
  nonisolated(unsafe) private var waiting = 0
  nonisolated(unsafe) private var running: [UInt32] = []  // by their threads
  nonisolated(unsafe) private var generation = 0
  nonisolated(unsafe) private var sleepers: [Sleeper] = []

  /// Puts one in the queue.
  func submit(_ body: @escaping @Sendable () -> Void) {
    let submitted = lock.withLock { () -> Int in
      unsafe waiting += 1
      return unsafe generation
    }
    Pool.run { [self] in run(body, submitted) }
  }

  /// One that is not queued by us: a timer's.
  func runNow(_ body: () -> Void) {
    let current = lock.withLock { () -> Int in
      unsafe waiting += 1
      return unsafe generation
    }
    run(body, current)
  }

  private func run(_ body: () -> Void, _ submitted: Int) {
    let thread = UInt32(bitPattern: ws2_thread_identifier())
    let isWanted = lock.withLock { () -> Bool in
      guard unsafe submitted == generation else { return false }
      unsafe waiting -= 1
      unsafe running.append(thread)
      return true
    }
    guard isWanted else { return }
    body()
    lock.withLock {
      if let index = unsafe running.firstIndex(of: thread) { unsafe running.remove(at: index) }
      for sleeper in unsafe sleepers { sleeper.wake() }
    }
  }

  /// On another thread than the caller's.
  var isRunning: Bool {
    let thread = UInt32(bitPattern: ws2_thread_identifier())
    return lock.withLock { unsafe running.contains { $0 != thread } }
  }

  /// Waits until none waits or runs; one that calls this itself does not wait for itself.
  /// - Parameter cancels: Those that have not begun will not.
  func wait(cancels: Bool) {
    let thread = UInt32(bitPattern: ws2_thread_identifier())
    let sleeper = Sleeper()
    lock.withLock {
      unsafe sleepers.append(sleeper)
      if cancels {
        unsafe generation += 1
        unsafe waiting = 0
      }
    }
    while true {
      let isOver = lock.withLock { () -> Bool in
        sleeper.prepare()
        let isOver = unsafe waiting == 0 && running.allSatisfy { $0 == thread }
        if isOver { unsafe sleepers.removeAll { $0 === sleeper } }
        return isOver
      }
      if isOver { return }
      sleeper.sleep(until: .never)
    }
  }
}
