public import CWinsock
import Glibc

@c @implementation
public func ws2_connect(_ handle: SOCKET, _ name: UnsafePointer<sockaddr>?, _ size: Int32) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try unsafe connectSocket(socket, name, size)
    return 0
  }
}

/// Caller and callee data are for protocols that carry them, which TCP does not: ignored, as Microsoft's provider
/// does; so is a quality of service.
@c @implementation
public func WSAConnect(
  _ handle: SOCKET, _ name: UnsafePointer<sockaddr>?, _ size: Int32, _ callerData: LPWSABUF?, _ calleeData: LPWSABUF?,
  _ socketQuality: LPQOS?, _ groupQuality: LPQOS?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try unsafe connectSocket(socket, name, size)
    unsafe calleeData?.pointee.len = 0
    return 0
  }
}

private func connectSocket(_ socket: Socket, _ name: UnsafePointer<sockaddr>?, _ size: Int32) throws(WSAError) {
  try socket.requireSocket()
  try unsafe checkName(name, size)
  try socket.operation { () throws(WSAError) in
    if unsafe connect(socket.descriptor, name, socklen_t(size)) == 0 { return socket.set(.hasConnected) }
    switch ws2_errno() {
    case EINPROGRESS where socket.isNonBlocking:
      socket.set([.connecting, .hasConnected])
      throw WSAError(WSAEWOULDBLOCK)
    case EINPROGRESS:
      // SO_SNDTIMEO ends a blocking connect() on Linux.
      throw WSAError(WSAETIMEDOUT)
    case EINTR:
      // The connection goes on without us; Winsock knows no signals.
      try finish(socket)
      socket.set(.hasConnected)
    case EISCONN where isListening(socket): throw WSAError(WSAEINVAL)
    default:
      throw .fromErrno
    }
  }
}

private func finish(_ socket: Socket) throws(WSAError) {
  _ = try socket.wait(for: POLLOUT, until: .never)
  let error = try socket.takeError()
  guard error == 0 else { throw WSAError(errno: error) }
}

private func isListening(_ socket: Socket) -> Bool {
  var listens: Int32 = 0
  var size = socklen_t(MemoryLayout<Int32>.size)
  unsafe getsockopt(socket.descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size)
  return listens != 0
}

extension Socket {
  /// The pending error as an errno; reading it clears it.
  func takeError() throws(WSAError) -> Int32 {
    var error: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    try checked(unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size))
    return error
  }
}
