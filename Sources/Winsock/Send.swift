public import CWinsock
import Glibc
import Synchronization

/// Sends on a connection, all of it on a blocking socket; never raises SIGPIPE. Page: send.
/// - Parameters:
///   - size: In bytes.
///   - flags: MSG_OOB, MSG_DONTROUTE, MSG_PARTIAL.
/// - Returns: Bytes sent, or SOCKET_ERROR: WSAEWOULDBLOCK, WSAETIMEDOUT (SO_SNDTIMEO), WSAECONNRESET, WSAECONNABORTED,
///   WSAESHUTDOWN, WSAENOTCONN, WSAEMSGSIZE, WSAEINTR (closesocket), WSAEOPNOTSUPP (other flags), WSAENOTSOCK,
///   WSAEFAULT.
@c @implementation
public func ws2_send(_ handle: SOCKET, _ buffer: UnsafePointer<CChar>?, _ size: Int32, _ flags: Int32) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    return try unsafe Message.over(UnsafeMutableRawPointer(mutating: buffer), size) { message throws(WSAError) in
      Int32(clamping: try socket.send(&message, flags))
    }
  }
}

/// As send, to an address. Page: sendto.
/// - Parameter name: NULL, or a size of 0: where the socket is connected to.
/// - Returns: As send.
@c @implementation
public func ws2_sendto(
  _ handle: SOCKET, _ buffer: UnsafePointer<CChar>?, _ size: Int32, _ flags: Int32, _ name: UnsafePointer<sockaddr>?,
  _ nameSize: Int32
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    return try unsafe Message.over(UnsafeMutableRawPointer(mutating: buffer), size) { message throws(WSAError) in
      if let name = unsafe name, nameSize != 0 {
        try socket.requireSocket()
        try unsafe checkName(name, nameSize)
        unsafe message.address(to: name, nameSize)
      }
      return Int32(clamping: try socket.send(&message, flags))
    }
  }
}

/// Sends several buffers, overlapped where the socket is and an OVERLAPPED is given. Page: WSASend.
/// - Parameters:
///   - sent: Bytes, when the call ends at once; NULL in an overlapped call only.
///   - routine: Runs in an alertable wait of this thread; hEvent is then ignored.
/// - Returns: 0, or SOCKET_ERROR: WSA_IO_PENDING (the end is indicated), WSAEFAULT, WSAEINVAL (a routine on a socket of
///   a port), and send's.
@c @implementation
public func WSASend(
  _ handle: SOCKET, _ buffers: LPWSABUF?, _ count: DWORD, _ sent: UnsafeMutablePointer<DWORD>?, _ flags: DWORD,
  _ overlapped: LPWSAOVERLAPPED?, _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe WSASendTo(handle, buffers, count, sent, flags, nil, 0, overlapped, routine)
}

/// As WSASend, to an address. Page: WSASendTo.
/// - Parameter name: Read before the call returns; NULL: where the socket is connected to.
/// - Returns: As WSASend.
@c @implementation
public func WSASendTo(
  _ handle: SOCKET, _ buffers: LPWSABUF?, _ count: DWORD, _ sent: UnsafeMutablePointer<DWORD>?, _ flags: DWORD,
  _ name: UnsafePointer<sockaddr>?, _ nameSize: Int32, _ overlapped: LPWSAOVERLAPPED?,
  _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe send(handle, buffers, count, sent, flags, name, nameSize, overlapped, CompletionRoutine(routine))
}

/// WSASendTo, whoever calls it.
func send(
  _ handle: SOCKET, _ buffers: LPWSABUF?, _ count: DWORD, _ sent: UnsafeMutablePointer<DWORD>?, _ flags: DWORD,
  _ name: UnsafePointer<sockaddr>?, _ nameSize: Int32, _ overlapped: LPWSAOVERLAPPED?, _ routine: CompletionRoutine?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    let overlapped = unsafe socket.isOverlapped ? overlapped : nil
    try unsafe judge(count: sent, overlapped)
    let hasName = unsafe name != nil && nameSize != 0
    if hasName {
      try socket.requireSocket()
      try unsafe checkName(name, nameSize)
    }
    guard let overlapped = unsafe overlapped else {
      return try unsafe Message.over(buffers, count) { message throws(WSAError) in
        if hasName { unsafe message.address(to: name, nameSize) }
        unsafe sent!.pointee = DWORD(clamping: try socket.send(&message, Int32(bitPattern: flags)))
        return 0
      }
    }
    let result: OperationResult
    if count == 1, flags == 0, !hasName, !Reactor.forcesPending, let buffers = unsafe buffers,
      socket.type == ws2_socket_stream()
    {
      result = try unsafe socket.send(buffers, overlapped, routine)
    } else {
      let transfer = try unsafe Transfer(buffers, count)
      if hasName { unsafe transfer.address(to: name!, nameSize) }
      result = try unsafe socket.send(transfer, Int32(bitPattern: flags), overlapped, routine)
    }
    if let error = result.error { throw error }
    unsafe sent?.pointee = result.bytes
    return 0
  }
}

