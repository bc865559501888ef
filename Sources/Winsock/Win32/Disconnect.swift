public import CWinsock

/// Ends sending. TCP carries no disconnect data. Page: WSASendDisconnect.
/// - Parameter data: NULL or empty: data that would be lost in silence is refused.
/// - Returns: 0, or SOCKET_ERROR: WSAENOPROTOOPT (data), and the errors of shutdown.
@c @implementation
public func WSASendDisconnect(_ handle: SOCKET, _ data: LPWSABUF?) -> Int32 {
  if let data = unsafe data, unsafe data.pointee.len > 0 {
    return winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
      try Socket(handle).requireSocket()
      throw WSAError(WSAENOPROTOOPT)
    }
  }
  return ws2_shutdown(handle, SD_SEND)
}

/// Ends receiving. TCP carries no disconnect data. Page: WSARecvDisconnect.
/// - Parameter data: Receives a length of 0; may be NULL.
/// - Returns: 0, or SOCKET_ERROR: the errors of shutdown.
@c @implementation
public func WSARecvDisconnect(_ handle: SOCKET, _ data: LPWSABUF?) -> Int32 {
  let result = ws2_shutdown(handle, SD_RECEIVE)
  if result == 0 { unsafe data?.pointee.len = 0 }
  return result
}
