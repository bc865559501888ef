import CWinsock
import Dispatch
import Glibc

/// A waitable timer: a Dispatch timer on a queue that all share while it runs.
final class WaitableTimer: KernelObject, @unchecked Sendable {  // its state is under ws2_lock
  /// What is queued to the thread that set the timer.
  @safe
  struct Routine {
    let function: Callback<PTIMERAPCROUTINE>
    let argument: LPVOID?
    let thread: ThreadRecord
  }

  private static let queue = DispatchQueue(label: "wfpshim.timers")
  private let resetsItself: Bool
  private var source: (any DispatchSourceTimer)?
  private var routine: Routine?
  /// Counts the settings: an expiry of an earlier one, which was under way, is none.
  private var setting: UInt64 = 0

  init(isManual: Bool) {
    resetsItself = !isManual
    super.init(isSignalled: false)
  }

  deinit { source?.cancel() }

  override func consume(for thread: ThreadRecord) -> Bool {
    if resetsItself { isSignalled = false }
    return false
  }

  override func handleClosed() { stop() }

  /// - Parameters:
  ///   - due: 100 ns units: below zero from now, else a FILETIME (UTC).
  ///   - period: Milliseconds between expiries; 0 for one.
  /// - Throws: ERROR_NOT_SUPPORTED: in the child of a fork, where Dispatch does not live.
  func set(due: Int64, period: Int, routine: Routine?) throws(WSAError) {
    guard ThreadLife.isHere else { throw WSAError(ERROR_NOT_SUPPORTED) }
    locked {
      stop()
      isSignalled = false
      self.routine = routine
      start(due, period)
    }
  }

  /// The state stays as it is; a call that has not run will not.
  func cancel() { locked { stop() } }

  // Under the lock.

  private func stop() {
    setting += 1
    source?.cancel()
    source = nil
    routine?.thread.dropCalls(of: ObjectIdentifier(self))
    routine = nil
  }

  private func start(_ due: Int64, _ period: Int) {
    let isOver = due > 0 ? due <= FileTime.now : due == 0
    if isOver { expire() }
    guard !isOver || period > 0 else { return }
    let source = DispatchSource.makeTimerSource(flags: .strict, queue: Self.queue)
    let interval: DispatchTimeInterval = period > 0 ? .milliseconds(period) : .never
    if isOver {
      source.schedule(deadline: .now() + interval, repeating: interval, leeway: .nanoseconds(0))
    } else if due < 0 {
      source.schedule(deadline: FileTime.monotonic(after: due), repeating: interval, leeway: .nanoseconds(0))
    } else {
      source.schedule(wallDeadline: FileTime.wall(due), repeating: interval, leeway: .nanoseconds(0))
    }
    let current = setting
    source.setEventHandler { [weak self] in self?.expired(current) }
    source.activate()
    self.source = source
  }

  private func expire() {
    // SetWaitableTimer's page: a timer with a routine ends with the thread that set it.
    if let routine, routine.thread.hasEnded { return stop() }
    signalLocked()
    guard let routine else { return }
    let time = UInt64(FileTime.now)
    routine.thread.queueLocked(
      { unsafe routine.function(routine.argument, DWORD(truncatingIfNeeded: time), DWORD(time >> 32)) },
      of: ObjectIdentifier(self))
  }

  private func expired(_ setting: UInt64) {
    locked { if setting == self.setting { expire() } }
  }
}

/// Windows' time: 100 ns units since the year 1601, UTC.
private enum FileTime {
  private static let epoch: Int64 = 116_444_736_000_000_000  // 1970
  private static let unitsPerSecond: Int64 = 10_000_000

  static var now: Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return epoch + Int64(time.tv_sec) * unitsPerSecond + Int64(time.tv_nsec) / 100
  }

  static func wall(_ time: Int64) -> DispatchWallTime {
    let (seconds, rest) = (time - epoch).quotientAndRemainder(dividingBy: unitsPerSecond)
    // Beyond the nanoseconds that 64 bits hold (the year 2262).
    guard seconds < Int64.max / 1_000_000_000 else { return .distantFuture }
    return DispatchWallTime(timespec: timespec(tv_sec: Int(seconds), tv_nsec: Int(rest) * 100))
  }

  static func monotonic(after units: Int64) -> DispatchTime {
    let (nanoseconds, isTooLong) = units.magnitude.multipliedReportingOverflow(by: 100)
    return isTooLong ? .distantFuture : .now() + .nanoseconds(Int(clamping: nanoseconds))
  }
}
