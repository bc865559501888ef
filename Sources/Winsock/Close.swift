public import CWinsock
import Glibc

/// Ends receiving, sending or both on a connection. Page: shutdown.
/// - Parameter how: SD_RECEIVE, SD_SEND or SD_BOTH.
/// - Returns: 0, or SOCKET_ERROR: WSAENOTSOCK, WSAEINVAL (another how), WSAENOTCONN.
@c @implementation
public func ws2_shutdown(_ handle: SOCKET, _ how: Int32) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireKnownSocket()
    guard (SD_RECEIVE...SD_BOTH).contains(how) else { throw WSAError(WSAEINVAL) }
    // Linux says ENOTCONN too, but shuts it all the same.
    guard !socket.neverConnected else { throw WSAError(WSAENOTCONN) }
    try checked(shutdown(socket.descriptor, how))
    if how != SD_RECEIVE { socket.set(.sendIsShut) }
    if how != SD_SEND { socket.set(.receiveIsShut) }
    return 0
  }
}

/// Closes a socket. Calls that wait on it end with WSAEINTR, pending operations with WSA_OPERATION_ABORTED, each still
/// indicated; connections that WSAAccept deferred are refused. Page: closesocket.
/// - Returns: 0, or SOCKET_ERROR: WSAENOTSOCK, WSANOTINITIALISED.
@c @implementation
public func closesocket(_ handle: SOCKET) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    try socket.dismantle()
    while let deferred = DeferredConnections.next(of: socket.descriptor) { deferred.refuse() }
    // Linux frees the number whatever close() says.
    close(socket.descriptor)
    return 0
  }
}
