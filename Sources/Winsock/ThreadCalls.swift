public import CWinsock
import Glibc

/// Tells what a thread returned. Page: GetExitCodeThread.
/// - Parameter code: STILL_ACTIVE (259) while it runs.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER (code is NULL).
@c @implementation
public func GetExitCodeThread(_ handle: HANDLE?, _ code: LPDWORD?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let code = unsafe code else { throw WSAError(ERROR_INVALID_PARAMETER) }
    unsafe code.pointee = try HandleTable.thread(UInt(bitPattern: handle)).exitCode
    return yes
  }
}

/// Lets a thread of CREATE_SUSPENDED begin. Page: ResumeThread.
/// - Returns: How often it was suspended: 1, or 0 when it runs already. DWORD(-1): ERROR_INVALID_HANDLE.
@c @implementation
public func ResumeThread(_ handle: HANDLE?) -> DWORD {
  win32(failing: DWORD.max) { () throws(WSAError) in try HandleTable.thread(UInt(bitPattern: handle)).resume() }
}

/// Opens another handle of a thread. Page: OpenThread.
/// - Parameters:
///   - access: Not looked at: every handle may do everything.
///   - identifier: Of a thread of CreateThread's, or of another one that has used a wait, a mutex, a timer or an
///     overlapped operation; always of the caller.
/// - Returns: The handle, or NULL: ERROR_INVALID_PARAMETER (no such thread is known, or it has ended).
@c @implementation
public func OpenThread(_ access: DWORD, _ isInherited: WindowsBool, _ identifier: DWORD) -> HANDLE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    guard let record = ThreadRecord.running(identifier) else { throw WSAError(ERROR_INVALID_PARAMETER) }
    return unsafe HandleTable.open(record.object)
  }
}

/// Ends the calling thread: its mutexes are abandoned, its operations cancelled, its handles signalled. In a thread of
/// CreateThread's no destructor of a C++ frame is called, as on Windows. Page: ExitThread.
@c @implementation
public func ExitThread(_ code: DWORD) -> Never {
  if !ws2_thread_is_run() { ThreadRecord.current.end(code) }
  ws2_exit_thread(code)
}

/// The calling thread, whoever uses the handle; it is not to be closed. Page: GetCurrentThread.
/// - Returns: (HANDLE)-2; DuplicateHandle makes a handle of it that names this thread.
@c @implementation
public func GetCurrentThread() -> HANDLE? { unsafe HANDLE(bitPattern: HandleTable.currentThread) }

/// This process, for DuplicateHandle alone. Page: GetCurrentProcess.
/// - Returns: (HANDLE)-1.
@c @implementation
public func GetCurrentProcess() -> HANDLE? { unsafe HANDLE(bitPattern: HandleTable.currentProcess) }

/// The number of the calling thread. Page: GetCurrentThreadId.
/// - Returns: Linux' thread identifier (gettid).
@c @implementation
public func GetCurrentThreadId() -> DWORD { DWORD(bitPattern: ws2_thread_identifier()) }

/// The number of this process. Page: GetCurrentProcessId.
/// - Returns: Linux' process identifier (getpid).
@c @implementation
public func GetCurrentProcessId() -> DWORD { DWORD(bitPattern: getpid()) }
