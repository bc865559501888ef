public import CWinsock
import Glibc

/// Begins to connect, and to send when that is done (Microsoft's page "ConnectEx function"). The caller never waits,
/// in whichever mode the socket is.
/// - Parameters:
///   - handle: A stream socket, bound and not connected.
///   - name: Where to; `size` is in bytes.
///   - data: Bytes to send with the connection, or NULL; the program's until the end.
///   - sent: Bytes sent, when the call ends at once.
/// - Returns: FALSE with ERROR_IO_PENDING, or with WSAENOTSOCK, WSAEINVAL (not bound, a listener, no stream),
///   WSAEISCONN, WSAEALREADY, WSAEFAULT, ERROR_INVALID_PARAMETER (no OVERLAPPED). The operation itself ends with what
///   connect says: WSAECONNREFUSED, WSAETIMEDOUT, WSAENETUNREACH, WSAEACCES.
@c @implementation
public func ws2_ConnectEx(
  _ handle: SOCKET, _ name: UnsafePointer<sockaddr>?, _ size: Int32, _ data: PVOID?, _ dataLength: DWORD,
  _ sent: UnsafeMutablePointer<DWORD>?, _ overlapped: LPOVERLAPPED?
) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireKnownSocket()
    guard let overlapped = unsafe overlapped else { throw WSAError(ERROR_INVALID_PARAMETER) }
    try unsafe judge(count: sent, overlapped)
    try unsafe checkName(name, size)
    guard unsafe isReadable(data, unsafe data == nil ? 0 : Int(dataLength)) else { throw WSAError(WSAEFAULT) }
    try socket.requireBoundStream()
    let connection = try unsafe Connection(socket, name!, size, data, dataLength)
    let result = try unsafe socket.overlapped(overlapped, nil, .send) { connection.attempt() }
    if let error = result.error { throw error }
    unsafe sent?.pointee = result.bytes
    return yes
  }
}

extension Socket {
  fileprivate func setSystemMode(nonBlocking: Bool) {
    var mode: Int32 = nonBlocking ? 1 : 0
    _ = unsafe ws2_ioctl(descriptor, UInt(FIONBIO), &mode)
  }

  fileprivate func requireBoundStream() throws(WSAError) {
    guard type == ws2_socket_stream(), !isListening else { throw WSAError(WSAEINVAL) }
    guard !isConnectedTransport else { throw WSAError(WSAEISCONN) }
    guard try SocketName.local(of: descriptor).port != 0 else { throw WSAError(WSAEINVAL) }
  }
}

/// One ConnectEx under way.
@safe
private final class Connection: @unchecked Sendable {  // one attempt at a time, under the queue's lock
  private enum Stage { case begins, connects, sends }

  private let socket: Socket
  private var name = SocketName()
  private let transfer: Transfer?
  private var stage = Stage.begins

  init(
    _ socket: Socket, _ name: UnsafePointer<sockaddr>, _ size: Int32, _ data: PVOID?, _ dataLength: DWORD
  ) throws(WSAError) {
    self.socket = socket
    unsafe self.name.take(name, size)
    guard let data = unsafe data, dataLength > 0 else {
      transfer = nil
      return
    }
    var buffer = unsafe WSABUF(len: dataLength, buf: data.assumingMemoryBound(to: CChar.self))
    transfer = try unsafe Transfer(&buffer, 1)
  }

  func attempt() -> OperationResult? {
    switch stage {
    case .begins: begin()
    case .connects: finish()
    case .sends: send()
    }
  }

  /// libc's connect(), so that the preload sees it.
  private func begin() -> OperationResult? {
    let isBlocking = !socket.isNonBlocking
    if isBlocking { socket.setSystemMode(nonBlocking: true) }
    let result = unsafe name.withPointer { unsafe connect(socket.descriptor, $0, name.size) }
    let number = ws2_errno()
    if isBlocking { socket.setSystemMode(nonBlocking: false) }
    if result == 0 { return connected() }
    guard number == EINPROGRESS || number == EINTR else { return OperationResult(error: WSAError(errno: number)) }
    stage = .connects
    return finish()  // on loopback it is done already
  }

  private func finish() -> OperationResult? {
    var entry = pollfd(fd: socket.descriptor, events: Int16(POLLOUT), revents: 0)
    guard unsafe poll(&entry, 1, 0) > 0 else { return nil }
    do throws(WSAError) {
      let error = try socket.takeError()
      return error == 0 ? connected() : OperationResult(error: WSAError(errno: error))
    } catch {
      return OperationResult(error: error)
    }
  }

  private func connected() -> OperationResult? {
    socket.becomeConnected()
    stage = .sends
    return send()
  }

  private func send() -> OperationResult? {
    guard let transfer else { return OperationResult() }
    return transfer.send(socket, 0)
  }
}
