import CWinsock
import Glibc

/// One AcceptEx: the connection that it waits for and, when the program wants it, the first data.
///
/// The operation is the listener's from beginning to end, so that one lock ends it; the socket that is to have the
/// connection only knows of it, to take it along when it is closed and to say when data is there. Locks are taken in
/// this order: the listener's queue, the accept socket's.
@safe
final class Acceptance: @unchecked Sendable {  // under the listener's queue's lock, but for what says otherwise
  let listener: SocketQueue
  private let socket: Socket
  private let queue: SocketQueue
  private let buffer: AcceptBuffer
  private(set) var hasConnection = false
  /// Under the lock of the accept socket's queue.
  var awaitsData = false

  /// - Throws: WSAEINVAL: another AcceptEx has the socket already.
  init(_ listener: Socket, _ socket: Socket, _ buffer: AcceptBuffer) throws(WSAError) {
    self.listener = listener.queue
    self.socket = socket
    queue = socket.queue
    self.buffer = buffer
    try queue.reserve(for: self)
  }

  /// It has ended, one way or the other.
  func leave() { queue.release(self) }

  func attempt() -> OperationResult? {
    // Nil outside: the program has closed the socket, whose number may be another file's by now.
    if !hasConnection {
      guard let step = queue.replacing(self, { accept() }) else { return .aborted }
      if let step { return step }
      guard hasConnection else { return nil }
    }
    guard buffer.dataLength > 0 else { return OperationResult() }
    return queue.holding(self) { receive() } ?? .aborted
  }

  /// Nil: connected, or still nobody there, as `hasConnection` says.
  private func accept() -> OperationResult? {
    let (made, peer) = takeDeferred() ?? takeNext()
    guard made >= 0 else { return acceptFailed(ws2_errno()) }
    let local = (try? SocketName.local(of: made)) ?? SocketName()
    if !socket.isOurs || socket.attributes.contains(.hasOptions) { carryOptions(to: made) }
    guard ws2_take_number(made, socket.descriptor) == 0 else { return OperationResult(error: .fromErrno) }
    buffer.write(local: local, remote: peer)
    socket.becomeConnected()
    socket.set(.wasAccepted)
    hasConnection = true
    return nil
  }

  private func takeNext() -> (Int32, SocketName) {
    var peer = SocketName()
    var made: Int32 = -1
    try? unsafe peer.fill {
      // A blocking socket of Winsock's does not need Linux' flag, but code that calls libc on it does.
      made = unsafe ws2_accept4(
        listener.descriptor, $0, $1, ws2_close_on_exec() | (socket.isNonBlocking ? ws2_accept_non_blocking() : 0))
      return made
    }
    return (made, peer)
  }

  /// What a condition function has put off is the first of the queue.
  private func takeDeferred() -> (Int32, SocketName)? {
    guard let deferred = DeferredConnections.next(of: listener.descriptor) else { return nil }
    try? deferred.socket.dismantle()
    _ = ws2_set_descriptor_flags(deferred.socket.descriptor, socket.isNonBlocking ? O_NONBLOCK : 0)
    return (deferred.socket.descriptor, deferred.peer)
  }

  private func acceptFailed(_ number: Int32) -> OperationResult? {
    switch number {
    // The connection went before anybody had it, which Windows does not show.
    case EAGAIN, EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH: nil
    default: OperationResult(error: WSAError(errno: number))
    }
  }

  /// What the program has set on its socket stays; the rest is the listener's, as Linux has it.
  private func carryOptions(to made: Int32) {
    for (level, name) in [(SOL_SOCKET, SO_KEEPALIVE), (SOL_SOCKET, SO_OOBINLINE), (ws2_protocol_tcp(), TCP_NODELAY)] {
      var (value, size): (Int32, socklen_t) = (0, 4)
      guard unsafe getsockopt(socket.descriptor, level, name, &value, &size) == 0, value != 0 else { continue }
      unsafe setsockopt(made, level, name, &value, size)
    }
    var (value, size) = (linger(), socklen_t(MemoryLayout<linger>.size))
    if unsafe getsockopt(socket.descriptor, SOL_SOCKET, SO_LINGER, &value, &size) == 0, value.l_onoff != 0 {
      unsafe setsockopt(made, SOL_SOCKET, SO_LINGER, &value, size)
    }
  }

  private func receive() -> OperationResult? {
    if awaitsData { return nil }
    let count = unsafe recv(socket.descriptor, buffer.start, Int(buffer.dataLength), ws2_dont_wait())
    if count >= 0 { return OperationResult(bytes: DWORD(count)) }
    if let failed = resultFromErrno() { return failed }
    awaitsData = true
    queue.watch()
    return nil
  }
}

/// AcceptEx's output: data, then the two addresses. Each address has its length before it, in the 16 bytes that the
/// program adds.
@safe
struct AcceptBuffer {
  let start: UnsafeMutableRawPointer
  let dataLength: DWORD
  let localLength: DWORD
  let remoteLength: DWORD
  private static let header = 8

  var size: Int { Int(dataLength) + Int(localLength) + Int(remoteLength) }

  func write(local: SocketName, remote: SocketName) {
    unsafe write(local, at: start + Int(dataLength), Int(localLength))
    unsafe write(remote, at: start + Int(dataLength) + Int(localLength), Int(remoteLength))
  }

  private func write(_ name: SocketName, at place: UnsafeMutableRawPointer, _ room: Int) {
    let length = min(Int(name.size), room - Self.header)
    guard length > 0 else { return }
    unsafe place.storeBytes(of: UInt64(length), as: UInt64.self)
    unsafe name.withPointer { unsafe (place + Self.header).copyMemory(from: $0, byteCount: length) }
  }

  typealias Name = (address: UnsafeMutablePointer<sockaddr>, length: Int32)

  var local: Name { unsafe name(at: start + Int(dataLength)) }
  var remote: Name { unsafe name(at: start + Int(dataLength) + Int(localLength)) }

  private func name(at place: UnsafeMutableRawPointer) -> Name {
    let length = unsafe Int32(truncatingIfNeeded: place.loadUnaligned(as: UInt64.self))
    return unsafe ((place + Self.header).assumingMemoryBound(to: sockaddr.self), length)
  }
}

extension SocketQueue {
  /// The socket is to have a connection.
  fileprivate func reserve(for acceptance: Acceptance) throws(WSAError) {
    try locked { () throws(WSAError) in
      guard self.acceptance == nil else { throw WSAError(WSAEINVAL) }
      self.acceptance = acceptance
    }
  }

  fileprivate func release(_ acceptance: Acceptance) {
    _ = try? locked { if self.acceptance === acceptance { self.acceptance = nil } }
  }

  /// Calls the body unless the socket was closed since.
  fileprivate func holding<Result>(_ acceptance: Acceptance, _ body: () -> Result) -> Result? {
    try? locked { self.acceptance === acceptance ? body() : nil }
  }

  /// The same for a body that puts another socket in the place of this one.
  fileprivate func replacing<Result>(_ acceptance: Acceptance, _ body: () -> Result) -> Result? {
    holding(acceptance) {
      defer { descriptorReplaced() }
      return body()
    }
  }
}
