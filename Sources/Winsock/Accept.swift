public import CWinsock
import Glibc
import Synchronization

/// Takes a connection from a listener. Page: accept.
/// - Parameter size: In: bytes there are for the peer's address; out: bytes of it. Both may be NULL.
/// - Returns: A socket, overlapped and non-blocking as the listener is, or INVALID_SOCKET: WSAEWOULDBLOCK, WSAEINTR
///   (closesocket), WSAEINVAL (it does not listen), WSAEFAULT, WSAENOTSOCK, WSAEMFILE.
@c @implementation
public func ws2_accept(
  _ handle: SOCKET, _ name: UnsafeMutablePointer<sockaddr>?, _ size: UnsafeMutablePointer<Int32>?
) -> SOCKET {
  winsock(failing: invalidSocket) { () throws(WSAError) in
    let listener = try Socket(handle)
    defer { listener.reenable(FD_ACCEPT) }
    return try unsafe deliver(take(from: listener), name, size)
  }
}

/// As accept, after the program's condition has been asked. Page: WSAAccept.
/// - Parameters:
///   - condition: NULL: none. CF_ACCEPT takes the connection, CF_REJECT resets it, CF_DEFER keeps it for the next call.
///     Winsock calls within it fail with WSAEINPROGRESS.
///   - callbackData: The condition's last argument.
/// - Returns: As accept, and WSATRY_AGAIN (deferred), WSAECONNREFUSED (rejected).
@c @implementation
public func WSAAccept(
  _ handle: SOCKET, _ name: UnsafeMutablePointer<sockaddr>?, _ size: UnsafeMutablePointer<Int32>?,
  _ condition: LPCONDITIONPROC?, _ callbackData: DWORD_PTR
) -> SOCKET {
  unsafe accept(handle, name, size, Callback(condition), callbackData)
}

/// WSAAccept, whoever calls it.
func accept(
  _ handle: SOCKET, _ name: UnsafeMutablePointer<sockaddr>?, _ size: UnsafeMutablePointer<Int32>?,
  _ condition: Callback<LPCONDITIONPROC>?, _ callbackData: DWORD_PTR
) -> SOCKET {
  winsock(failing: invalidSocket) { () throws(WSAError) in
    let listener = try Socket(handle)
    defer { listener.reenable(FD_ACCEPT) }
    let accepted = try take(from: listener)
    guard let condition = unsafe condition else { return try unsafe deliver(accepted, name, size) }
    switch unsafe ask(condition, accepted, callbackData) {
    case CF_ACCEPT: return try unsafe deliver(accepted, name, size)
    case CF_DEFER:
      DeferredConnections.add(accepted, of: listener)
      // It is the queue's first again: an AcceptEx that waits may have it.
      Socket.queue(of: listener.descriptor)?.advance()
      throw WSAError(WSATRY_AGAIN)
    default:
      accepted.refuse()
      throw WSAError(WSAECONNREFUSED)
    }
  }
}

/// A connection that accept() has returned, before the program has it.
struct AcceptedConnection {
  let socket: Socket
  let peer: SocketName

