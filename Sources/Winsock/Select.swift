public import CWinsock
import Glibc

/// Waits until sockets are ready, and leaves those in the sets. Winsock's sets are arrays of sockets, so that poll()
/// does the work and no descriptor is too large. Page: select.
/// - Parameter timeout: NULL is for ever; never shorter.
/// - Returns: How many are ready, 0 at the end of the time, or SOCKET_ERROR: WSAEINVAL (no socket, a negative time),
///   WSAENOTSOCK, WSAEFAULT.
@c @implementation
public func ws2_select(
  _ ignored: Int32, _ read: UnsafeMutablePointer<ws2_fd_set>?, _ write: UnsafeMutablePointer<ws2_fd_set>?,
  _ except: UnsafeMutablePointer<ws2_fd_set>?, _ timeout: UnsafePointer<timeval>?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let deadline = try unsafe selectDeadline(timeout)
    let sets = unsafe SelectSets(read: read, write: write, except: except)
    var watched = try sets.watched()
    guard !watched.isEmpty else { throw WSAError(WSAEINVAL) }
    let deferred = watched.contains { $0.events & Int16(POLLIN) != 0 && DeferredConnections.wait(on: $0.fd) }
    try pollAll(&watched, deferred ? .now : deadline)
    return try sets.keepReady(watched)
  }
}

private func selectDeadline(_ timeout: UnsafePointer<timeval>?) throws(WSAError) -> Deadline {
  guard let timeout = unsafe timeout else { return .never }
  guard unsafe isReadable(timeout, MemoryLayout<timeval>.size) else { throw WSAError(WSAEFAULT) }
  let (seconds, microseconds) = unsafe (timeout.pointee.tv_sec, timeout.pointee.tv_usec)
  guard seconds >= 0, microseconds >= 0 else { throw WSAError(WSAEINVAL) }
  // Rounded up: a wait never ends before its time.
  let milliseconds =
    UInt64(seconds).multipliedReportingOverflow(by: 1000).partialValue + UInt64(microseconds + 999) / 1000
  if milliseconds == 0 { return .now }
  return Deadline(wait: DWORD(clamping: min(milliseconds, UInt64(DWORD.max) - 1)))
}

/// Goes through a select once (WarmUp.swift).
func warmUpSelect() {
  let descriptor = socket(AF_INET, ws2_socket_datagram() | ws2_close_on_exec(), 0)
  if descriptor < 0 { return }
  defer { close(descriptor) }
  // A set of one: the count, and behind it the socket.
  var words: [SOCKET] = [1, SOCKET(descriptor)]
  unsafe words.withUnsafeMutableBytes { bytes in
    let set = unsafe bytes.baseAddress?.assumingMemoryBound(to: ws2_fd_set.self)
    let sets = unsafe SelectSets(read: set, write: nil, except: nil)
    if var watched = try? sets.watched(), (try? pollAll(&watched, .now)) != nil { _ = try? sets.keepReady(watched) }
  }
}

func pollAll(_ watched: inout [pollfd], _ deadline: Deadline) throws(WSAError) {
  while true {
    let ready = unsafe poll(&watched, nfds_t(watched.count), deadline.pollTimeout)
    if ready > 0 { return }
    if ready < 0, ws2_errno() != EINTR { throw .fromErrno }
    if deadline.isOver { return }
  }
}

@safe
private struct SelectSets {
  let read: UnsafeMutablePointer<ws2_fd_set>?
  let write: UnsafeMutablePointer<ws2_fd_set>?
  let except: UnsafeMutablePointer<ws2_fd_set>?

  /// One pollfd per socket, whatever number of sets it is in.
  func watched() throws(WSAError) -> [pollfd] {
    var events: [Int32: Int32] = [:]
    try unsafe add(read, POLLIN, to: &events)
    try unsafe add(write, POLLOUT, to: &events)
    // A failed connect makes poll() report POLLERR, which needs no asking.
    try unsafe add(except, POLLPRI, to: &events)
    return events.map { pollfd(fd: $0.key, events: Int16(truncatingIfNeeded: $0.value), revents: 0) }
  }

  private func add(
    _ set: UnsafeMutablePointer<ws2_fd_set>?, _ event: Int32, to events: inout [Int32: Int32]
  ) throws(WSAError) {
    guard let set = unsafe set else { return }
    guard unsafe isWritable(set, Self.arrayOffset), unsafe isWritable(set, Self.size(of: set)) else {
      throw WSAError(WSAEFAULT)
    }
    for handle in unsafe Self.sockets(of: set) {
      let socket = try Socket(handle)
      try socket.requireSocket()
      events[socket.descriptor, default: 0] |= event
    }
  }

  /// Leaves the ready sockets in the sets and returns how many there are.
  func keepReady(_ watched: [pollfd]) throws(WSAError) -> Int32 {
    var answers: [Int32: Readiness] = [:]
    for entry in watched {
      guard Int32(entry.revents) & POLLNVAL == 0 else { throw WSAError(WSAENOTSOCK) }
      answers[entry.fd] = Readiness(entry, try Socket(SOCKET(entry.fd)))
    }
    return unsafe keep(read) { answers[$0]?.canRead == true } + keep(write) { answers[$0]?.canWrite == true }
      + keep(except) { answers[$0]?.isExceptional == true }
  }

  private func keep(_ set: UnsafeMutablePointer<ws2_fd_set>?, _ isReady: (Int32) -> Bool) -> Int32 {
    guard let set = unsafe set else { return 0 }
    let sockets = unsafe Self.sockets(of: set)
    let kept = sockets.filter { isReady(Int32(truncatingIfNeeded: $0)) }
    // Through the raw pointer: the program may have another FD_SETSIZE than this library.
    for (index, handle) in kept.enumerated() {
      unsafe UnsafeMutableRawPointer(set).storeBytes(
        of: handle, toByteOffset: Self.arrayOffset + index * MemoryLayout<SOCKET>.size, as: SOCKET.self)
    }
    unsafe set.pointee.fd_count = UInt32(kept.count)
    return Int32(kept.count)
  }

  private static let arrayOffset = MemoryLayout<SOCKET>.size

  private static func size(of set: UnsafeMutablePointer<ws2_fd_set>) -> Int {
    unsafe arrayOffset + Int(set.pointee.fd_count) * MemoryLayout<SOCKET>.size
  }

  private static func sockets(of set: UnsafeMutablePointer<ws2_fd_set>) -> [SOCKET] {
    unsafe (0..<Int(set.pointee.fd_count)).map {
      unsafe UnsafeRawPointer(set).load(
        fromByteOffset: arrayOffset + $0 * MemoryLayout<SOCKET>.size, as: SOCKET.self)
    }
  }
}

/// A failed connect shows in the third set on Windows, and nowhere else; on Linux it is readable and writable.
private struct Readiness {
  let canRead: Bool
  let canWrite: Bool
  let isExceptional: Bool

  init(_ entry: pollfd, _ socket: Socket) {
    let events = Int32(entry.revents)
    let hasFailed = events & POLLERR != 0 && socket.attributes.contains(.connecting)
    if hasFailed {
      (canRead, canWrite, isExceptional) = (false, false, true)
      return
    }
    canRead = events & (POLLIN | POLLHUP | POLLERR) != 0 || DeferredConnections.wait(on: entry.fd)
    canWrite = events & (POLLOUT | POLLERR) != 0
    isExceptional = events & POLLPRI != 0
    if canWrite { socket.set(.connecting, false) }
  }
}
