public import CWinsock
import Dispatch

/// A timer whose callback runs on the pool: of the thread pool's API, or of a timer queue.
final class PoolTimer: Sendable {
  let callbacks = PoolCallbacks()
  private let lock = WordLock()
  nonisolated(unsafe) private var source: (any DispatchSourceTimer)?
  /// What a firing calls; it is set before the first one.
  nonisolated(unsafe) var body: @Sendable () -> Void = {}

  deinit { unsafe source?.cancel() }

  /// - Parameters:
  ///   - due: From now; nil stops it.
  ///   - period: Milliseconds between further firings; 0: none.
  func set(_ due: DispatchTimeInterval?, period: Int) {
    lock.withLock {
      unsafe source?.cancel()
      unsafe source = nil
      guard let due else { return }
      let fresh = Pool.timer()
      fresh.schedule(
        deadline: .now() + due, repeating: period > 0 ? .milliseconds(period) : .never, leeway: .nanoseconds(0))
      // A period's firings queue up one behind the other, as Dispatch merges those that are late.
      fresh.setEventHandler { [weak self] in
        guard let self else { return }
        unsafe callbacks.runNow(body)
      }
      fresh.activate()
      unsafe source = fresh
    }
  }

  var isSet: Bool { lock.withLock { unsafe source != nil } }
}

private func timer(_ pointer: PTP_TIMER?) -> PoolTimer? {
  guard let pointer = unsafe pointer else { return nil }
  return unsafe Unmanaged<PoolTimer>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
}

/// Makes a timer, which SetThreadpoolTimer starts. Page: CreateThreadpoolTimer.
/// - Parameters:
///   - context: The function's second argument; the first is NULL.
///   - environment: Not looked at: there is one pool.
/// - Returns: The timer, or NULL: ERROR_INVALID_PARAMETER, ERROR_NOT_SUPPORTED (in the child of a fork).
@c @implementation
public func CreateThreadpoolTimer(
  _ function: PTP_TIMER_CALLBACK?, _ context: PVOID?, _ environment: PTP_CALLBACK_ENVIRON?
) -> PTP_TIMER? {
  unsafe makeTimer(Routine(function), context)
}

/// CreateThreadpoolTimer for a function of the Windows x64 convention. Page: CreateThreadpoolTimer.
@c @implementation
public func ws2_ms_CreateThreadpoolTimer(
  _ function: PTP_TIMER_CALLBACK?, _ context: PVOID?, _ environment: PTP_CALLBACK_ENVIRON?
) -> PTP_TIMER? {
  unsafe makeTimer(Routine(function, .windows), context)
}

private func makeTimer(_ routine: Routine?, _ context: PVOID?) -> PTP_TIMER? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    guard let routine else { throw WSAError(ERROR_INVALID_PARAMETER) }
    try Pool.check()
    let timer = PoolTimer()
    let pointer = unsafe Unmanaged.passRetained(timer).toOpaque()
    let (argument, identity) = (UInt(bitPattern: context), UInt(bitPattern: pointer))
    unsafe timer.body = { routine(0, argument, identity) }
    return PTP_TIMER(pointer)
  }
}

/// Starts a timer, or stops it. Page: SetThreadpoolTimer.
/// - Parameters:
///   - due: In units of 100 ns: below zero from now, else since 1601 in UTC; NULL stops it.
///   - period: Milliseconds between further firings; 0: none.
///   - window: Not looked at: it is never late on purpose.
@c @implementation
public func SetThreadpoolTimer(_ pointer: PTP_TIMER?, _ due: PFILETIME?, _ period: DWORD, _ window: DWORD) {
  guard let timer = unsafe timer(pointer) else { return }
  guard let due = unsafe due else { return timer.set(nil, period: 0) }
  let units = unsafe Int64(bitPattern: UInt64(due.pointee.dwHighDateTime) << 32 | UInt64(due.pointee.dwLowDateTime))
  var now = FILETIME()
  unsafe GetSystemTimeAsFileTime(&now)
  let present = Int64(bitPattern: UInt64(now.dwHighDateTime) << 32 | UInt64(now.dwLowDateTime))
  let wait = units <= 0 ? units.magnitude : UInt64(max(0, units - present))
  timer.set(.nanoseconds(Int(clamping: wait.multipliedReportingOverflow(by: 100).partialValue)), period: Int(period))
}

/// Whether a timer is started. Page: IsThreadpoolTimerSet.
@c @implementation
public func IsThreadpoolTimerSet(_ pointer: PTP_TIMER?) -> WindowsBool {
  unsafe timer(pointer)?.isSet == true ? yes : no
}

/// Waits until no callback of the timer waits or runs. Page: WaitForThreadpoolTimerCallbacks.
/// - Parameter cancels: What has not begun will not.
@c @implementation
public func WaitForThreadpoolTimerCallbacks(_ pointer: PTP_TIMER?, _ cancels: WindowsBool) {
  unsafe timer(pointer)?.callbacks.wait(cancels: cancels != 0)
}

/// Stops a timer and gives it back; a callback that runs ends in its own time. Page: CloseThreadpoolTimer.
@c @implementation
public func CloseThreadpoolTimer(_ pointer: PTP_TIMER?) {
  guard let pointer = unsafe pointer else { return }
  unsafe timer(pointer)?.set(nil, period: 0)
  unsafe Unmanaged<PoolTimer>.fromOpaque(UnsafeRawPointer(pointer)).release()
}
