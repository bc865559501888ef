public import CWinsock
import Glibc

/// What a new thread needs to know.
@safe
private struct ThreadStart {
  let routine: Callback<LPTHREAD_START_ROUTINE>
  let parameter: LPVOID?
  let object: ThreadObject
}

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
    // CREATE_SUSPENDED needs ResumeThread, which is not here.
    guard flags & ~STACK_SIZE_PARAM_IS_A_RESERVATION == 0 else { throw WSAError(ERROR_NOT_SUPPORTED) }
    let object = ThreadObject()
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
  let start = unsafe pointer.move()
  unsafe pointer.deallocate()
  start.object.begin(DWORD(bitPattern: ws2_thread_identifier()))
  let code = unsafe start.routine(start.parameter)
  // Before the handle says so: what the thread began has ended, and no call can be queued to it any more.
  ThreadRecord.current.end()
  start.object.end(code)
  return nil
}

/// 0: the default. A Windows size says what is committed first and can be tiny; a pthread's is all there is, so that
/// glibc's buffers and the program's need a floor.
private func wholeStack(_ size: SIZE_T) -> Int {
  size == 0 ? 0 : Int(clamping: (max(size, 256 << 10) + 0xffff) & ~0xffff)
}

@c @implementation
public func GetExitCodeThread(_ handle: HANDLE?, _ code: LPDWORD?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let code = unsafe code else { throw WSAError(ERROR_INVALID_PARAMETER) }
    unsafe code.pointee = try HandleTable.thread(UInt(bitPattern: handle)).exitCode
    return yes
  }
}

@c @implementation
public func GetCurrentThreadId() -> DWORD { DWORD(bitPattern: ws2_thread_identifier()) }

@c @implementation
public func GetCurrentProcessId() -> DWORD { DWORD(bitPattern: getpid()) }
