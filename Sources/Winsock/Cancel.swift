public import CWinsock

/// Ends the operations that this thread began on the socket, with WSA_OPERATION_ABORTED; each is still indicated.
/// Page: CancelIo.
/// - Returns: TRUE, also when there was nothing, or FALSE: ERROR_INVALID_HANDLE.
@c @implementation
public func CancelIo(_ handle: HANDLE?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let thread = ThreadRecord.current
    _ = unsafe try queue(unsafe handle)?.cancel { $0.issuer === thread }
    return yes
  }
}

/// Ends the operation, or all on the socket for NULL, whichever thread began it. Page: CancelIoEx.
/// - Returns: TRUE, or FALSE: ERROR_NOT_FOUND (there was nothing), ERROR_INVALID_HANDLE.
@c @implementation
public func CancelIoEx(_ handle: HANDLE?, _ overlapped: LPOVERLAPPED?) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let wanted = UInt(bitPattern: overlapped)
    let count = unsafe try queue(unsafe handle)?.cancel { operation in
      unsafe wanted == 0 || UInt(bitPattern: operation.overlapped) == wanted
    }
    guard let count, count > 0 else { throw WSAError(ERROR_NOT_FOUND) }
    return yes
  }
}

/// Nil: the socket never had an overlapped operation.
private func queue(_ handle: HANDLE?) throws(WSAError) -> SocketQueue? {
  guard let socket = try? Socket(SOCKET(UInt(bitPattern: handle))), (try? socket.requireKnownSocket()) != nil else {
    throw WSAError(ERROR_INVALID_HANDLE)
  }
  return Socket.queue(of: socket.descriptor)
}
