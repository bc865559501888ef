public import CWinsock

/// Makes a timer, which SetWaitableTimer starts. Page: CreateWaitableTimerA.
/// - Parameters:
///   - isManual: It stays signalled until it is set again; else the end of a wait resets it.
///   - name: NULL: nothing here joins processes.
/// - Returns: A handle, or NULL: ERROR_NOT_SUPPORTED (it has a name).
@c @implementation
public func CreateWaitableTimerA(
  _ security: LPSECURITY_ATTRIBUTES?, _ isManual: WindowsBool, _ name: LPCSTR?
) -> HANDLE? {
  unsafe create(isNamed: name != nil) { WaitableTimer(isManual: isManual != 0) }
}

/// As CreateWaitableTimerA. Page: CreateWaitableTimerW.
@c @implementation
public func CreateWaitableTimerW(
  _ security: LPSECURITY_ATTRIBUTES?, _ isManual: WindowsBool, _ name: LPCWSTR?
) -> HANDLE? {
  unsafe create(isNamed: name != nil) { WaitableTimer(isManual: isManual != 0) }
}

/// As CreateWaitableTimerA. Page: CreateWaitableTimerExW.
/// - Parameters:
///   - flags: CREATE_WAITABLE_TIMER_MANUAL_RESET; CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, which every timer is.
///   - access: Not looked at.
/// - Returns: A handle, or NULL: ERROR_NOT_SUPPORTED (it has a name), ERROR_INVALID_PARAMETER (unknown flags).
@c @implementation
public func CreateWaitableTimerExA(
  _ security: LPSECURITY_ATTRIBUTES?, _ name: LPCSTR?, _ flags: DWORD, _ access: DWORD
) -> HANDLE? {
  unsafe create(isNamed: name != nil) { () throws(WSAError) in try timer(flags) }
}

/// As CreateWaitableTimerExA. Page: CreateWaitableTimerExW.
@c @implementation
public func CreateWaitableTimerExW(
  _ security: LPSECURITY_ATTRIBUTES?, _ name: LPCWSTR?, _ flags: DWORD, _ access: DWORD
) -> HANDLE? {
  unsafe create(isNamed: name != nil) { () throws(WSAError) in try timer(flags) }
}

private func timer(_ flags: DWORD) throws(WSAError) -> WaitableTimer {
  let known = CREATE_WAITABLE_TIMER_MANUAL_RESET | CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
  guard flags & ~known == 0 else { throw WSAError(ERROR_INVALID_PARAMETER) }
  return WaitableTimer(isManual: flags & CREATE_WAITABLE_TIMER_MANUAL_RESET != 0)
}

/// Starts a timer anew: it is no longer signalled, and is again when the time has come, never before.
/// Page: SetWaitableTimer.
/// - Parameters:
///   - due: In units of 100 ns: below zero from now on the monotonic clock; else a FILETIME, since 1601 in UTC. One
///     that is over expires at once.
///   - period: Milliseconds between further expiries; 0: none.
///   - routine: Queued to the calling thread at each expiry, once at a time, with the argument and the FILETIME of the
///     expiry, and run when the thread waits alertably; may be NULL. With one the timer ends with the thread.
///   - resumes: Linux wakes no machine for it: TRUE succeeds, with ERROR_NOT_SUPPORTED as the last error.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOT_SUPPORTED (in the child of a
///   fork whose parent used timers or overlapped operations).
@c @implementation
public func SetWaitableTimer(
  _ handle: HANDLE?, _ due: UnsafePointer<LARGE_INTEGER>?, _ period: LONG, _ routine: PTIMERAPCROUTINE?,
  _ argument: LPVOID?, _ resumes: WindowsBool
) -> WindowsBool {
  unsafe setTimer(handle, due, period, Callback(routine), argument, resumes)
}

/// SetWaitableTimer, whoever calls it.
func setTimer(
  _ handle: HANDLE?, _ due: UnsafePointer<LARGE_INTEGER>?, _ period: LONG, _ routine: Callback<PTIMERAPCROUTINE>?,
  _ argument: LPVOID?, _ resumes: WindowsBool
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let timer = try HandleTable.object(UInt(bitPattern: handle), as: WaitableTimer.self)
    guard let due = unsafe due, period >= 0 else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let called = unsafe routine.map {
      unsafe WaitableTimer.Routine(function: $0, argument: argument, thread: .current)
    }
    try unsafe timer.set(due: due.pointee.QuadPart, period: Int(period), routine: called)
    if resumes != 0 { ws2_set_last_error(Int32(ERROR_NOT_SUPPORTED)) }
    return yes
  }
}

/// Stops a timer. It stays as it is, signalled or not, and a routine that is queued does not run.
/// Page: CancelWaitableTimer.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE.
@c @implementation
public func CancelWaitableTimer(_ handle: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try HandleTable.object(UInt(bitPattern: handle), as: WaitableTimer.self).cancel()
    return yes
  }
}
