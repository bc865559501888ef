public import CWinsock
import Glibc
import Synchronization

/// Receives a datagram with its sender, flags and control data (Microsoft's page "LPFN_WSARECVMSG").
/// - Parameters:
///   - message: Name, buffers and control buffer; the call changes their lengths and `dwFlags`. All of it is the
///     program's until the end of an overlapped call.
///   - received: Bytes of data, when the call ends at once; NULL in an overlapped call only.
///   - overlapped, routine: As WSARecv's.
/// - Returns: SOCKET_ERROR with WSA_IO_PENDING, WSAENOTSOCK, WSAEOPNOTSUPP (a stream; a flag other than MSG_PEEK),
///   WSAEINVAL (not bound), WSAEFAULT, WSAEWOULDBLOCK, WSAETIMEDOUT, WSAECONNRESET, and WSAEMSGSIZE: the beginning is
///   there, and MSG_TRUNC or MSG_CTRUNC in `dwFlags` says of what. Control data has Linux' types.
@c @implementation
public func ws2_WSARecvMsg(
  _ handle: SOCKET, _ message: LPWSAMSG?, _ received: UnsafeMutablePointer<DWORD>?,
  _ overlapped: LPWSAOVERLAPPED?, _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe receiveMessage(handle, message, received, overlapped, CompletionRoutine(routine))
}

/// WSARecvMsg, whoever calls it.
func receiveMessage(
  _ handle: SOCKET, _ message: LPWSAMSG?, _ received: UnsafeMutablePointer<DWORD>?,
  _ overlapped: LPWSAOVERLAPPED?, _ routine: CompletionRoutine?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    let overlapped = unsafe socket.isOverlapped ? overlapped : nil
    try socket.requireMessages()
    try unsafe judge(count: received, overlapped)
    guard let message = unsafe message, unsafe isWritable(message, MemoryLayout<WSAMSG>.size) else {
      throw WSAError(WSAEFAULT)
    }
    let flags = unsafe Int32(bitPattern: message.pointee.dwFlags)
    guard flags & ~Int32(MSG_PEEK) == 0 else { throw WSAError(WSAEOPNOTSUPP) }
    guard !socket.attributes.contains(.receiveIsShut) else { throw WSAError(WSAESHUTDOWN) }
    guard try SocketName.local(of: socket.descriptor).isUsable else { throw WSAError(WSAEINVAL) }
    let transfer = try unsafe Transfer(receiving: message)
    defer { socket.reenable(FD_READ | FD_OOB) }
    let attempt = { transfer.receive(socket, flags, isStream: false) }
    let result = try unsafe socket.perform(.receive, overlapped, routine, attempt)
    unsafe received?.pointee = result.bytes
    if let error = result.error { throw error }
    return 0
  }
}

/// Sends a datagram with control data (Microsoft's page "WSASendMsg function").
/// - Parameters:
///   - message: Where to (NULL on a connected socket), buffers and control data. The structure is the program's again
///     when the call returns; what it points to when the operation has ended.
///   - flags: MSG_DONTROUTE, MSG_PARTIAL.
///   - sent: Bytes sent, when the call ends at once; NULL in an overlapped call only.
/// - Returns: SOCKET_ERROR with WSA_IO_PENDING, WSAENOTSOCK, WSAEOPNOTSUPP (a stream, or other flags), WSAEFAULT,
///   WSAESHUTDOWN, WSAEMSGSIZE, WSAENOTCONN, WSAEWOULDBLOCK and the network's errors.
@c @implementation
public func WSASendMsg(
  _ handle: SOCKET, _ message: LPWSAMSG?, _ flags: DWORD, _ sent: UnsafeMutablePointer<DWORD>?,
  _ overlapped: LPWSAOVERLAPPED?, _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe sendMessage(handle, message, flags, sent, overlapped, CompletionRoutine(routine))
}

/// WSASendMsg, whoever calls it.
func sendMessage(
  _ handle: SOCKET, _ message: LPWSAMSG?, _ flags: DWORD, _ sent: UnsafeMutablePointer<DWORD>?,
  _ overlapped: LPWSAOVERLAPPED?, _ routine: CompletionRoutine?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    let overlapped = unsafe socket.isOverlapped ? overlapped : nil
    try socket.requireMessages()
    try unsafe judge(count: sent, overlapped)
    guard let message = unsafe message, unsafe isReadable(message, MemoryLayout<WSAMSG>.size) else {
      throw WSAError(WSAEFAULT)
    }
    let wanted = Int32(bitPattern: flags)
    guard wanted & ~(Int32(MSG_DONTROUTE) | MSG_PARTIAL) == 0 else { throw WSAError(WSAEOPNOTSUPP) }
    guard !socket.attributes.contains(.sendIsShut) else { throw WSAError(WSAESHUTDOWN) }
    let transfer = try unsafe Transfer(sending: message)
    let attempt = { transfer.send(socket, wanted) }
    let result = try unsafe socket.perform(.send, overlapped, routine, attempt)
    if let error = result.error { throw error }
    unsafe sent?.pointee = result.bytes
    return 0
  }
}

extension Socket {
  fileprivate func requireMessages() throws(WSAError) {
    try requireSocket()
    guard type != ws2_socket_stream() else { throw WSAError(WSAEOPNOTSUPP) }
  }

  /// One transfer, in the way that the call asks for.
  fileprivate func perform(
    _ direction: OverlappedOperation.Direction, _ overlapped: LPWSAOVERLAPPED?, _ routine: CompletionRoutine?,
    _ attempt: @escaping () -> OperationResult?
  ) throws(WSAError) -> OperationResult {
    if let overlapped = unsafe overlapped {
      return try unsafe self.overlapped(overlapped, routine, direction, attempt: attempt)
    }
    let event = if case .receive = direction { POLLIN } else { POLLOUT }
    return try synchronous(waitingFor: event, attempt)
  }

  /// The same attempt as an overlapped call's, waited for on this thread.
  /// - Parameter waitsAnyway: Also on a non-blocking socket.
  /// - Throws: WSAEWOULDBLOCK, WSAETIMEDOUT, WSAEINTR: closesocket took the socket away.
  func synchronous(
    waitingFor event: Int32 = POLLOUT, waitsAnyway: Bool = false, _ attempt: () -> OperationResult?
  ) throws(WSAError) -> OperationResult {
    try operation { () throws(WSAError) in
      let milliseconds =
        unsafe event == POLLIN
        ? state.pointee.receiveTimeout.load(ordering: .relaxed) : state.pointee.sendTimeout.load(ordering: .relaxed)
      let deadline = Deadline(timeoutOption: milliseconds)
      while true {
        if let result = attempt() { return result }
        if isNonBlocking, !waitsAnyway {
          reenable(FD_WRITE)
          throw WSAError(WSAEWOULDBLOCK)
        }
        guard try wait(for: event, until: deadline) else { throw WSAError(WSAETIMEDOUT) }
      }
    }
  }
}
