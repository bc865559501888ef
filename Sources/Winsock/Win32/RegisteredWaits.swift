public import CWinsock

/// A wait that somebody else does: one thread each.
private final class RegisteredWait: KernelObject, @unchecked Sendable {  // its state is under ws2_lock
  let callbacks = PoolCallbacks()
  private let ended = Event(isManual: true, isSignalled: false)
  private let object: KernelObject
  private let routine: Routine
  private let parameter: UInt
  private let milliseconds: DWORD
  private let once: Bool
  private let runsHere: Bool

  init(_ object: KernelObject, _ routine: Routine, _ parameter: UInt, _ milliseconds: DWORD, _ flags: ULONG) {
    self.object = object
    self.routine = routine
    self.parameter = parameter
    self.milliseconds = milliseconds
    once = flags & WT_EXECUTEONLYONCE != 0
    runsHere = flags & (WT_EXECUTEINWAITTHREAD | WT_EXECUTELONGFUNCTION) != 0
    super.init(isSignalled: false)
  }

  override func handleClosed() { ended.signalLocked() }

  func start() throws(WSAError) {
    let retained = unsafe Unmanaged.passRetained(self)
    let error = unsafe ws2_start_thread(
      0,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<RegisteredWait>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, retained.toOpaque())
    guard error == 0 else {
      unsafe retained.release()
      throw WSAError(ERROR_NOT_ENOUGH_MEMORY)
    }
  }

  private func run() {
    repeat {
      let outcome = Wait(for: [ended, object]).run(until: Deadline(wait: milliseconds))
      if case .object(0, _) = outcome { return }
      let isTimeOut: UInt = if case .timeOut = outcome { 1 } else { 0 }
      let body: @Sendable () -> Void = { [self] in routine(parameter, isTimeOut) }
      if runsHere { callbacks.runNow(body) } else { callbacks.submit(body) }
    } while !once
  }
}

/// Has a callback run whenever an object is ready, or the time is over. Page: RegisterWaitForSingleObject.
/// - Parameters:
///   - target: Receives a handle for UnregisterWaitEx.
///   - milliseconds: INFINITE is for ever; it begins anew after each callback.
///   - flags: WT_EXECUTEONLYONCE; WT_EXECUTEINWAITTHREAD, WT_EXECUTELONGFUNCTION: on the thread that waits; others are
///     hints. Without the first, an object that stays ready is told again and again, as on Windows.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY,
///   ERROR_NOT_SUPPORTED (in the child of a fork).
@c @implementation
public func RegisterWaitForSingleObject(
  _ target: PHANDLE?, _ object: HANDLE?, _ function: WAITORTIMERCALLBACK?, _ context: PVOID?, _ milliseconds: ULONG,
  _ flags: ULONG
) -> WindowsBool {
  unsafe register(target, object, Routine(function), context, milliseconds, flags)
}

/// RegisterWaitForSingleObject for a function of the Windows x64 convention. Page: RegisterWaitForSingleObject.
@c @implementation
public func ws2_ms_RegisterWaitForSingleObject(
  _ target: PHANDLE?, _ object: HANDLE?, _ function: WAITORTIMERCALLBACK?, _ context: PVOID?, _ milliseconds: ULONG,
  _ flags: ULONG
) -> WindowsBool {
  unsafe register(target, object, Routine(function, .windows), context, milliseconds, flags)
}

private func register(
  _ target: PHANDLE?, _ handle: HANDLE?, _ routine: Routine?, _ context: PVOID?, _ milliseconds: ULONG, _ flags: ULONG
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let target = unsafe target, let routine else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let object = try HandleTable.object(UInt(bitPattern: handle))
    try Pool.check()
    let wait = RegisteredWait(object, routine, UInt(bitPattern: context), milliseconds, flags)
    try wait.start()
    unsafe target.pointee = unsafe HandleTable.open(wait)
    return yes
  }
}

/// As UnregisterWaitEx with NULL. Page: UnregisterWait.
@c @implementation
public func UnregisterWait(_ handle: HANDLE?) -> WindowsBool { unsafe UnregisterWaitEx(handle, nil) }

/// Ends a wait of RegisterWaitForSingleObject. Page: UnregisterWaitEx.
/// - Parameter completion: INVALID_HANDLE_VALUE: waits for callbacks that run; an event: is set when they have ended;
///   NULL: neither.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE; ERROR_IO_PENDING: with NULL, and a callback runs; it is ended all the
///   same.
@c @implementation
public func UnregisterWaitEx(_ handle: HANDLE?, _ completion: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let wait = try HandleTable.object(UInt(bitPattern: handle), as: RegisteredWait.self)
    let ending = unsafe try Ending(unsafe completion)
    let isRunning = wait.callbacks.isRunning
    try unsafe HandleTable.close(handle)
    let callbacks = wait.callbacks
    ending.run { callbacks.wait(cancels: false) }
    if isRunning, UInt(bitPattern: completion) == 0 { throw WSAError(ERROR_IO_PENDING) }
    return yes
  }
}
