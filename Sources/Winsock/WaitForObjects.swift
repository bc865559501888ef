public import CWinsock

/// Waits for an object: an event, a thread, a semaphore, a mutex or a timer. Page: WaitForSingleObject.
/// - Parameter milliseconds: 0 looks only, INFINITE is for ever; never shorter.
/// - Returns: WAIT_OBJECT_0, WAIT_ABANDONED (a mutex whose owner has ended: it is the caller's), WAIT_TIMEOUT, or
///   WAIT_FAILED: ERROR_INVALID_HANDLE.
@c @implementation
public func WaitForSingleObject(_ handle: HANDLE?, _ milliseconds: DWORD) -> DWORD {
  win32(failing: WAIT_FAILED) { () throws(WSAError) in
    wait(for: [try HandleTable.object(UInt(bitPattern: handle))], all: false, milliseconds, alertable: false)
  }
}

/// As WaitForSingleObject, and alertable. Page: WaitForSingleObjectEx.
/// - Parameter alertable: What is queued to the thread (completion routines, procedure calls) ends the wait and is run.
/// - Returns: As WaitForSingleObject, or WAIT_IO_COMPLETION.
@c @implementation
public func WaitForSingleObjectEx(_ handle: HANDLE?, _ milliseconds: DWORD, _ alertable: WindowsBool) -> DWORD {
  win32(failing: WAIT_FAILED) { () throws(WSAError) in
    wait(for: [try HandleTable.object(UInt(bitPattern: handle))], all: false, milliseconds, alertable: alertable != 0)
  }
}

/// As WaitForMultipleObjectsEx, not alertable. Page: WaitForMultipleObjects.
@c @implementation
public func WaitForMultipleObjects(
  _ count: DWORD, _ handles: UnsafePointer<HANDLE?>?, _ all: WindowsBool, _ milliseconds: DWORD
) -> DWORD {
  unsafe WaitForMultipleObjectsEx(count, handles, all, milliseconds, no)
}

/// Waits for one of several objects, of any kinds, or for all. Page: WaitForMultipleObjectsEx.
/// - Parameters:
///   - count: 1 to MAXIMUM_WAIT_OBJECTS (64).
///   - all: TRUE: when all are ready at one moment, and none is taken before; no object twice.
///   - milliseconds: INFINITE is for ever; never shorter.
///   - alertable: What is queued to the thread ends the wait and is run.
/// - Returns: WAIT_OBJECT_0 plus the lowest index that is ready (plus 0 for all), WAIT_ABANDONED_0 in its place for a
///   mutex whose owner has ended, WAIT_TIMEOUT, WAIT_IO_COMPLETION, or WAIT_FAILED: ERROR_INVALID_HANDLE,
///   ERROR_INVALID_PARAMETER.
@c @implementation
public func WaitForMultipleObjectsEx(
  _ count: DWORD, _ handles: UnsafePointer<HANDLE?>?, _ all: WindowsBool, _ milliseconds: DWORD,
  _ alertable: WindowsBool
) -> DWORD {
  win32(failing: WAIT_FAILED) { () throws(WSAError) in
    try unsafe wait(for: handles, count, all: all != 0, milliseconds, alertable: alertable != 0)
  }
}

/// As WaitForMultipleObjectsEx. Page: WSAWaitForMultipleEvents.
/// - Returns: As there, or WSA_WAIT_FAILED: WSA_INVALID_HANDLE, WSA_INVALID_PARAMETER, WSANOTINITIALISED.
@c @implementation
public func WSAWaitForMultipleEvents(
  _ count: DWORD, _ handles: UnsafePointer<HANDLE?>?, _ all: WindowsBool, _ milliseconds: DWORD,
  _ alertable: WindowsBool
) -> DWORD {
  winsock(failing: WAIT_FAILED) { () throws(WSAError) in
    try unsafe wait(for: handles, count, all: all != 0, milliseconds, alertable: alertable != 0)
  }
}

/// Waits for the time to pass. Not alertable: it only gives the time away. Page: Sleep.
/// - Parameter milliseconds: INFINITE is for ever; never shorter.
@c @implementation
public func Sleep(_ milliseconds: DWORD) { _ = SleepEx(milliseconds, no) }

