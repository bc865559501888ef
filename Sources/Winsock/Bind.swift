public import CWinsock
import Glibc

/// Gives a socket its local address. Page: bind.
/// - Parameter size: Of the address in bytes.
/// - Returns: 0, or SOCKET_ERROR: WSAENOTSOCK, WSAEFAULT, WSAEADDRINUSE, WSAEADDRNOTAVAIL, WSAEACCES, WSAEINVAL (bound
///   already).
@c @implementation
public func ws2_bind(_ handle: SOCKET, _ name: UnsafePointer<sockaddr>?, _ size: Int32) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireKnownSocket()
    try unsafe checkName(name, size)
    unsafe allowTimeWait(socket, name!)
    return try checked(unsafe bind(socket.descriptor, name, socklen_t(size)))
  }
}

/// On Windows connections in TIME_WAIT do not keep a restarted service from its port; on Linux they do unless
/// SO_REUSEADDR was set on their listener and is set on the new one. (There, unlike on Windows, it never takes a port
/// from a listener.) A port of the kernel's choice stays the socket's own until it listens.
private func allowTimeWait(_ socket: Socket, _ name: UnsafePointer<sockaddr>) {
  let family = unsafe Int32(name.pointee.sa_family)
  guard family == AF_INET || family == AF_INET6,
    unsafe UnsafeRawPointer(name).load(fromByteOffset: 2, as: UInt16.self) != 0, socket.type == ws2_socket_stream()
  else { return }
  try? socket.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
}

extension Socket {
  /// SOCK_STREAM and so on; -1 when it cannot be told.
  var type: Int32 {
    let attributes = attributes
    if attributes.contains([.known, .isStream]) { return ws2_socket_stream() }
    if attributes.contains([.known, .isDatagram]) { return ws2_socket_datagram() }
    var type: Int32 = -1
    var size = socklen_t(MemoryLayout<Int32>.size)
    unsafe getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size)
    return type
  }

  var family: Int32 {
    let attributes = attributes
    if attributes.contains([.known, .isInternet4]) { return AF_INET }
    if attributes.contains([.known, .isInternet6]) { return AF_INET6 }
    return (try? SocketName.local(of: descriptor))?.family ?? 0
  }
}

/// Has a bound socket take connections. Page: listen.
/// - Parameter backlog: How many may wait; SOMAXCONN_HINT(n) is n.
/// - Returns: 0, or SOCKET_ERROR: WSAENOTSOCK, WSAEINVAL (not bound), WSAEOPNOTSUPP, WSAEADDRINUSE.
@c @implementation
public func ws2_listen(_ handle: SOCKET, _ backlog: Int32) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    // Linux would bind it to a port of its own choice.
    let name = try SocketName.local(of: socket.descriptor)
    if socket.type == ws2_socket_stream(), name.isInternetName {
      guard name.port != 0 else { throw WSAError(WSAEINVAL) }
      try socket.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
    }
    // SOMAXCONN_HINT is a negative number.
    let result = try checked(listen(socket.descriptor, Int32(clamping: backlog.magnitude)))
    socket.set(.listens)
    return result
  }
}

/// Tells the local address of a socket. Page: getsockname.
/// - Parameter size: In: bytes there are; out: bytes of the address.
/// - Returns: 0, or SOCKET_ERROR: WSAENOTSOCK, WSAEFAULT (NULL, too small), WSAEINVAL (not bound).
@c @implementation
public func ws2_getsockname(
  _ handle: SOCKET, _ name: UnsafeMutablePointer<sockaddr>?, _ size: UnsafeMutablePointer<Int32>?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    let local = try SocketName.local(of: socket.descriptor)
    guard let name = unsafe name, let size = unsafe size else { throw WSAError(WSAEFAULT) }
    guard !local.isInternetName || local.port != 0 else { throw WSAError(WSAEINVAL) }
    try unsafe local.copy(to: name, size)
    return 0
  }
}

/// Tells the address of the other end. Page: getpeername.
/// - Parameter size: In: bytes there are; out: bytes of the address.
/// - Returns: 0, or SOCKET_ERROR: WSAENOTSOCK, WSAENOTCONN, WSAEFAULT (NULL, too small).
@c @implementation
public func ws2_getpeername(
  _ handle: SOCKET, _ name: UnsafeMutablePointer<sockaddr>?, _ size: UnsafeMutablePointer<Int32>?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    try unsafe answerName(name, size) { unsafe getpeername(socket.descriptor, $0, $1) }
    return 0
  }
}
