public import CWinsock
import Glibc
import Synchronization

/// Receives from a connection, or one datagram. Page: recv.
/// - Parameters:
///   - size: Of the buffer in bytes.
///   - flags: MSG_PEEK, MSG_OOB, MSG_WAITALL, MSG_PARTIAL.
/// - Returns: Bytes, 0 at the end of the stream, or SOCKET_ERROR: WSAEWOULDBLOCK, WSAETIMEDOUT (SO_RCVTIMEO),
///   WSAECONNRESET, WSAESHUTDOWN, WSAENOTCONN, WSAEINVAL (datagrams, and not bound), WSAEMSGSIZE
///   (the buffer has the beginning of a datagram), WSAEINTR (closesocket), WSAEOPNOTSUPP (other flags), WSAENOTSOCK, WSAEFAULT.
@c @implementation
public func ws2_recv(_ handle: SOCKET, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int32, _ flags: Int32) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    return try unsafe Message.over(UnsafeMutableRawPointer(buffer), size) { message throws(WSAError) in
      let count = try socket.receive(&message, flags)
      try message.requireWhole()
      return Int32(clamping: count)
    }
  }
}

/// As recv, with the sender of a datagram. Page: recvfrom.
/// - Parameter nameSize: In: bytes there are, 16 at least; out: bytes of the address.
/// - Returns: As recv.
@c @implementation
public func ws2_recvfrom(
  _ handle: SOCKET, _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int32, _ flags: Int32,
  _ name: UnsafeMutablePointer<sockaddr>?, _ nameSize: UnsafeMutablePointer<Int32>?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    return try unsafe Message.over(UnsafeMutableRawPointer(buffer), size) { message throws(WSAError) in
      guard let name = unsafe name, let nameSize = unsafe nameSize else {
        let count = try socket.receive(&message, flags)
        try message.requireWhole()
        return Int32(clamping: count)
      }
      guard unsafe isWritable(nameSize, MemoryLayout<Int32>.size), unsafe nameSize.pointee >= 16 else {
        throw WSAError(WSAEFAULT)
      }
      unsafe message.header.msg_name = UnsafeMutableRawPointer(name)
      unsafe message.header.msg_namelen = socklen_t(nameSize.pointee)
      let count = try socket.receive(&message, flags)
      unsafe nameSize.pointee = Int32(bitPattern: message.header.msg_namelen)
      try message.requireWhole()
      return Int32(clamping: count)
    }
  }
}

/// Receives into several buffers, overlapped where the socket is and an OVERLAPPED is given. Page: WSARecv.
/// - Parameters:
///   - received: Bytes, when the call ends at once; NULL in an overlapped call only.
///   - flags: In: as recv's; out: MSG_OOB.
///   - routine: Runs in an alertable wait of this thread; hEvent is then ignored.
/// - Returns: 0, or SOCKET_ERROR: WSA_IO_PENDING (the end is indicated), WSAEFAULT, WSAEINVAL (a routine on a socket of
///   a port), and recv's.
@c @implementation
public func WSARecv(
  _ handle: SOCKET, _ buffers: LPWSABUF?, _ count: DWORD, _ received: UnsafeMutablePointer<DWORD>?,
  _ flags: UnsafeMutablePointer<DWORD>?, _ overlapped: LPWSAOVERLAPPED?,
  _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe WSARecvFrom(handle, buffers, count, received, flags, nil, nil, overlapped, routine)
}

/// As WSARecv, with the sender of a datagram. Page: WSARecvFrom.
/// - Parameter from: Belongs with its size to the call until an overlapped one has ended; the size is in bytes, 16 at
///   least.
/// - Returns: As WSARecv.
@c @implementation
public func WSARecvFrom(
  _ handle: SOCKET, _ buffers: LPWSABUF?, _ count: DWORD, _ received: UnsafeMutablePointer<DWORD>?,
  _ flags: UnsafeMutablePointer<DWORD>?, _ from: UnsafeMutablePointer<sockaddr>?,
  _ fromSize: UnsafeMutablePointer<Int32>?, _ overlapped: LPWSAOVERLAPPED?,
  _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe receive(handle, buffers, count, received, flags, from, fromSize, overlapped, CompletionRoutine(routine))
}

/// WSARecvFrom, whoever calls it.
func receive(
  _ handle: SOCKET, _ buffers: LPWSABUF?, _ count: DWORD, _ received: UnsafeMutablePointer<DWORD>?,
  _ flags: UnsafeMutablePointer<DWORD>?, _ from: UnsafeMutablePointer<sockaddr>?,
  _ fromSize: UnsafeMutablePointer<Int32>?, _ overlapped: LPWSAOVERLAPPED?, _ routine: CompletionRoutine?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    let overlapped = unsafe socket.isOverlapped ? overlapped : nil
    guard let flags = unsafe flags, unsafe isWritable(flags, MemoryLayout<DWORD>.size) else {
      throw WSAError(WSAEFAULT)
    }
    try unsafe judge(count: received, overlapped)
    let wanted = unsafe Int32(bitPattern: flags.pointee)
    guard let overlapped = unsafe overlapped else {
      return try unsafe Message.over(buffers, count) { message throws(WSAError) in
        try unsafe message.take(from: from, fromSize)
        unsafe received!.pointee = DWORD(clamping: try socket.receive(&message, wanted))
        unsafe flags.pointee = DWORD(bitPattern: message.header.msg_flags & Int32(MSG_OOB))
        if unsafe from != nil { unsafe fromSize?.pointee = Int32(bitPattern: message.header.msg_namelen) }
        try message.requireWhole()
        return 0
      }
    }
    let result: OperationResult
    if count == 1, wanted == 0, unsafe from == nil, !Reactor.forcesPending, let buffers = unsafe buffers,
      socket.type == ws2_socket_stream()
    {
      result = try unsafe socket.receive(buffers, overlapped, routine)
    } else {
      let transfer = try unsafe Transfer(buffers, count)
      try unsafe transfer.take(from: from, fromSize)
      result = try unsafe socket.receive(transfer, wanted, overlapped, routine)
    }
    unsafe received?.pointee = result.bytes
    unsafe flags.pointee = result.flags
    if let error = result.error { throw error }
    return 0
  }
}

