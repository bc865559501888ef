public import CWinsock
import Dispatch

/// A timer queue: its timers go with it.
private final class TimerQueue: KernelObject, @unchecked Sendable {  // its state is under ws2_lock
  var timers: [UInt] = []
  static let standard = TimerQueue()

  init() { super.init(isSignalled: false) }
}

private final class QueueTimer: KernelObject, @unchecked Sendable {  // its state is under ws2_lock
  let timer = PoolTimer()
  let queue: TimerQueue

  init(_ queue: TimerQueue) {
    self.queue = queue
    super.init(isSignalled: false)
  }

  override func lastHandleWasClosed() { timer.set(nil, period: 0) }
}

private func queue(_ handle: HANDLE?) throws(WSAError) -> TimerQueue {
  unsafe handle == nil ? .standard : try HandleTable.object(UInt(bitPattern: handle), as: TimerQueue.self)
}

/// Makes a timer queue. Page: CreateTimerQueue.
/// - Returns: The queue, or NULL: ERROR_NOT_SUPPORTED (in the child of a fork).
@c @implementation
public func CreateTimerQueue() -> HANDLE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    try Pool.check()
    return unsafe HandleTable.open(TimerQueue())
  }
}

/// Deletes a timer queue and its timers. Page: DeleteTimerQueueEx.
/// - Parameter completion: INVALID_HANDLE_VALUE: waits for callbacks that run; an event: is set when they have ended;
///   NULL: neither.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE.
@c @implementation
public func DeleteTimerQueueEx(_ handle: HANDLE?, _ completion: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let queue = try HandleTable.object(UInt(bitPattern: handle), as: TimerQueue.self)
    let ending = unsafe try Ending(unsafe completion)
    let timers = locked { queue.timers }.compactMap { handle -> PoolTimer? in
      let timer = try? HandleTable.object(handle, as: QueueTimer.self)
      try? unsafe HandleTable.close(HANDLE(bitPattern: handle))
      return timer?.timer
    }
    try unsafe HandleTable.close(handle)
    ending.run { for timer in timers { timer.callbacks.wait(cancels: true) } }
    return yes
  }
}

/// What the end of a timer or of a registered wait does about a callback that runs.
struct Ending {
  private enum Kind {
    case waits
    case tells(Event)
    case leaves
  }
  private let kind: Kind

  init(_ handle: HANDLE?) throws(WSAError) {
    switch UInt(bitPattern: handle) {
    case 0: kind = .leaves
    case .max: kind = .waits
    default: kind = .tells(try HandleTable.event(UInt(bitPattern: handle)))
    }
  }

  func run(_ wait: @escaping @Sendable () -> Void) {
    switch kind {
    case .waits: wait()
    case .leaves: break
    case .tells(let event):
      nonisolated(unsafe) let signalled = event
      DispatchQueue.global().async {
        wait()
        unsafe signalled.signal()
      }
    }
  }
}

/// Makes a timer and starts it. Page: CreateTimerQueueTimer.
/// - Parameters:
///   - target: Receives its handle.
///   - queue: Of CreateTimerQueue; NULL: the process's.
///   - due: Milliseconds from now.
///   - period: Milliseconds between further firings; 0: none.
///   - flags: WT_EXECUTEONLYONCE; others are hints.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER, ERROR_INVALID_HANDLE, ERROR_NOT_SUPPORTED (in the child of a
///   fork).
@c @implementation
public func CreateTimerQueueTimer(
  _ target: PHANDLE?, _ queue: HANDLE?, _ function: WAITORTIMERCALLBACK?, _ parameter: PVOID?, _ due: DWORD,
  _ period: DWORD, _ flags: ULONG
) -> WindowsBool {
  unsafe makeTimer(target, queue, Routine(function), parameter, due, period, flags)
}

/// CreateTimerQueueTimer for a function of the Windows x64 convention. Page: CreateTimerQueueTimer.
@c @implementation
public func ws2_ms_CreateTimerQueueTimer(
  _ target: PHANDLE?, _ queue: HANDLE?, _ function: WAITORTIMERCALLBACK?, _ parameter: PVOID?, _ due: DWORD,
  _ period: DWORD, _ flags: ULONG
) -> WindowsBool {
  unsafe makeTimer(target, queue, Routine(function, .windows), parameter, due, period, flags)
}

private func makeTimer(
  _ target: PHANDLE?, _ handle: HANDLE?, _ routine: Routine?, _ parameter: PVOID?, _ due: DWORD, _ period: DWORD,
  _ flags: ULONG
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let target = unsafe target, let routine else { throw WSAError(ERROR_INVALID_PARAMETER) }
    try Pool.check()
    let queue = try unsafe queue(handle)
    let timer = QueueTimer(queue)
    let argument = UInt(bitPattern: parameter)
    unsafe timer.timer.body = { routine(argument, 1) }
    let made = unsafe HandleTable.open(timer)
    locked { queue.timers.append(UInt(bitPattern: made)) }
    unsafe target.pointee = unsafe made
    timer.timer.set(
      .milliseconds(Int(due)), period: flags & WT_EXECUTEONLYONCE != 0 ? 0 : Int(period))
    return yes
  }
}

/// Starts a timer of a queue anew. Page: ChangeTimerQueueTimer.
/// - Parameters:
///   - due: Milliseconds from now.
///   - period: Milliseconds between further firings; 0: none.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE.
@c @implementation
public func ChangeTimerQueueTimer(
  _ queue: HANDLE?, _ handle: HANDLE?, _ due: ULONG, _ period: ULONG
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try HandleTable.object(UInt(bitPattern: handle), as: QueueTimer.self).timer
      .set(.milliseconds(Int(due)), period: Int(period))
    return yes
  }
}

/// Stops a timer of a queue and deletes it. Page: DeleteTimerQueueTimer.
/// - Parameter completion: As for DeleteTimerQueueEx.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE; ERROR_IO_PENDING: with NULL, and a callback runs; it is deleted all
///   the same.
@c @implementation
public func DeleteTimerQueueTimer(_ queue: HANDLE?, _ handle: HANDLE?, _ completion: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let timer = try HandleTable.object(UInt(bitPattern: handle), as: QueueTimer.self)
    let ending = unsafe try Ending(unsafe completion)
    let isRunning = timer.timer.callbacks.isRunning
    locked { timer.queue.timers.removeAll { $0 == UInt(bitPattern: handle) } }
    try unsafe HandleTable.close(handle)
    let callbacks = timer.timer.callbacks
    ending.run { callbacks.wait(cancels: true) }
    if isRunning, UInt(bitPattern: completion) == 0 { throw WSAError(ERROR_IO_PENDING) }
    return yes
  }
}
