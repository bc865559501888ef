public import CWinsock
import Glibc

/// Has an event object signalled when network events occur (Microsoft's page "WSAEventSelect function"). The socket
/// becomes non-blocking, and stays so. Sockets accepted from it have the same events.
/// - Parameters:
///   - event: What is signalled; NULL only with no events.
///   - events: FD_ bits; 0 ends it. FD_QOS and the address changes are taken and never occur.
/// - Returns: SOCKET_ERROR with WSAENOTSOCK, WSAEINVAL (no event object, other bits), WSAENOBUFS, WSAENETDOWN (in the
///   child of a fork).
@c @implementation
public func WSAEventSelect(_ handle: SOCKET, _ event: WSAEVENT?, _ events: LONG) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    guard events & ~allEvents == 0 else { throw WSAError(WSAEINVAL) }
    guard events != 0 else {
      socket.set(.selects, false)
      Socket.queue(of: socket.descriptor)?.change { $0 = nil }
      try socket.setNonBlocking(true)
      return 0
    }
    guard let object = try? HandleTable.event(UInt(bitPattern: event)) else { throw WSAError(WSAEINVAL) }
    try Reactor.require()
    try socket.setNonBlocking(true)
    socket.select(object, events)
    return 0
  }
}

private let allEvents = (Int32(1) << Int32(FD_MAX_EVENTS)) - 1  // FD_ALL_EVENTS, which is not imported

/// Tells which events were recorded since the last call, and forgets them (Microsoft's page "WSAEnumNetworkEvents
/// function").
/// - Parameters:
///   - event: Reset at the same moment; NULL: none.
///   - answer: The events, and for each the error (0: it is well).
/// - Returns: SOCKET_ERROR with WSAENOTSOCK, WSAEINVAL (no event object), WSAEFAULT.
@c @implementation
public func WSAEnumNetworkEvents(_ handle: SOCKET, _ event: WSAEVENT?, _ answer: LPWSANETWORKEVENTS?) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    guard let answer = unsafe answer, unsafe isWritable(answer, MemoryLayout<WSANETWORKEVENTS>.size) else {
      throw WSAError(WSAEFAULT)
    }
    var object: Event?
    if unsafe event != nil {
      guard let found = try? HandleTable.event(UInt(bitPattern: event)) else { throw WSAError(WSAEINVAL) }
      object = found
    }
    var taken: (events: Int32, errors: [Int32])?
    if let queue = Socket.queue(of: socket.descriptor) {
      taken = queue.exclusively {
        object?.reset()
        return queue.selection?.take()
      }
    } else {
      object?.reset()
    }
    unsafe answer.pointee.lNetworkEvents = taken?.events ?? 0
    unsafe withUnsafeMutableBytes(of: &answer.pointee.iErrorCode) { bytes in
      for index in 0..<Int(FD_MAX_EVENTS) {
        unsafe bytes.storeBytes(of: taken?.errors[index] ?? 0, toByteOffset: index * 4, as: Int32.self)
      }
    }
    return 0
  }
}

/// Waits until sockets are ready (Microsoft's page "WSAPoll function").
/// - Parameters:
///   - entries: Sockets with POLLIN, POLLRDNORM, POLLRDBAND, POLLOUT, POLLWRNORM, POLLWRBAND, POLLPRI; `revents` has
///     what is true, and POLLERR, POLLHUP, POLLNVAL. A negative socket is passed over.
///   - timeout: Milliseconds; negative: for ever.
/// - Returns: How many have something to say, 0 at the end of the time, or SOCKET_ERROR with WSAEFAULT or WSAEINVAL
///   (no entries, other bits).
@c @implementation
public func WSAPoll(_ entries: LPWSAPOLLFD?, _ count: ULONG, _ timeout: INT) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    guard count > 0, count < 1 << 24 else { throw WSAError(WSAEINVAL) }
    guard let entries = unsafe entries,
      unsafe isWritable(entries, Int(count) * MemoryLayout<WSAPOLLFD>.stride)
    else { throw WSAError(WSAEFAULT) }
    var polled: [pollfd] = []
    for index in 0..<Int(count) { try polled.append(unsafe pollEntry(entries[index])) }
    let isReady = polled.contains { $0.fd >= 0 && DeferredConnections.wait(on: $0.fd) }
    let invalid = polled.contains { $0.fd == -2 }
    try pollAll(&polled, isReady || invalid ? .now : timeout < 0 ? .never : Deadline(wait: DWORD(timeout)))
    var ready: Int32 = 0
    for index in 0..<Int(count) {
      let answer = polled[index].fd == -2 ? Int16(POLLNVAL) : pollAnswer(polled[index])
      unsafe entries[index].revents = answer
      if answer != 0 { ready += 1 }
    }
    return ready
  }
}

private let pollEvents = POLLIN | POLLPRI | POLLOUT | 0x40 | 0x80 | 0x100 | 0x200  // POLLRDNORM to POLLWRBAND

/// -1: to be passed over; -2: no socket's number.
private func pollEntry(_ entry: WSAPOLLFD) throws(WSAError) -> pollfd {
  guard Int32(entry.events) & ~pollEvents == 0 else { throw WSAError(WSAEINVAL) }
  let number = Int(bitPattern: entry.fd)
  guard number >= 0 else { return pollfd(fd: -1, events: 0, revents: 0) }
  guard let socket = try? Socket(entry.fd), (try? socket.requireSocket()) != nil else {
    return pollfd(fd: -2, events: 0, revents: 0)
  }
  // Linux calls a stream that was never connected writable and hung up.
  if socket.neverConnected, !socket.isListening { return pollfd(fd: -1, events: 0, revents: 0) }
  return pollfd(fd: socket.descriptor, events: entry.events, revents: 0)
}

private func pollAnswer(_ entry: pollfd) -> Int16 {
  guard entry.fd >= 0, DeferredConnections.wait(on: entry.fd) else { return entry.revents }
  return entry.revents | entry.events & Int16(POLLIN | 0x40)
}
