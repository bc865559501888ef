public import CWinsock
import Glibc

@c @implementation
public func ws2_ioctlsocket(_ handle: SOCKET, _ command: Int, _ argument: UnsafeMutablePointer<u_long>?) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    guard let argument = unsafe argument, unsafe isWritable(argument, MemoryLayout<u_long>.size) else {
      throw WSAError(WSAEFAULT)
    }
    // glibc's u_long has 64 bits, and so many are written.
    unsafe argument.pointee = u_long(
      try control(socket, DWORD(truncatingIfNeeded: command), DWORD(truncatingIfNeeded: argument.pointee)))
    return 0
  }
}

/// For programs that pass a ULONG or a DWORD.
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
private enum ControlCode {
  static let nonBlocking: [DWORD] = [DWORD(FIONBIO), 0x8004_667e]
  static let bytesToRead: [DWORD] = [DWORD(FIONREAD), 0x4004_667f]
  static let atMark: [DWORD] = [DWORD(SIOCATMARK), 0x4004_7307]
}

/// Returns what the argument holds afterwards.
private func control(_ socket: Socket, _ code: DWORD, _ argument: DWORD) throws(WSAError) -> DWORD {
  if ControlCode.nonBlocking.contains(code) {
    try socket.setNonBlocking(argument != 0)
    return argument
  }
  if ControlCode.bytesToRead.contains(code) { return try socket.query(UInt(FIONREAD)) }
  if ControlCode.atMark.contains(code) {
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

  fileprivate func query(_ code: UInt) throws(WSAError) -> DWORD {
    var value: Int32 = 0
    try checked(unsafe ws2_ioctl(descriptor, code, &value))
    return DWORD(bitPattern: value)
  }
}

extension IoctlCall {
  /// WSAIoctl's codes beside the redirect ones. Returns the count of bytes in the output.
  func other() throws(WSAError) -> DWORD {
    try socket.requireSocket()
    switch code {
    case ws2_SIO_KEEPALIVE_VALS: return try setKeepAlive()
    case ws2_SIO_BASE_HANDLE:
      try write(socket.handle)
      return DWORD(MemoryLayout<SOCKET>.size)
    case ws2_SIO_UDP_CONNRESET, ws2_SIO_UDP_NETRESET:
      // An unconnected UDP socket never hears of ICMP errors on Linux: what the programs that set this ask for.
      guard socket.type == ws2_socket_datagram() else { throw WSAError(WSAEOPNOTSUPP) }
      guard try readDWORD() == 0 else { throw WSAError(WSAEOPNOTSUPP) }
      return 0
    case ws2_SIO_FLUSH:
      // Linux does not take back what it has been given to send; what is still here ends.
      Socket.queue(of: socket.descriptor)?.cancel { _ in true }
      return 0
    case ws2_SIO_LOOPBACK_FAST_PATH:
      _ = try readDWORD()
      return 0  // a hint
    default: return try controlByIoctl()
    }
  }

  private func controlByIoctl() throws(WSAError) -> DWORD {
    if ControlCode.nonBlocking.contains(code) {
      _ = try control(socket, code, try readDWORD())
      return 0
    }
    guard ControlCode.bytesToRead.contains(code) || ControlCode.atMark.contains(code) else {
      throw WSAError(WSAEOPNOTSUPP)
    }
    try write(try control(socket, code, 0))
    return DWORD(MemoryLayout<DWORD>.size)
  }

  private func write<Value: BitwiseCopyable>(_ value: Value) throws(WSAError) {
    let size = MemoryLayout<Value>.size
    guard outputSize >= size, unsafe isWritable(output, size), let output = unsafe output else {
      throw WSAError(WSAEFAULT)
    }
    unsafe output.storeBytes(of: value, as: Value.self)
  }

  private func readDWORD() throws(WSAError) -> DWORD {
    guard inputSize >= 4, unsafe isReadable(input, 4), let input = unsafe input else { throw WSAError(WSAEFAULT) }
    return unsafe input.loadUnaligned(as: DWORD.self)
  }

  /// struct tcp_keepalive: on or off, and two times in milliseconds, of which Linux takes whole seconds.
  private func setKeepAlive() throws(WSAError) -> DWORD {
    guard socket.type == ws2_socket_stream() else { throw WSAError(WSAENOPROTOOPT) }
    let size = MemoryLayout<tcp_keepalive>.size
    guard inputSize >= size, unsafe isReadable(input, size), let input = unsafe input else {
      throw WSAError(WSAEFAULT)
    }
    let values = unsafe input.loadUnaligned(as: tcp_keepalive.self)
    try socket.setOption(SOL_SOCKET, SO_KEEPALIVE, values.onoff != 0 ? 1 : 0)
    if values.onoff != 0 {
      try socket.setOption(ws2_protocol_tcp(), TCP_KEEPIDLE, seconds(values.keepalivetime))
      try socket.setOption(ws2_protocol_tcp(), TCP_KEEPINTVL, seconds(values.keepaliveinterval))
    }
    return 0
  }

  private func seconds(_ milliseconds: ULONG) -> Int32 { Int32(max(1, milliseconds / 1000)) }
}