private let waitAll = Int32(MSG_WAITALL)
private let peek = Int32(MSG_PEEK)
private let receiveFlags = waitAll | peek | Int32(MSG_OOB) | MSG_PARTIAL

extension Message {
  /// Receives also where from.
  mutating func take(
    from name: UnsafeMutablePointer<sockaddr>?, _ size: UnsafeMutablePointer<Int32>?
  ) throws(WSAError) {
    guard let name = unsafe name, let size = unsafe size else { return }
    guard unsafe isWritable(size, MemoryLayout<Int32>.size), unsafe size.pointee >= 16 else {
      throw WSAError(WSAEFAULT)
    }
    unsafe header.msg_name = UnsafeMutableRawPointer(name)
    unsafe header.msg_namelen = socklen_t(size.pointee)
  }

  /// A datagram that did not fit: its beginning is there, the rest is gone, and Winsock calls it an error.
  func requireWhole() throws(WSAError) {
    let truncated = Int32(MSG_TRUNC)
    guard unsafe header.msg_flags & truncated == 0 else { throw WSAError(WSAEMSGSIZE) }
  }
}

extension Socket {
  /// A socket of datagrams without a port will never receive one (recvfrom's page).
  private var canReceive: Bool {
    guard type == ws2_socket_datagram(), let name = try? SocketName.local(of: descriptor), name.isInternetName else {
      return true
    }
    return name.port != 0
  }

  /// What a call has received; with WSAEMSGSIZE the beginning of a datagram.
  fileprivate func receive(
    _ transfer: Transfer, _ flags: Int32, _ overlapped: LPWSAOVERLAPPED,
    _ routine: CompletionRoutine?
  ) throws(WSAError) -> OperationResult {
    guard flags & ~receiveFlags == 0 else { throw WSAError(WSAEOPNOTSUPP) }
    guard !attributes.contains(.receiveIsShut) else { throw WSAError(WSAESHUTDOWN) }
    let isStream = type == ws2_socket_stream()
    guard isStream || canReceive else { throw WSAError(WSAEINVAL) }
    defer { reenable(FD_READ | FD_OOB) }
    return try unsafe self.overlapped(overlapped, routine, .receive) {
      transfer.receive(self, flags, isStream: isStream)
    }
  }

  /// One buffer of a stream, and nothing special: the case that counts.
  fileprivate func receive(
    _ buffer: LPWSABUF, _ overlapped: LPWSAOVERLAPPED, _ routine: CompletionRoutine?
  ) throws(WSAError) -> OperationResult {
    guard !attributes.contains(.receiveIsShut) else { throw WSAError(WSAESHUTDOWN) }
    guard unsafe isReadable(buffer, MemoryLayout<WSABUF>.stride) else { throw WSAError(WSAEFAULT) }
    let copy = unsafe buffer.pointee
    defer { reenable(FD_READ | FD_OOB) }
    return try unsafe self.overlapped(overlapped, routine, .receive) {
      let count = unsafe recv(descriptor, copy.buf, Int(copy.len), ws2_dont_wait())
      return count >= 0 ? OperationResult(bytes: DWORD(count)) : resultFromErrno()
    } attempt: { () throws(WSAError) in
      var copy = unsafe copy
      let transfer = try unsafe Transfer(&copy, 1)
      return { transfer.receive(self, 0, isStream: true) }
    }
  }

  func receive(_ message: inout Message, _ flags: Int32) throws(WSAError) -> Int {
    guard flags & ~receiveFlags == 0 else { throw WSAError(WSAEOPNOTSUPP) }
    guard !attributes.contains(.receiveIsShut) else { throw WSAError(WSAESHUTDOWN) }
    defer { reenable(FD_READ | FD_OOB) }
    return try operation { () throws(WSAError) in
      let deadline = Deadline(timeoutOption: unsafe state.pointee.receiveTimeout.load(ordering: .relaxed))
      let systemFlags = flags & ~(waitAll | MSG_PARTIAL) | ws2_dont_wait()
      var total = 0
      while true {
        let count = unsafe recvmsg(descriptor, &message.header, systemFlags)
        if count >= 0 {
          total += count
          message.advance(count)
          guard flags & waitAll != 0, flags & peek == 0, count > 0, message.bytesLeft > 0, type == ws2_socket_stream()
          else { return total }
          continue
        }
        switch ws2_errno() {
        case EINTR: continue
        case EAGAIN where !canReceive: throw WSAError(WSAEINVAL)
        case EAGAIN where !isNonBlocking:
          guard try wait(for: POLLIN, until: deadline) else {
            if total > 0 { return total }
            throw WSAError(WSAETIMEDOUT)
          }
        default:
          guard let error = datagramError(ws2_errno()) else { continue }
          if total > 0 { return total }
          throw error
        }
      }
    }
  }
}
