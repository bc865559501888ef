public import CWinsock
import Glibc
import Synchronization

/// Begins to accept a connection on a socket that the program has made (Microsoft's page "AcceptEx function").
/// - Parameters:
///   - listener: A listening socket. A port associated with it hears of the end.
///   - accepting: An overlapped stream socket of the listener's family, neither bound nor connected. It is the
///     connection's from the moment of the accept on, under its own number, with the options that both have.
///   - output: Room for the data and both addresses; what GetAcceptExSockaddrs reads.
///   - dataLength: Bytes of data to wait for, at most; 0 ends with the accept.
///   - localLength: Bytes for the local address: 16 more than the address has. `remoteLength` likewise.
///   - received: Bytes of data, when the call ends at once.
/// - Returns: FALSE with ERROR_IO_PENDING, or with WSAENOTSOCK, WSAEINVAL, WSAEFAULT, ERROR_INVALID_PARAMETER (no
///   OVERLAPPED), WSAEMFILE. The operation itself ends with WSA_OPERATION_ABORTED when either socket is closed.
@c @implementation
public func AcceptEx(
  _ listener: SOCKET, _ accepting: SOCKET, _ output: PVOID?, _ dataLength: DWORD, _ localLength: DWORD,
  _ remoteLength: DWORD, _ received: UnsafeMutablePointer<DWORD>?, _ overlapped: LPOVERLAPPED?
) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    let listening = try Socket(listener)
    try listening.requireKnownSocket()
    guard let socket = try? Socket(accepting), (try? socket.requireKnownSocket()) != nil else {
      throw WSAError(WSAEINVAL)
    }
    guard let overlapped = unsafe overlapped else { throw WSAError(ERROR_INVALID_PARAMETER) }
    try unsafe judge(count: received, overlapped)
    guard let output = unsafe output else { throw WSAError(WSAEFAULT) }
    let buffer = unsafe AcceptBuffer(
      start: output, dataLength: dataLength, localLength: localLength, remoteLength: remoteLength)
    try buffer.judge(for: listening)
    try listening.prepareToAccept(on: socket)
    let acceptance = try Acceptance(listening, socket, buffer)
    do throws(WSAError) {
      let result = try unsafe listening.overlapped(overlapped, nil, .accept(acceptance)) { acceptance.attempt() }
      acceptance.leave()
      if let error = result.error { throw error }
      unsafe received?.pointee = result.bytes
      return yes
    } catch {
      if error != WSAError(WSA_IO_PENDING) { acceptance.leave() }
      throw error
    }
  }
}

/// Finds the addresses in what AcceptEx has filled (Microsoft's page "GetAcceptExSockaddrs function").
/// - Parameters:
///   - output: AcceptEx's buffer, and after it the same three lengths.
///   - local: The address of the socket's own end, inside the buffer; its length in bytes goes to `localSize`.
///   - remote: That of the peer.
@c @implementation
public func GetAcceptExSockaddrs(
  _ output: PVOID?, _ dataLength: DWORD, _ localLength: DWORD, _ remoteLength: DWORD,
  _ local: UnsafeMutablePointer<UnsafeMutablePointer<sockaddr>?>?, _ localSize: LPINT?,
  _ remote: UnsafeMutablePointer<UnsafeMutablePointer<sockaddr>?>?, _ remoteSize: LPINT?
) {
  guard let output = unsafe output else { return }
  let buffer = unsafe AcceptBuffer(
    start: output, dataLength: dataLength, localLength: localLength, remoteLength: remoteLength)
  let (own, peer) = unsafe (buffer.local, buffer.remote)
  unsafe local?.pointee = own.address
  unsafe localSize?.pointee = own.length
  unsafe remote?.pointee = peer.address
  unsafe remoteSize?.pointee = peer.length
}

extension AcceptBuffer {
  fileprivate func judge(for listener: Socket) throws(WSAError) {
    let least = nameSize(listener.family) + 16
    guard localLength >= least, remoteLength >= least else { throw WSAError(WSAEINVAL) }
    guard unsafe isWritable(start, size) else { throw WSAError(WSAEFAULT) }
  }
}

extension Socket {
  fileprivate func prepareToAccept(on accepting: Socket) throws(WSAError) {
    // Asked of the kernel in any case: what is accepted takes the place of this number.
    guard let other = try? SocketName.local(of: accepting.descriptor), isListening, type == ws2_socket_stream(),
      accepting.type == ws2_socket_stream(), family == other.family, other.port == 0, !accepting.isListening,
      !accepting.isConnectedTransport
    else { throw WSAError(WSAEINVAL) }
    // Among all that share the listener somebody may be faster than this one: accept() must not wait, whichever mode
    // the program has chosen. Winsock's own calls do not go by the kernel's flag.
    let flags = try checked(ws2_descriptor_flags(descriptor))
    if flags & O_NONBLOCK == 0 {
      set(.known)
      try checked(ws2_set_descriptor_flags(descriptor, flags | O_NONBLOCK))
    }
  }

  /// It has a connection now, whichever call made it, or begins to have one.
  func becomeConnected(attributes: SocketAttributes = .known) {
    if attributes.contains(.known) { set([.connecting, .sendIsShut, .receiveIsShut], false) }
    set(attributes.union(.hasConnected))
    unsafe state.pointee.connected.store(monotonicMilliseconds(), ordering: .relaxed)
  }
}
