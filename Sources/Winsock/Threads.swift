public import CWinsock
import Glibc

/// What a new thread needs to know.
@safe
private struct ThreadStart {
  let routine: Callback<LPTHREAD_START_ROUTINE>
  let parameter: LPVOID?
  let object: ThreadObject
}

/// Starts a thread. Page: CreateThread.
/// - Parameters:
///   - security: Not looked at.
///   - stackSize: In bytes, for the whole stack, 256 KiB at least; 0: the system's default.
///   - flags: CREATE_SUSPENDED: it begins with ResumeThread. STACK_SIZE_PARAM_IS_A_RESERVATION.
///   - identifier: Receives what GetCurrentThreadId says there; may be NULL.
/// - Returns: A handle, signalled when the thread has ended; NULL: ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY.
@c @implementation
public func CreateThread(
  _ security: LPSECURITY_ATTRIBUTES?, _ stackSize: SIZE_T, _ routine: LPTHREAD_START_ROUTINE?, _ parameter: LPVOID?,
  _ flags: DWORD, _ identifier: LPDWORD?
) -> HANDLE? {
  unsafe startThread(stackSize, Callback(routine), parameter, flags, identifier)
}

/// CreateThread, whoever calls it.
func startThread(
  _ stackSize: SIZE_T, _ routine: Callback<LPTHREAD_START_ROUTINE>?, _ parameter: LPVOID?, _ flags: DWORD,
  _ identifier: LPDWORD?
) -> HANDLE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    guard let routine = unsafe routine else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let known = CREATE_SUSPENDED | STACK_SIZE_PARAM_IS_A_RESERVATION
    guard flags & ~known == 0 else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let object = ThreadObject(isSuspended: flags & CREATE_SUSPENDED != 0)
    let start = UnsafeMutablePointer<ThreadStart>.allocate(capacity: 1)
    unsafe start.initialize(to: ThreadStart(routine: routine, parameter: parameter, object: object))
    let error = unsafe ws2_start_thread(wholeStack(stackSize), runThread, start)
    guard error == 0 else {
      unsafe start.deinitialize(count: 1)
      unsafe start.deallocate()
      throw WSAError(error == EAGAIN || error == ENOMEM ? ERROR_NOT_ENOUGH_MEMORY : ERROR_INVALID_PARAMETER)
    }
    if let identifier = unsafe identifier { unsafe identifier.pointee = object.identifier }
    return unsafe HandleTable.open(object)
  }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  let pointer = unsafe argument!.assumingMemoryBound(to: ThreadStart.self)
  unsafe pointer.pointee.object.begin()
  // ExitThread comes back here, over the frames of the routine and of this closure, which has nothing to clean up.
  let code = unsafe ws2_run_thread(
    { pointer in
      // QueueUserAPC's page: what was queued to a thread before it began runs first.
      ThreadRecord.current.runCalls()
      let start = unsafe pointer.assumingMemoryBound(to: ThreadStart.self)
      return unsafe start.pointee.routine(start.pointee.parameter)
    }, pointer)
  unsafe pointer.deinitialize(count: 1)
  unsafe pointer.deallocate()
  ThreadRecord.current.end(code)
  return nil
}

/// 0: the default. A Windows size says what is committed first and can be tiny; a pthread's is all there is, so that
/// glibc's buffers and the program's need a floor.
private func wholeStack(_ size: SIZE_T) -> Int {
  size == 0 ? 0 : Int(clamping: (max(size, 256 << 10) + 0xffff) & ~0xffff)
}
