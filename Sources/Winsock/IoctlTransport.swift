import CWinsock
import Glibc
import Synchronization

/// The codes about a connection or a datagram socket.
extension IoctlCall {
  /// struct tcp_keepalive: on or off, and two times in milliseconds, of which Linux takes whole seconds.
  func setKeepAlive() throws(WSAError) -> IoctlAnswer {
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
    return IoctlAnswer(bytes: 0)
  }

  /// Linux takes 1 to 32767 seconds.
  private func seconds(_ milliseconds: ULONG) -> Int32 { Int32(min(max(1, milliseconds / 1000), 32767)) }

  /// An unconnected UDP socket never hears of ICMP errors on Linux: TRUE is refused there, as it cannot be kept.
  func setResets() throws(WSAError) -> IoctlAnswer {
    guard socket.type == ws2_socket_datagram() else { throw WSAError(WSAEOPNOTSUPP) }
    let isOn = try readDWORD() != 0
    if isOn {
      guard code == ws2_SIO_UDP_CONNRESET, socket.isConnectedTransport else { throw WSAError(WSAEOPNOTSUPP) }
    }
    if code == ws2_SIO_UDP_CONNRESET { socket.set(.ignoresResets, !isOn) }
    return IoctlAnswer(bytes: 0)
  }

  /// TCP_INFO_v0 and _v1. The page of SIO_TCP_INFO: input NULL or of another size, WSAEMSGSIZE; output too small,
  /// WSAEINVAL and 0.
  func connectionStatistics() throws(WSAError) -> IoctlAnswer {
    guard inputSize == 4, unsafe input != nil else { throw WSAError(WSAEMSGSIZE) }
    let version = try readDWORD()
    guard socket.type == ws2_socket_stream() else { throw WSAError(WSAEOPNOTSUPP) }
    guard version <= 1 else { throw WSAError(WSAEINVAL) }
    let size = version == 0 ? MemoryLayout<TCP_INFO_v0>.size : MemoryLayout<TCP_INFO_v1>.size
    guard Int(outputSize) >= size else { return IoctlAnswer(error: WSAError(WSAEINVAL), bytes: 0) }
    var info = TCP_INFO_v1()
    try checked(unsafe ws2_tcp_info(socket.descriptor, &info))
    let since = unsafe socket.state.pointee.connected.load(ordering: .relaxed)
    if since != 0, !socket.neverConnected { info.ConnectionTimeMs = monotonicMilliseconds() - since }
    return try unsafe withUnsafeBytes(of: info) { bytes throws(WSAError) in
      try unsafe give(UnsafeRawBufferPointer(rebasing: bytes[..<size]))
    }
  }

  /// How much to keep in flight: the congestion window, and no less than the send buffer's beginning.
  func idealBacklog() throws(WSAError) -> IoctlAnswer {
    guard socket.type == ws2_socket_stream() else { throw WSAError(WSAEOPNOTSUPP) }
    guard socket.isConnectedTransport else { throw WSAError(WSAENOTCONN) }
    guard outputSize >= 4 else { return IoctlAnswer(error: WSAError(WSAEINVAL), bytes: 0) }
    var info = TCP_INFO_v1()
    try checked(unsafe ws2_tcp_info(socket.descriptor, &info))
    return try give(max(info.Cwnd, 1 << 16))
  }
}