/// MSG_PARTIAL says nothing to a byte stream.
private let sendFlags = Int32(MSG_OOB | MSG_DONTROUTE) | MSG_PARTIAL

extension Socket {
  fileprivate func send(
    _ transfer: Transfer, _ flags: Int32, _ overlapped: LPWSAOVERLAPPED,
    _ routine: CompletionRoutine?
  ) throws(WSAError) -> OperationResult {
    guard flags & ~sendFlags == 0 else { throw WSAError(WSAEOPNOTSUPP) }
    guard !attributes.contains(.sendIsShut) else { throw WSAError(WSAESHUTDOWN) }
    return try unsafe self.overlapped(overlapped, routine, .send) { transfer.send(self, flags) }
  }

  /// One buffer of a stream, and nothing special: the case that counts.
  fileprivate func send(
    _ buffer: LPWSABUF, _ overlapped: LPWSAOVERLAPPED, _ routine: CompletionRoutine?
  ) throws(WSAError) -> OperationResult {
    guard !attributes.contains(.sendIsShut) else { throw WSAError(WSAESHUTDOWN) }
    guard unsafe isReadable(buffer, MemoryLayout<WSABUF>.stride) else { throw WSAError(WSAEFAULT) }
    let copy = unsafe buffer.pointee
    let size = unsafe Int(copy.len)
    var sent = 0
    return try unsafe self.overlapped(overlapped, routine, .send) {
      repeat {
        // libc's send() has no address, so that the preload need not look at it.
        let count = unsafe Glibc.send(
          descriptor, copy.buf.map { unsafe $0 + sent }, size - sent, ws2_no_signal() | ws2_dont_wait())
        guard count >= 0 else {
          return resultFromErrno() == nil ? nil : OperationResult(error: sendError(ws2_errno()))
        }
        sent += count
      } while sent < size
      return OperationResult(bytes: DWORD(sent))
    } attempt: { () throws(WSAError) in
      var copy = unsafe copy
      let transfer = try unsafe Transfer(&copy, 1)
      transfer.skip(sent)
      return { transfer.send(self, 0) }
    }
  }

  /// Sends; on a blocking socket all of it. Never raises SIGPIPE (SPEC S6.2).
  func send(_ message: inout Message, _ flags: Int32) throws(WSAError) -> Int {
    guard flags & ~sendFlags == 0 else { throw WSAError(WSAEOPNOTSUPP) }
    guard !attributes.contains(.sendIsShut) else { throw WSAError(WSAESHUTDOWN) }
    let flags = flags & ~MSG_PARTIAL | ws2_no_signal() | ws2_dont_wait()
    return try operation { () throws(WSAError) in
      let deadline = Deadline(timeoutOption: unsafe state.pointee.sendTimeout.load(ordering: .relaxed))
      var total = 0
      while true {
        let count = unsafe sendmsg(descriptor, &message.header, flags)
        if count >= 0 {
          total += count
          message.advance(count)
          if message.bytesLeft == 0 || isNonBlocking { return total }
        } else {
          guard try mayGoOn(ws2_errno(), total) else { return total }
          guard try wait(for: POLLOUT, until: deadline) else {
            if total > 0 { return total }
            throw WSAError(WSAETIMEDOUT)
          }
        }
      }
    }
  }

  /// After a failed send: true to wait and try again, false to report what has been sent so far.
  private func mayGoOn(_ error: Int32, _ total: Int) throws(WSAError) -> Bool {
    if error == EINTR { return true }
    if error == EAGAIN, !isNonBlocking { return true }
    if total > 0 { return false }
    if error == EAGAIN { reenable(FD_WRITE) }
    throw sendError(error)
  }

  /// EPIPE is one word for three things.
  func sendError(_ number: Int32) -> WSAError {
    if number == EPIPE, neverConnected { return WSAError(WSAENOTCONN) }
    if number == EPIPE, attributes.contains(.sendIsShut) { return WSAError(WSAESHUTDOWN) }
    return WSAError(errno: number)
  }
}
