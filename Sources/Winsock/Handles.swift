public import CWinsock

/// Closes a handle of an object; the object goes with its last handle. A socket is closed by closesocket.
/// Page: CloseHandle.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE.
@c @implementation
public func CloseHandle(_ handle: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    try unsafe HandleTable.close(handle)
    return yes
  }
}

/// Makes a second handle of an object, or one that names the calling thread out of GetCurrentThread's.
/// Page: DuplicateHandle.
/// - Parameters:
///   - source: Not a SOCKET.
///   - access: Not looked at, nor is isInherited: a handle is good in its process alone.
///   - target: Receives the handle; NULL is good with DUPLICATE_CLOSE_SOURCE.
///   - options: DUPLICATE_CLOSE_SOURCE closes the source, whatever the result; DUPLICATE_SAME_ACCESS.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE (a process that is not GetCurrentProcess() too),
///   ERROR_INVALID_PARAMETER (no target, unknown options).
@c @implementation
public func DuplicateHandle(
  _ sourceProcess: HANDLE?, _ source: HANDLE?, _ targetProcess: HANDLE?, _ target: LPHANDLE?, _ access: DWORD,
  _ isInherited: WindowsBool, _ options: DWORD
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let processes = [UInt(bitPattern: sourceProcess), UInt(bitPattern: targetProcess)]
    guard processes == [HandleTable.currentProcess, HandleTable.currentProcess] else {
      throw WSAError(ERROR_INVALID_HANDLE)
    }
    let closes = options & DUPLICATE_CLOSE_SOURCE != 0
    guard options & ~(DUPLICATE_CLOSE_SOURCE | DUPLICATE_SAME_ACCESS) == 0, unsafe target != nil || closes else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    let object = try HandleTable.object(UInt(bitPattern: source))
    // The new one first, so that the object does not lose its last handle.
    if let target = unsafe target { unsafe target.pointee = HandleTable.open(object) }
    if closes { try? unsafe HandleTable.close(source) }
    return yes
  }
}
