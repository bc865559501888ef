public import CWinsock
import Glibc

/// The sockets of providers whose handles the system does not know (WPUCreateSocketHandle). Here the handle is a
/// descriptor that nothing is ever sent to: its number is the SOCKET, and ports and waits take it.
private enum ProviderHandles {
  nonisolated(unsafe) private static var contexts: [Int32: DWORD_PTR] = [:]  // under ws2_lock

  static func make(_ context: DWORD_PTR) throws(WSAError) -> SOCKET {
    let descriptor = try checked(Glibc.socket(AF_UNIX, ws2_socket_datagram(), 0))
    let socket = try Socket(made: descriptor, .isProviderHandle)
    locked { unsafe contexts[descriptor] = context }
    return socket.handle
  }

  static func context(of socket: Socket) -> DWORD_PTR { locked { unsafe contexts[socket.descriptor] } ?? 0 }
  static func forget(_ socket: Socket) { locked { unsafe contexts[socket.descriptor] = nil } }
}

/// - Throws: WSAENOTSOCK: not of WPUCreateSocketHandle.
private func providerSocket(_ handle: SOCKET) throws(WSAError) -> Socket {
  let socket = try Socket(handle)
  guard socket.attributes.contains(.isProviderHandle) else { throw WSAError(WSAENOTSOCK) }
  return socket
}

/// Makes a SOCKET for a provider that has no system handle. Calls on it are not passed on to the provider, as no
/// provider is loaded here: it carries the context, events and ports. Page: WPUCreateSocketHandle.
/// - Parameters:
///   - entry: The provider's catalogue entry; not looked at.
///   - context: What WPUQuerySocketHandleContext gives back.
/// - Returns: The socket, or INVALID_SOCKET and WSAENOBUFS or WSAEMFILE in *lpErrno.
@c @implementation
public func WPUCreateSocketHandle(_ entry: DWORD, _ context: DWORD_PTR, _ error: LPINT?) -> SOCKET {
  unsafe upcall(error, failing: invalidSocket) { () throws(WSAError) in try ProviderHandles.make(context) }
}

/// Closes a socket of WPUCreateSocketHandle. Page: WPUCloseSocketHandle.
/// - Returns: 0, or SOCKET_ERROR and WSAENOTSOCK in *lpErrno for any other.
@c @implementation
public func WPUCloseSocketHandle(_ handle: SOCKET, _ error: LPINT?) -> Int32 {
  unsafe upcall(error, failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try providerSocket(handle)
    ProviderHandles.forget(socket)
    try socket.dismantle()
    close(socket.descriptor)
    return 0
  }
}

/// Gives back what WPUCreateSocketHandle was given. Page: WPUQuerySocketHandleContext.
/// - Returns: 0, or SOCKET_ERROR and WSAENOTSOCK (not such a socket) or WSAEFAULT in *lpErrno.
@c @implementation
public func WPUQuerySocketHandleContext(_ handle: SOCKET, _ context: PDWORD_PTR?, _ error: LPINT?) -> Int32 {
  unsafe upcall(error, failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try providerSocket(handle)
    guard let context = unsafe context, unsafe isWritable(context, MemoryLayout<DWORD_PTR>.size) else {
      throw WSAError(WSAEFAULT)
    }
    unsafe context.pointee = ProviderHandles.context(of: socket)
    return 0
  }
}

/// Says that an operation of a provider without system handles has ended: InternalHigh, then Internal, then the event
/// or the port's packet. Never a routine: WPUQueueApc is for those. Page: WPUCompleteOverlappedRequest.
/// - Parameters:
///   - handle: Of WPUCreateSocketHandle.
///   - overlapped: The operation's. Its Offset, where a provider keeps the flags, stays.
///   - status: How it ended: 0 or a Winsock error, but not WSA_IO_PENDING.
///   - bytes: Transferred.
/// - Returns: 0, or SOCKET_ERROR and WSAEINVAL in *lpErrno.
@c @implementation
public func WPUCompleteOverlappedRequest(
  _ handle: SOCKET, _ overlapped: LPWSAOVERLAPPED?, _ status: DWORD, _ bytes: DWORD, _ error: LPINT?
) -> Int32 {
  unsafe upcall(error, failing: SOCKET_ERROR) { () throws(WSAError) in
    guard let socket = try? providerSocket(handle), let overlapped = unsafe overlapped,
      unsafe isWritable(overlapped, MemoryLayout<WSAOVERLAPPED>.size), status != WSA_IO_PENDING
    else { throw WSAError(WSAEINVAL) }
    let ended = status == 0 ? nil : WSAError(rawValue: Int32(bitPattern: status))
    let result = unsafe OperationResult(error: ended, bytes: bytes, flags: overlapped.pointee.Offset)
    guard
      let indication = try? unsafe Indication(overlapped, nil, Socket.queue(of: socket.descriptor)?.port)
    else { throw WSAError(WSAEINVAL) }
    unsafe indication.deliver(result, overlapped, to: .current, skipsPort: false)
    return 0
  }
}
