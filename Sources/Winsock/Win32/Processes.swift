public import CWinsock
import Glibc

/// Opens a handle of a process, which is signalled when it has ended. Page: OpenProcess.
/// - Parameters:
///   - access: Not looked at: Linux decides at each call.
///   - identifier: Linux' process identifier.
/// - Returns: The handle, or NULL: ERROR_INVALID_PARAMETER (no such process), ERROR_NOT_SUPPORTED (Linux before 5.3).
@c @implementation
public func OpenProcess(_ access: DWORD, _ isInherited: WindowsBool, _ identifier: DWORD) -> HANDLE? {
  unsafe win32(failing: nil) { () throws(WSAError) in unsafe HandleTable.open(try ProcessObject(identifier)) }
}

/// The number of a process. Page: GetProcessId.
/// - Returns: Linux' process identifier, or 0: ERROR_INVALID_HANDLE.
@c @implementation
public func GetProcessId(_ handle: HANDLE?) -> DWORD {
  win32(failing: 0) { () throws(WSAError) in DWORD(try unsafe ProcessReference(handle).identifier) }
}

/// Tells how a process has ended. Page: GetExitCodeProcess.
/// - Parameter code: STILL_ACTIVE (259) while it runs; of one that a signal ended 128 and its number, as shells say it.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER (NULL), ERROR_ACCESS_DENIED: it has ended and
///   is no child of this process, or its parent has waited for it, so that Linux does not tell.
@c @implementation
public func GetExitCodeProcess(_ handle: HANDLE?, _ code: LPDWORD?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let code = unsafe code else { throw WSAError(ERROR_INVALID_PARAMETER) }
    guard case .other(let process) = try unsafe ProcessReference(handle) else {
      unsafe code.pointee = STILL_ACTIVE
      return yes
    }
    var status: UInt32 = 0
    switch unsafe ws2_process_exit_code(process.descriptor, &status) {
    case 0: unsafe code.pointee = STILL_ACTIVE
    case 1: unsafe code.pointee = status
    default: throw WSAError(ERROR_ACCESS_DENIED)
    }
    return yes
  }
}

/// Ends a process at once. Page: TerminateProcess.
/// - Parameter code: Its exit code, of which Linux keeps eight bits; another process ends by SIGKILL, without one.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED (it has ended already, too).
@c @implementation
public func TerminateProcess(_ handle: HANDLE?, _ code: UINT) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard case .other(let process) = try unsafe ProcessReference(handle), process.identifier != getpid() else {
      _exit(Int32(truncatingIfNeeded: code))
    }
    guard !process.hasEnded, ws2_process_signal(process.descriptor, SIGKILL) == 0 else {
      throw WSAError(ERROR_ACCESS_DENIED)
    }
    return yes
  }
}

/// Ends this process, with what atexit() was given. Page: ExitProcess.
/// - Parameter code: Linux keeps eight bits of it.
@c @implementation
public func ExitProcess(_ code: UINT) -> Never { exit(Int32(truncatingIfNeeded: code)) }

private func imageName<Unit: TextUnit>(
  _ handle: HANDLE?, _ flags: DWORD, _ buffer: UnsafeMutablePointer<Unit>?, _ size: PDWORD?
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard flags & ~PROCESS_NAME_NATIVE == 0, let size = unsafe size, let buffer = unsafe buffer else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    let path = try unsafe ProcessReference(handle).imagePath()
    guard unsafe copy(path, to: buffer, room: Int(size.pointee)) else { throw WSAError(ERROR_INSUFFICIENT_BUFFER) }
    unsafe size.pointee = DWORD(Unit.units(of: path).count)
    return yes
  }
}

/// The path of a process's program. Page: QueryFullProcessImageNameA.
/// - Parameters:
///   - flags: 0 or PROCESS_NAME_NATIVE, which is the same path.
///   - size: In: of the buffer in characters. Out: characters without the zero.
/// - Returns: TRUE, or FALSE: ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER,
///   ERROR_ACCESS_DENIED (another user's), ERROR_GEN_FAILURE (it has ended).
@c @implementation
public func QueryFullProcessImageNameA(
  _ handle: HANDLE?, _ flags: DWORD, _ buffer: LPSTR?, _ size: PDWORD?
) -> WindowsBool {
  unsafe imageName(handle, flags, buffer, size)
}

/// As QueryFullProcessImageNameA. Page: QueryFullProcessImageNameW.
@c @implementation
public func QueryFullProcessImageNameW(
  _ handle: HANDLE?, _ flags: DWORD, _ buffer: LPWSTR?, _ size: PDWORD?
) -> WindowsBool {
  unsafe imageName(handle, flags, buffer, size)
}

/// Tells when a process began and what time it used. Page: GetProcessTimes.
/// - Parameters:
///   - creation: To a hundredth of a second, which is what Linux keeps.
///   - exit: 0: Linux does not keep it.
///   - kernel: In units of 100 ns, as user.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER (NULL), ERROR_ACCESS_DENIED (it is gone).
@c @implementation
public func GetProcessTimes(
  _ handle: HANDLE?, _ creation: LPFILETIME?, _ exit: LPFILETIME?, _ kernel: LPFILETIME?, _ user: LPFILETIME?
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let creation = unsafe creation, let exit = unsafe exit, let kernel = unsafe kernel, let user = unsafe user
    else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let process = try unsafe ProcessReference(handle)
    guard let times = ProcessTimes(process.identifier) else { throw WSAError(ERROR_ACCESS_DENIED) }
    unsafe creation.pointee = fileTime(times.creation)
    unsafe exit.pointee = fileTime(0)
    unsafe kernel.pointee = fileTime(times.kernel)
    unsafe user.pointee = fileTime(times.user)
    return yes
  }
}

/// Of /proc/PID/stat, whose second field, the name in parentheses, can have anything in it.
private struct ProcessTimes {
  let creation: Int64
  let kernel: Int64
  let user: Int64

  init?(_ identifier: Int32) {
    let text = String(decoding: contents(of: "/proc/\(identifier)/stat"), as: UTF8.self)
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[end...].split(separator: " ").compactMap { Int64($0) }
    // Without the first three fields, of which the third is a letter.
    guard fields.count > 18 else { return nil }
    let unit = 10_000_000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    (user, kernel) = (fields[10] * unit, fields[11] * unit)
    let booted = String(decoding: contents(of: "/proc/stat"), as: UTF8.self).split(separator: "\n")
      .first { $0.hasPrefix("btime ") }.flatMap { Int($0.dropFirst(6)) }
    creation = fileTime(seconds: booted ?? 0) + fields[18] * unit
  }
}

/// The number of a thread. Page: GetThreadId.
/// - Returns: Linux' thread identifier, or 0: ERROR_INVALID_HANDLE.
@c @implementation
public func GetThreadId(_ handle: HANDLE?) -> DWORD {
  win32(failing: 0) { () throws(WSAError) in try HandleTable.thread(UInt(bitPattern: handle)).identifier }
}

/// Lets another thread run. Page: SwitchToThread.
/// - Returns: TRUE: Linux does not tell whether one did.
@c @implementation
public func SwitchToThread() -> WindowsBool {
  sched_yield()
  return yes
}

/// The processor that the thread runs on. Page: GetCurrentProcessorNumber.
@c @implementation
public func GetCurrentProcessorNumber() -> DWORD { DWORD(max(0, ws2_processor())) }
