public import CWinsock

/// Tells of a handle. Page: GetHandleInformation.
/// - Parameter flags: Receives 0: handles are good in their process alone, and CloseHandle closes them.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER (NULL).
@c @implementation
public func GetHandleInformation(_ handle: HANDLE?, _ flags: LPDWORD?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let flags = unsafe flags else { throw WSAError(ERROR_INVALID_PARAMETER) }
    if let descriptor = unsafe descriptor(unsafe handle) {
      unsafe flags.pointee = ws2_is_kept_on_exec(descriptor) ? HANDLE_FLAG_INHERIT : 0
      return yes
    }
    _ = try HandleTable.object(UInt(bitPattern: handle))
    unsafe flags.pointee = 0
    return yes
  }
}

/// Says whether programs that are executed have a file or a socket too. Page: SetHandleInformation.
/// - Parameters:
///   - mask: HANDLE_FLAG_INHERIT; HANDLE_FLAG_PROTECT_FROM_CLOSE is not looked at.
///   - flags: The new values of these.
/// - Returns: TRUE (without effect for other objects), or FALSE: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER (another
///   mask).
@c @implementation
public func SetHandleInformation(_ handle: HANDLE?, _ mask: DWORD, _ flags: DWORD) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard mask & ~(HANDLE_FLAG_INHERIT | HANDLE_FLAG_PROTECT_FROM_CLOSE) == 0 else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    if let descriptor = unsafe descriptor(unsafe handle) {
      if mask & HANDLE_FLAG_INHERIT != 0 { ws2_set_kept_on_exec(descriptor, flags & HANDLE_FLAG_INHERIT != 0) }
      return yes
    }
    _ = try HandleTable.object(UInt(bitPattern: handle))
    return yes
  }
}

private func descriptor(_ handle: HANDLE?) -> Int32? {
  if let file = try? unsafe descriptorFile(handle) { return file.descriptor }
  guard UInt(bitPattern: handle) < HandleTable.first, let socket = try? Socket(SOCKET(UInt(bitPattern: handle))),
    (try? socket.requireSocket()) != nil
  else { return nil }
  return socket.descriptor
}

/// Whether two handles name one object. Page: CompareObjectHandles.
/// - Returns: TRUE, or FALSE, with ERROR_INVALID_HANDLE for what is none.
@c @implementation
public func CompareObjectHandles(_ first: HANDLE?, _ second: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let left = try HandleTable.object(UInt(bitPattern: first))
    return left === (try HandleTable.object(UInt(bitPattern: second))) ? yes : no
  }
}
