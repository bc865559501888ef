public import CWinsock
import Glibc

/// Starts a thread, as CreateThread does: glibc needs nothing of its own for a thread. Page: _beginthreadex.
/// - Parameters:
///   - stackSize: In bytes; 0: the default.
///   - flags: 0 or CREATE_SUSPENDED.
///   - identifier: Receives what GetCurrentThreadId says there; may be NULL.
/// - Returns: A handle, which the program closes, or 0: errno EINVAL or EAGAIN, and the last error.
@c @implementation
public func _beginthreadex(
  _ security: UnsafeMutableRawPointer?, _ stackSize: UInt32, _ start: ws2_thread_start?,
  _ argument: UnsafeMutableRawPointer?, _ flags: UInt32, _ identifier: UnsafeMutablePointer<UInt32>?
) -> UInt {
  unsafe begin(stackSize, start, argument, flags, identifier, .systemV)
}

/// _beginthreadex for a function of the Windows x64 convention. Page: _beginthreadex.
@c @implementation
public func ws2_ms__beginthreadex(
  _ security: UnsafeMutableRawPointer?, _ stackSize: UInt32, _ start: ws2_thread_start?,
  _ argument: UnsafeMutableRawPointer?, _ flags: UInt32, _ identifier: UnsafeMutablePointer<UInt32>?
) -> UInt {
  unsafe begin(stackSize, start, argument, flags, identifier, .windows)
}

private func begin(
  _ stackSize: UInt32, _ start: ws2_thread_start?, _ argument: UnsafeMutableRawPointer?, _ flags: UInt32,
  _ identifier: UnsafeMutablePointer<UInt32>?, _ convention: CallingConvention
) -> UInt {
  let handle = unsafe startThread(SIZE_T(stackSize), Callback(start, convention), argument, flags, identifier)
  if unsafe handle == nil { ws2_set_errno(ws2_last_error() == ERROR_INVALID_PARAMETER ? EINVAL : EAGAIN) }
  return UInt(bitPattern: handle)
}

/// What a thread of _beginthread needs to know.
@safe
private struct PlainStart {
  let start: ws2_plain_thread_start
  let argument: UnsafeMutableRawPointer?
}

/// Starts a thread whose handle nobody has to close. Page: _beginthread.
/// - Parameter stackSize: In bytes; 0: the default.
/// - Returns: A handle, which is closed when the thread ends, or (uintptr_t)-1: errno EINVAL or EAGAIN.
@c @implementation
public func _beginthread(
  _ start: ws2_plain_thread_start?, _ stackSize: UInt32, _ argument: UnsafeMutableRawPointer?
) -> UInt {
  guard let start = unsafe start else {
    ws2_set_errno(EINVAL)
    return .max
  }
  let box = UnsafeMutablePointer<PlainStart>.allocate(capacity: 1)
  unsafe box.initialize(to: PlainStart(start: start, argument: argument))
  let routine: LPTHREAD_START_ROUTINE = { parameter in
    guard let parameter = unsafe parameter else { return 0 }
    let box = unsafe parameter.assumingMemoryBound(to: PlainStart.self)
    let start = unsafe box.move()
    unsafe box.deallocate()
    unsafe start.start(start.argument)
    return 0
  }
  let handle = unsafe CreateThread(nil, SIZE_T(stackSize), routine, box, CREATE_SUSPENDED, nil)
  guard let handle = unsafe handle else {
    unsafe box.deallocate()
    ws2_set_errno(EAGAIN)
    return .max
  }
  if let thread = try? HandleTable.thread(UInt(bitPattern: handle)) {
    thread.closeHandleAtEnd(UInt(bitPattern: handle))
  }
  _ = unsafe ResumeThread(handle)
  return UInt(bitPattern: handle)
}

/// Ends the calling thread. Page: _endthreadex.
@c @implementation
public func _endthreadex(_ code: UInt32) -> Never { ExitThread(code) }

/// Ends the calling thread. Page: _endthread.
@c @implementation
public func _endthread() -> Never { ExitThread(0) }
