public import CWinsock

/// Tells how an overlapped operation on a socket ended. Page: WSAGetOverlappedResult.
/// - Parameters:
///   - transferred: Receives bytes, when it succeeded.
///   - waits: TRUE waits for the end; on hEvent where there is one.
///   - flags: Receives what WSARecv would have put there.
/// - Returns: TRUE, or FALSE: WSA_IO_INCOMPLETE (under way, not waited for), WSAENOTSOCK, WSAEFAULT, or the operation's
///   error.
@c @implementation
public func WSAGetOverlappedResult(
  _ handle: SOCKET, _ overlapped: LPWSAOVERLAPPED?, _ transferred: UnsafeMutablePointer<DWORD>?,
  _ waits: WindowsBool, _ flags: UnsafeMutablePointer<DWORD>?
) -> WindowsBool {
  unsafe overlappedResult(handle, overlapped, transferred, waits, flags, missing: WSAError(WSA_INVALID_PARAMETER))
}

/// WSAGetOverlappedResult, whoever calls it.
/// - Parameter missing: What a NULL is: the program is told WSA_INVALID_PARAMETER, a provider's caller WSAEINVAL.
func overlappedResult(
  _ handle: SOCKET, _ overlapped: LPWSAOVERLAPPED?, _ transferred: UnsafeMutablePointer<DWORD>?,
  _ waits: WindowsBool, _ flags: UnsafeMutablePointer<DWORD>?, missing: WSAError
) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    try Socket(handle).requireSocket()
    guard let overlapped = unsafe overlapped, let transferred = unsafe transferred, let flags = unsafe flags else {
      throw missing
    }
    guard unsafe isWritable(overlapped, MemoryLayout<WSAOVERLAPPED>.size),
      unsafe isWritable(transferred, MemoryLayout<DWORD>.size), unsafe isWritable(flags, MemoryLayout<DWORD>.size)
    else { throw WSAError(WSAEFAULT) }
    let status = try unsafe settledStatus(overlapped, waits == 0 ? 0 : DWORD.max, alertable: false)
    let error = ws2_error_from_status(status)
    guard error == 0 else { throw WSAError(rawValue: error) }
    unsafe transferred.pointee = DWORD(truncatingIfNeeded: overlapped.pointee.InternalHigh)
    unsafe flags.pointee = overlapped.pointee.Offset
    return yes
  }
}

/// As GetOverlappedResultEx: for ever, or not at all. Page: GetOverlappedResult.
@c @implementation
public func GetOverlappedResult(
  _ handle: HANDLE?, _ overlapped: LPOVERLAPPED?, _ transferred: LPDWORD?, _ waits: WindowsBool
) -> WindowsBool {
  unsafe GetOverlappedResultEx(handle, overlapped, transferred, waits == 0 ? 0 : DWORD.max, no)
}

/// Tells how an overlapped operation ended; the handle is not looked at. Page: GetOverlappedResultEx.
/// - Parameters:
///   - transferred: Receives bytes, also when the operation failed.
///   - milliseconds: 0 does not wait, INFINITE is for ever.
///   - alertable: A call that is queued to the thread ends the wait and is run.
/// - Returns: TRUE, or FALSE: ERROR_IO_INCOMPLETE, WAIT_TIMEOUT, WAIT_IO_COMPLETION, ERROR_INVALID_PARAMETER, or the
///   operation's Win32 error.
@c @implementation
public func GetOverlappedResultEx(
  _ handle: HANDLE?, _ overlapped: LPOVERLAPPED?, _ transferred: LPDWORD?, _ milliseconds: DWORD,
  _ alertable: WindowsBool
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let overlapped = unsafe overlapped, unsafe isWritable(overlapped, MemoryLayout<OVERLAPPED>.size),
      let transferred = unsafe transferred, unsafe isWritable(transferred, MemoryLayout<DWORD>.size)
    else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let status = try unsafe settledStatus(overlapped, milliseconds, alertable: alertable != 0)
    // The count is there also when the operation failed.
    unsafe transferred.pointee = DWORD(truncatingIfNeeded: overlapped.pointee.InternalHigh)
    let error = ws2_win32_from_status(status)
    guard error == 0 else { throw WSAError(rawValue: Int32(bitPattern: error)) }
    return yes
  }
}

/// The status of an operation that has ended.
/// - Throws: ERROR_IO_INCOMPLETE when it has not, WAIT_TIMEOUT or WAIT_IO_COMPLETION when it was waited for.
private func settledStatus(
  _ overlapped: LPWSAOVERLAPPED, _ milliseconds: DWORD, alertable: Bool
) throws(WSAError) -> DWORD {
  let status = unsafe ws2_status_of(overlapped)
  if status != STATUS_PENDING { return status }
  if milliseconds == 0 && !alertable { throw WSAError(ERROR_IO_INCOMPLETE) }
  let deadline = Deadline(wait: milliseconds)
  let handle = unsafe UInt(bitPattern: overlapped.pointee.hEvent) & ~1
  if handle == 0 {
    try unsafe OverlappedWaiters.wait(for: overlapped, until: deadline, alertable: alertable)
  } else {
    switch Wait(for: [try HandleTable.event(handle)], alertable: alertable).run(until: deadline) {
    case .call:
      ThreadRecord.current.runCalls()
      throw WSAError(Int(WAIT_IO_COMPLETION))
    case .object:
      // Set by somebody else: the wait is over, and it was not for too long.
      if unsafe ws2_status_of(overlapped) == STATUS_PENDING { throw WSAError(ERROR_IO_INCOMPLETE) }
    case .timeOut: break
    }
  }
  let settled = unsafe ws2_status_of(overlapped)
  if settled == STATUS_PENDING { throw WSAError(milliseconds == 0 ? ERROR_IO_INCOMPLETE : Int(WAIT_TIMEOUT)) }
  return settled
}
