public import CWinsock
import Glibc

/// Connects a socket; a redirected one goes where the policy says. Page: connect.
/// - Parameter size: Of the address in bytes.
/// - Returns: 0, or SOCKET_ERROR: WSAEWOULDBLOCK (non-blocking: it is under way), WSAENOTSOCK, WSAEFAULT,
///   WSAECONNREFUSED, WSAETIMEDOUT, WSAEISCONN, WSAEINVAL (it listens), WSAEINTR (closesocket), and the network's
///   errors.
@c @implementation
public func ws2_connect(_ handle: SOCKET, _ name: UnsafePointer<sockaddr>?, _ size: Int32) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try unsafe connectSocket(socket, name, size)
    return 0
  }
}

/// As connect. Caller and callee data are for protocols that carry them, which TCP does not: ignored, as Microsoft's
/// provider does; so is a quality of service. Page: WSAConnect.
/// - Returns: As connect.
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
  try socket.requireKnownSocket()
  try unsafe checkName(name, size)
  defer { if socket.attributes.contains(.hasConnected) { socket.connectBegan() } }
  try socket.operation { () throws(WSAError) in
    if unsafe connect(socket.descriptor, name, socklen_t(size)) == 0 { return socket.becomeConnected(attributes: []) }
    switch ws2_errno() {
    case EINPROGRESS where socket.isNonBlocking:
      socket.becomeConnected(attributes: .connecting)
      throw WSAError(WSAEWOULDBLOCK)
    case EINPROGRESS:
      // SO_SNDTIMEO ends a blocking connect() on Linux.
      throw WSAError(WSAETIMEDOUT)
    case EINTR:
      // The connection goes on without us; Winsock knows no signals.
      try finish(socket)
      socket.becomeConnected(attributes: [])
    case EISCONN where socket.isListening: throw WSAError(WSAEINVAL)
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

extension Socket {
  var isListening: Bool {
    if isOurs { return attributes.contains(.listens) }
    var listens: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    unsafe getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size)
    return listens != 0
  }

  /// What the failure of a datagram receive means; nil: nothing, it is to be tried again. A connected UDP socket hears
  /// here of a peer that is not there, as on Windows, where that has another name.
  func datagramError(_ number: Int32) -> WSAError? {
    guard number == ECONNREFUSED, type == ws2_socket_datagram() else { return WSAError(errno: number) }
    return attributes.contains(.ignoresResets) ? nil : WSAError(WSAECONNRESET)
  }

  /// The pending error as an errno; reading it clears it.
  func takeError() throws(WSAError) -> Int32 {
    var error: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    try checked(unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size))
    return error
  }
}
