public import CWinsock

/// What a PTP_WORK points to.
private final class Work: Sendable {
  let routine: Routine
  let context: UInt
  let callbacks = PoolCallbacks()

  init(_ routine: Routine, _ context: UInt) {
    self.routine = routine
    self.context = context
  }
}

private func work(_ pointer: PTP_WORK?) -> Work? {
  guard let pointer = unsafe pointer else { return nil }
  return unsafe Unmanaged<Work>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
}

/// Runs a function on a thread of the pool. Page: QueueUserWorkItem.
/// - Parameter flags: WT_EXECUTELONGFUNCTION: on a thread of its own; the others are hints.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_PARAMETER (NULL), ERROR_NOT_SUPPORTED (in the child of a fork whose parent
///   used the pool, timers or overlapped operations).
@c @implementation
public func QueueUserWorkItem(_ function: LPTHREAD_START_ROUTINE?, _ context: PVOID?, _ flags: ULONG) -> WindowsBool {
  unsafe queueItem(function, context, flags, .systemV)
}

/// QueueUserWorkItem for a function of the Windows x64 convention. Page: QueueUserWorkItem.
@c @implementation
public func ws2_ms_QueueUserWorkItem(
  _ function: LPTHREAD_START_ROUTINE?, _ context: PVOID?, _ flags: ULONG
) -> WindowsBool {
  unsafe queueItem(function, context, flags, .windows)
}

private func queueItem(
  _ function: LPTHREAD_START_ROUTINE?, _ context: PVOID?, _ flags: ULONG, _ convention: CallingConvention
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let routine = unsafe Routine(function, convention) else { throw WSAError(ERROR_INVALID_PARAMETER) }
    if flags & WT_EXECUTELONGFUNCTION != 0 {
      let handle = unsafe startThread(0, Callback(function, convention), context, 0, nil)
      guard unsafe handle != nil else { throw WSAError(ERROR_NOT_ENOUGH_MEMORY) }
      return unsafe CloseHandle(handle)
    }
    try Pool.check()
    let argument = UInt(bitPattern: context)
    Pool.run { routine(argument) }
    return yes
  }
}

/// Runs a function on a thread of the pool. Page: TrySubmitThreadpoolCallback.
/// - Parameter environment: Not looked at: there is one pool.
/// - Returns: TRUE, or FALSE: as QueueUserWorkItem.
@c @implementation
public func TrySubmitThreadpoolCallback(
  _ function: PTP_SIMPLE_CALLBACK?, _ context: PVOID?, _ environment: PTP_CALLBACK_ENVIRON?
) -> WindowsBool {
  unsafe submit(Routine(unsafe function), unsafe context)
}

/// TrySubmitThreadpoolCallback for a function of the Windows x64 convention. Page: TrySubmitThreadpoolCallback.
@c @implementation
public func ws2_ms_TrySubmitThreadpoolCallback(
  _ function: PTP_SIMPLE_CALLBACK?, _ context: PVOID?, _ environment: PTP_CALLBACK_ENVIRON?
) -> WindowsBool {
  unsafe submit(Routine(unsafe function, .windows), unsafe context)
}

private func submit(_ routine: Routine?, _ context: PVOID?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let routine else { throw WSAError(ERROR_INVALID_PARAMETER) }
    try Pool.check()
    let argument = UInt(bitPattern: context)
    Pool.run { routine(0, argument) }
    return yes
  }
}

/// Makes work that can be given to the pool several times. Page: CreateThreadpoolWork.
/// - Parameters:
///   - context: The function's second argument; the first is NULL, as nothing can be asked of it here.
///   - environment: Not looked at: there is one pool.
/// - Returns: The work, or NULL: as QueueUserWorkItem.
@c @implementation
public func CreateThreadpoolWork(
  _ function: PTP_WORK_CALLBACK?, _ context: PVOID?, _ environment: PTP_CALLBACK_ENVIRON?
) -> PTP_WORK? {
  unsafe makeWork(Routine(function), context)
}

/// CreateThreadpoolWork for a function of the Windows x64 convention. Page: CreateThreadpoolWork.
@c @implementation
public func ws2_ms_CreateThreadpoolWork(
  _ function: PTP_WORK_CALLBACK?, _ context: PVOID?, _ environment: PTP_CALLBACK_ENVIRON?
) -> PTP_WORK? {
  unsafe makeWork(Routine(function, .windows), context)
}

private func makeWork(_ routine: Routine?, _ context: PVOID?) -> PTP_WORK? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    guard let routine else { throw WSAError(ERROR_INVALID_PARAMETER) }
    try Pool.check()
    let work = Work(routine, UInt(bitPattern: context))
    return unsafe PTP_WORK(Unmanaged.passRetained(work).toOpaque())
  }
}

/// Gives work to the pool once more. Page: SubmitThreadpoolWork.
@c @implementation
public func SubmitThreadpoolWork(_ pointer: PTP_WORK?) {
  guard let work = unsafe work(pointer) else { return }
  let identity = UInt(bitPattern: pointer)
  work.callbacks.submit { work.routine(0, work.context, identity) }
}

/// Waits until all that was submitted has run. Page: WaitForThreadpoolWorkCallbacks.
/// - Parameter cancels: What has not begun will not.
@c @implementation
public func WaitForThreadpoolWorkCallbacks(_ pointer: PTP_WORK?, _ cancels: WindowsBool) {
  unsafe work(pointer)?.callbacks.wait(cancels: cancels != 0)
}

/// Gives work back; what was submitted runs all the same. Page: CloseThreadpoolWork.
@c @implementation
public func CloseThreadpoolWork(_ pointer: PTP_WORK?) {
  guard let pointer = unsafe pointer else { return }
  unsafe Unmanaged<Work>.fromOpaque(UnsafeRawPointer(pointer)).release()
}
