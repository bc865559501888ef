public import CWinsock
import Glibc

/// Ends a connection (Microsoft's page "DisconnectEx function"). What was sent before goes out first; the peer's end is
/// not waited for.
/// - Parameters:
///   - overlapped: NULL: the call itself ends the connection. Else it happens after earlier overlapped sends.
///   - flags: 0, or TF_REUSE_SOCKET: afterwards the socket can be given to AcceptEx or ConnectEx. Then receives
///     under way end with WSA_OPERATION_ABORTED.
///   - reserved: 0.
/// - Returns: FALSE with ERROR_IO_PENDING, or with WSAENOTSOCK, WSAENOTCONN, WSAEINVAL (other flags), WSAEFAULT.
@c @implementation
public func ws2_DisconnectEx(
  _ handle: SOCKET, _ overlapped: LPOVERLAPPED?, _ flags: DWORD, _ reserved: DWORD
) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    guard flags & ~DWORD(TF_REUSE_SOCKET) == 0, reserved == 0 else { throw WSAError(WSAEINVAL) }
    guard socket.type == ws2_socket_stream(), !socket.neverConnected, !socket.isListening else {
      throw WSAError(WSAENOTCONN)
    }
    let reuses = flags != 0
    if reuses { socket.endReceives() }
    guard let overlapped = unsafe overlapped, socket.isOverlapped else {
      if let error = try socket.synchronous({ socket.queue.exclusively { socket.disconnect(reuses: reuses) } }).error {
        throw error
      }
      return yes
    }
    try unsafe judge(count: nil, overlapped)
    let result = try unsafe socket.overlapped(overlapped, nil, .send) { socket.disconnect(reuses: reuses) }
    if let error = result.error { throw error }
    return yes
  }
}

extension Socket {
  /// What cannot outlive the connection when the socket becomes a fresh one.
  func endReceives() {
    Self.queue(of: descriptor)?.cancel {
      if case .send = $0.direction { return false }
      return true
    }
  }

  /// Both directions end; a peer that has gone before is no failure.
  func disconnect(reuses: Bool) -> OperationResult {
    shutdown(descriptor, SD_BOTH)
    set([.sendIsShut, .receiveIsShut])
    guard reuses else { return OperationResult() }
    return renew()
  }

  /// A fresh socket under the same number. connect() to AF_UNSPEC would cut the old connection off, with what the
  /// peer has not read yet, and leave the preload's knowledge of it on the next one.
  private func renew() -> OperationResult {
    guard let local = try? SocketName.local(of: descriptor) else { return OperationResult(error: .fromErrno) }
    let fresh = socket(local.family, ws2_socket_stream() | ws2_close_on_exec(), 0)
    guard fresh >= 0 else { return OperationResult(error: .fromErrno) }
    var (dual, size): (Int32, socklen_t) = (0, 4)
    if unsafe getsockopt(descriptor, ws2_protocol_ipv6(), IPV6_V6ONLY, &dual, &size) == 0 {
      unsafe setsockopt(fresh, ws2_protocol_ipv6(), IPV6_V6ONLY, &dual, size)
    }
    if isNonBlocking { _ = ws2_set_descriptor_flags(fresh, O_NONBLOCK) }
    // Windows keeps a connecting socket's binding, so that ConnectEx takes it again; the port may be in TIME_WAIT
    // here, so the kernel chooses another.
    if !attributes.contains(.wasAccepted), local.isInternetName {
      unsafe local.withPointer {
        unsafe UnsafeMutableRawPointer($0).storeBytes(of: 0, toByteOffset: 2, as: UInt16.self)
        unsafe bind(fresh, $0, local.size)
      }
    }
    guard ws2_take_number(fresh, descriptor) == 0 else { return OperationResult(error: .fromErrno) }
    Self.queue(of: descriptor)?.descriptorReplaced()
    set([.sendIsShut, .receiveIsShut, .hasConnected, .wasAccepted], false)
    return OperationResult()
  }
}