/// Waits for the time to pass, or for what is queued to the thread. Page: SleepEx.
/// - Parameter milliseconds: INFINITE is for ever; never shorter.
/// - Returns: 0, or WAIT_IO_COMPLETION: calls were run.
@c @implementation
public func SleepEx(_ milliseconds: DWORD, _ alertable: WindowsBool) -> DWORD {
  let outcome = wait(for: [], all: false, milliseconds, alertable: alertable != 0)
  return outcome == WAIT_TIMEOUT ? 0 : outcome
}

/// Queues a call to a thread, which runs it when it waits alertably. Page: QueueUserAPC.
/// - Parameter data: The routine's argument.
/// - Returns: Not 0, or 0: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER (no routine), ERROR_GEN_FAILURE (the thread
///   has ended).
@c @implementation
public func QueueUserAPC(_ routine: PAPCFUNC?, _ handle: HANDLE?, _ data: ULONG_PTR) -> DWORD {
  unsafe queueCall(Callback(routine), handle, data)
}

/// QueueUserAPC, whoever calls it.
func queueCall(_ routine: Callback<PAPCFUNC>?, _ handle: HANDLE?, _ data: ULONG_PTR) -> DWORD {
  win32(failing: 0) { () throws(WSAError) in
    guard let routine else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let thread = try HandleTable.thread(UInt(bitPattern: handle)).record
    guard thread.queue({ routine(data) }) else { throw WSAError(ERROR_GEN_FAILURE) }
    return 1
  }
}

/// - Throws: ERROR_INVALID_HANDLE. ERROR_INVALID_PARAMETER: no handles or too many; one object twice in a wait for all,
///   which NT does not take either. Winsock's names have the same values.
private func wait(
  for handles: UnsafePointer<HANDLE?>?, _ count: DWORD, all: Bool, _ milliseconds: DWORD, alertable: Bool
) throws(WSAError) -> DWORD {
  guard (1...DWORD(MAXIMUM_WAIT_OBJECTS)).contains(count), let handles = unsafe handles else {
    throw WSAError(ERROR_INVALID_PARAMETER)
  }
  var objects: [KernelObject] = []
  for index in 0..<Int(count) { objects.append(try HandleTable.object(unsafe UInt(bitPattern: handles[index]))) }
  guard !all || Set(objects.map { ObjectIdentifier($0) }).count == objects.count else {
    throw WSAError(ERROR_INVALID_PARAMETER)
  }
  return wait(for: objects, all: all, milliseconds, alertable: alertable)
}

/// Waits, and runs the calls that ended an alertable wait.
private func wait(for objects: [KernelObject], all: Bool, _ milliseconds: DWORD, alertable: Bool) -> DWORD {
  switch Wait(for: objects, all: all, alertable: alertable).run(until: Deadline(wait: milliseconds)) {
  case .object(let index, let isAbandoned):
    return (isAbandoned ? WAIT_ABANDONED_0 : WAIT_OBJECT_0) + DWORD(index)
  case .call:
    ThreadRecord.current.runCalls()
    return WAIT_IO_COMPLETION
  case .timeOut: return WAIT_TIMEOUT
  }
}

/// Signals one object (sets an event, releases a semaphore or a mutex once), then waits for another. The two are not
/// one step: another thread may see the first one signalled before this one waits. Page: SignalObjectAndWait.
/// - Parameter milliseconds: INFINITE is for ever.
/// - Returns: As WaitForSingleObjectEx. WAIT_FAILED: ERROR_INVALID_HANDLE (of a kind that cannot be signalled, too),
///   ERROR_NOT_OWNER, ERROR_TOO_MANY_POSTS; then it has not waited.
@c @implementation
public func SignalObjectAndWait(
  _ signalled: HANDLE?, _ waited: HANDLE?, _ milliseconds: DWORD, _ alertable: WindowsBool
) -> DWORD {
  win32(failing: WAIT_FAILED) { () throws(WSAError) in
    let first = try HandleTable.object(UInt(bitPattern: signalled))
    let second = try HandleTable.object(UInt(bitPattern: waited))
    let thread = ThreadRecord.current
    try locked { () throws(WSAError) in try first.signalOnce(by: thread) }
    return wait(for: [second], all: false, milliseconds, alertable: alertable != 0)
  }
}