  /// The peer sees a reset, as close as an accepted connection comes to a refused one.
  func refuse() {
    var reset = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(socket.descriptor, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
    discard()
  }

  func discard() {
    try? socket.dismantle()
    close(socket.descriptor)
  }
}

private func deliver(
  _ accepted: AcceptedConnection, _ name: UnsafeMutablePointer<sockaddr>?, _ size: UnsafeMutablePointer<Int32>?
) throws(WSAError) -> SOCKET {
  guard let name = unsafe name, let size = unsafe size else { return accepted.socket.handle }
  do throws(WSAError) {
    try unsafe accepted.peer.copy(to: name, size)
  } catch {
    accepted.discard()
    throw error
  }
  return accepted.socket.handle
}

/// The next connection; a deferred one comes first.
private func take(from listener: Socket) throws(WSAError) -> AcceptedConnection {
  if let deferred = DeferredConnections.next(of: listener.descriptor) { return deferred }
  return try listener.operation { () throws(WSAError) in
    let inherited = listener.attributes.intersection([.kind, .notOverlapped]).union([.hasConnected, .wasAccepted])
    if listener.isNonBlocking {
      // Unlike on Linux, an accepted socket has the mode of its listener.
      return try accept(from: listener, ws2_accept_non_blocking(), inherited.union(.nonBlocking))
    }
    while true {
      _ = try listener.wait(for: POLLIN, until: .never)
      // Of several threads that poll() has woken one gets the connection; the others would block inside accept(),
      // out of closesocket's reach, so one at a time looks again and accepts. (Another process with the same
      // listener can still come between: then accept() blocks until the next connection.)
      guard listener.beginAccepting() else {
        sched_yield()
        continue
      }
      defer { listener.set(.isAccepting, false) }
      guard try listener.wait(for: POLLIN, until: .now) else { continue }
      do throws(WSAError) {
        return try accept(from: listener, 0, inherited)
      } catch {
        // An AcceptEx was faster; it has made the kernel's side of the listener non-blocking.
        guard error == WSAError(WSAEWOULDBLOCK) else { throw error }
      }
    }
  }
}

private func accept(
  from listener: Socket, _ flags: Int32, _ attributes: SocketAttributes
) throws(WSAError) -> AcceptedConnection {
  var peer = SocketName()
  var descriptor: Int32 = -1
  repeat {
    do throws(WSAError) {
      try unsafe peer.fill {
        // accept() and not accept4() where it does: both are hooked, and programs know the first.
        descriptor =
          unsafe flags == 0 ? accept(listener.descriptor, $0, $1) : ws2_accept4(listener.descriptor, $0, $1, flags)
        return descriptor
      }
    } catch {
      guard error == WSAError(WSAEINTR) else { throw error }
    }
  } while descriptor < 0
  let socket = try Socket(made: descriptor, attributes)
  socket.inheritSelection(of: listener)
  return AcceptedConnection(socket: socket, peer: peer)
}

extension Socket {
  fileprivate func beginAccepting() -> Bool {
    let bit = SocketAttributes.isAccepting.rawValue
    let before = unsafe state.pointee.attributes.bitwiseOr(bit, ordering: .acquiringAndReleasing).oldValue
    return before & bit == 0
  }
}

/// Calls the condition function: the caller's address, the socket's own, nothing else is known to TCP.
private func ask(
  _ condition: Callback<LPCONDITIONPROC>, _ accepted: AcceptedConnection, _ callbackData: DWORD_PTR
) -> Int32 {
  ws2_add_callback_depth(1)
  defer { ws2_add_callback_depth(-1) }
  let local = (try? SocketName.local(of: accepted.socket.descriptor)) ?? SocketName()
  return unsafe accepted.peer.withPointer { peer in
    unsafe local.withPointer { callee in
      var caller = unsafe buffer(peer, accepted.peer.size)
      var called = unsafe buffer(callee, local.size)
      var group: GROUP = 0
      return unsafe condition(&caller, &called, &group, callbackData)
    }
  }
}

private func buffer(_ name: UnsafeMutablePointer<sockaddr>, _ size: socklen_t) -> WSABUF {
  unsafe WSABUF(len: size, buf: UnsafeMutableRawPointer(name).assumingMemoryBound(to: CChar.self))
}

/// Connections that a condition function has put off (CF_DEFER): the first of their listener's queue, for the next accept,
/// which asks again, or AcceptEx, which does not.
enum DeferredConnections {
  private static let count = Atomic<Int>(0)
  nonisolated(unsafe) private static var connections: [Int32: [AcceptedConnection]] = [:]  // under ws2_lock

  static func add(_ connection: AcceptedConnection, of listener: Socket) {
    locked { unsafe connections[listener.descriptor, default: []].append(connection) }
    count.add(1, ordering: .acquiringAndReleasing)
  }

  static func next(of listener: Int32) -> AcceptedConnection? {
    guard exist else { return nil }
    return locked {
      guard var waiting = unsafe connections[listener], !waiting.isEmpty else { return nil }
      let next = waiting.removeFirst()
      unsafe connections[listener] = waiting.isEmpty ? nil : waiting
      count.subtract(1, ordering: .acquiringAndReleasing)
      return next
    }
  }

  /// So that select() finds the listener readable.
  static func wait(on descriptor: Int32) -> Bool { exist && locked { unsafe connections[descriptor] != nil } }

  private static var exist: Bool { count.load(ordering: .acquiring) > 0 }
}

/// Runs the body under the lock of the objects behind handles. Short, and without calls that wait.
func locked<Result, Failure>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
  ws2_lock()
  defer { ws2_unlock() }
  return try body()
}
