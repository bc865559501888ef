public import CWinsock
import Glibc

/// Microsoft's page "ioctlsocket function": FIONBIO, FIONREAD, SIOCATMARK.
/// - Parameter argument: In and out; glibc's u_long has 64 bits, and so many are written.
/// - Returns: SOCKET_ERROR with WSAENOTSOCK, WSAEFAULT, WSAEOPNOTSUPP (another code), WSAEINVAL (blocking, while
///   WSAEventSelect is in force).
@c @implementation
public func ws2_ioctlsocket(_ handle: SOCKET, _ command: Int, _ argument: UnsafeMutablePointer<u_long>?) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    guard let argument = unsafe argument, unsafe isWritable(argument, MemoryLayout<u_long>.size) else {
      throw WSAError(WSAEFAULT)
    }
    unsafe argument.pointee = u_long(
      try control(socket, DWORD(truncatingIfNeeded: command), DWORD(truncatingIfNeeded: argument.pointee)))
    return 0
  }
}

/// For programs that pass a ULONG or a DWORD. Page: ioctlsocket.
@c @implementation
public func ws2_ioctlsocket32(_ handle: SOCKET, _ command: Int, _ argument: UnsafeMutablePointer<ULONG>?) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    guard let argument = unsafe argument, unsafe isWritable(argument, MemoryLayout<ULONG>.size) else {
      throw WSAError(WSAEFAULT)
    }
    unsafe argument.pointee = try control(socket, DWORD(truncatingIfNeeded: command), argument.pointee)
    return 0
  }
}

/// The three codes by Linux's numbers, which our headers have, and by Windows', which programs may spell out.
enum ControlCode {
  static let nonBlocking: [DWORD] = [DWORD(FIONBIO), 0x8004_667e]
  static let bytesToRead: [DWORD] = [DWORD(FIONREAD), 0x4004_667f]
  static let atMark: [DWORD] = [DWORD(SIOCATMARK), 0x4004_7307]
}

/// Returns what the argument holds afterwards.
func control(_ socket: Socket, _ code: DWORD, _ argument: DWORD) throws(WSAError) -> DWORD {
  if ControlCode.nonBlocking.contains(code) {
    if argument == 0, socket.attributes.contains(.selects) { throw WSAError(WSAEINVAL) }
    try socket.setNonBlocking(argument != 0)
    return argument
  }
  if ControlCode.bytesToRead.contains(code) {
    return socket.type == ws2_socket_stream() ? try socket.query(UInt(FIONREAD)) : socket.bytesToRead
  }
  if ControlCode.atMark.contains(code) {
    guard socket.type == ws2_socket_stream() else { throw WSAError(WSAEINVAL) }
    // Linux says 1 at the mark, Winsock says that no urgent data is left to read.
    return try socket.query(UInt(SIOCATMARK)) == 0 ? 1 : 0
  }
  throw WSAError(WSAEOPNOTSUPP)
}

extension Socket {
  func setNonBlocking(_ isOn: Bool) throws(WSAError) {
    let flags = try checked(ws2_descriptor_flags(descriptor))
    try checked(ws2_set_descriptor_flags(descriptor, isOn ? flags | O_NONBLOCK : flags & ~O_NONBLOCK))
    set(.nonBlocking, isOn)
  }

  /// Everything that is queued, also of a datagram socket.
  var bytesToRead: DWORD {
    if type != ws2_socket_stream() {
      // The kernel's place for this count is one for each socket.
      let total = backlogs.withLock { ws2_datagram_backlog(descriptor) }
      if total >= 0 { return DWORD(clamping: total) }
    }
    return (try? query(UInt(FIONREAD))) ?? 0
  }

  fileprivate func query(_ code: UInt) throws(WSAError) -> DWORD {
    var value: Int32 = 0
    try checked(unsafe ws2_ioctl(descriptor, code, &value))
    return DWORD(bitPattern: value)
  }
}

private let backlogs = WordLock()

/// A lock for a few instructions that fork() leaves free in the child.
@safe
final class WordLock: Sendable {
  nonisolated(unsafe) private let word: UnsafeMutablePointer<UInt32>

  init() {
    unsafe word = .allocate(capacity: 1)
    unsafe word.initialize(to: ws2_fork_count() << 2)
  }

  func withLock<Result, Failure>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    unsafe ws2_word_lock(word)
    defer { unsafe ws2_word_unlock(word) }
    return try body()
  }
}
