public import CWinsock
import Glibc

/// Makes a socket for overlapped use. Page: socket.
/// - Parameters:
///   - family: AF_INET, AF_INET6 (IPv6 alone until IPV6_V6ONLY is cleared) or another that Linux has.
///   - type: SOCK_STREAM, SOCK_DGRAM, SOCK_RAW; 0 is a stream.
///   - transport: IPPROTO_TCP and so on; 0: the type's own.
/// - Returns: The socket, whose number is the descriptor's, or INVALID_SOCKET: WSAEAFNOSUPPORT, WSAEPROTONOSUPPORT,
///   WSAESOCKTNOSUPPORT, WSAEMFILE, WSAENOBUFS, WSAEACCES, WSANOTINITIALISED.
@c @implementation
public func ws2_socket(_ family: Int32, _ type: Int32, _ transport: Int32) -> SOCKET {
  winsock(failing: invalidSocket) { () throws(WSAError) in
    try makeSocket(family, type, transport, flags: DWORD(WSA_FLAG_OVERLAPPED))
  }
}

/// As WSASocketW, with the other protocol structure. Page: WSASocketA.
@c @implementation
public func WSASocketA(
  _ family: Int32, _ type: Int32, _ transport: Int32, _ info: LPWSAPROTOCOL_INFOA?, _ group: GROUP, _ flags: DWORD
) -> SOCKET {
  winsock(failing: invalidSocket) { () throws(WSAError) in
    guard let info = unsafe info else { return try makeSocket(family, type, transport, flags: flags) }
    return try unsafe makeSocket(
      family == FROM_PROTOCOL_INFO ? info.pointee.iAddressFamily : family,
      type == FROM_PROTOCOL_INFO ? info.pointee.iSocketType : type,
      transport == FROM_PROTOCOL_INFO ? info.pointee.iProtocol : transport, flags: flags)
  }
}

/// Makes a socket. Page: WSASocketW.
/// - Parameters:
///   - info: What FROM_PROTOCOL_INFO (-1) in the first three stands for; NULL without.
///   - group: Not looked at.
///   - flags: WSA_FLAG_OVERLAPPED, without which LPWSAOVERLAPPED arguments are ignored; WSA_FLAG_NO_HANDLE_INHERIT:
///     close-on-exec; multipoint flags are taken.
/// - Returns: As socket, and WSAEINVAL for other flags.
@c @implementation
public func WSASocketW(
  _ family: Int32, _ type: Int32, _ transport: Int32, _ info: LPWSAPROTOCOL_INFOW?, _ group: GROUP, _ flags: DWORD
) -> SOCKET {
  winsock(failing: invalidSocket) { () throws(WSAError) in
    guard let info = unsafe info else { return try makeSocket(family, type, transport, flags: flags) }
    return try unsafe makeSocket(
      family == FROM_PROTOCOL_INFO ? info.pointee.iAddressFamily : family,
      type == FROM_PROTOCOL_INFO ? info.pointee.iSocketType : type,
      transport == FROM_PROTOCOL_INFO ? info.pointee.iProtocol : transport, flags: flags)
  }
}

/// INVALID_SOCKET, whose cast Swift does not import.
let invalidSocket = SOCKET.max

private let acceptedFlags = DWORD(
  WSA_FLAG_OVERLAPPED | WSA_FLAG_MULTIPOINT_C_ROOT | WSA_FLAG_MULTIPOINT_C_LEAF | WSA_FLAG_MULTIPOINT_D_ROOT
    | WSA_FLAG_MULTIPOINT_D_LEAF | WSA_FLAG_NO_HANDLE_INHERIT)

private func makeSocket(_ family: Int32, _ type: Int32, _ transport: Int32, flags: DWORD) throws(WSAError) -> SOCKET {
  guard flags & ~acceptedFlags == 0 else { throw WSAError(WSAEINVAL) }
  // Linux takes flags in the upper bits of the type; Winsock knows types only.
  guard (0...0xf).contains(type) else { throw WSAError(WSAESOCKTNOSUPPORT) }
  let kind = type == 0 ? ws2_socket_stream() : type
  let closesOnExec = flags & DWORD(WSA_FLAG_NO_HANDLE_INHERIT) != 0
  let descriptor = socket(family, kind | (closesOnExec ? ws2_close_on_exec() : 0), transport)
  guard descriptor >= 0 else { throw socketError(kind) }
  if family == AF_INET6 {
    // On Windows an IPv6 socket is not dual-stack until the program says so.
    var on: Int32 = 1
    unsafe setsockopt(
      descriptor, ws2_protocol_ipv6(), IPV6_V6ONLY, &on, socklen_t(MemoryLayout<Int32>.size))
  }
  let isOverlapped = flags & DWORD(WSA_FLAG_OVERLAPPED) != 0
  return try Socket(made: descriptor, attributes(of: family, kind).union(isOverlapped ? [] : .notOverlapped)).handle
}

private func attributes(of family: Int32, _ type: Int32) -> SocketAttributes {
  let transport: SocketAttributes =
    type == ws2_socket_stream() ? .isStream : type == ws2_socket_datagram() ? .isDatagram : []
  switch family {
  case AF_INET: return transport.union(.isInternet4)
  case AF_INET6: return transport.union(.isInternet6)
  default: return []
  }
}

/// Linux says EINVAL for a type that it does not know, and EPROTONOSUPPORT for a protocol of another type.
private func socketError(_ type: Int32) -> WSAError {
  let known = [ws2_socket_stream(), ws2_socket_datagram(), ws2_socket_raw()]
  if ws2_errno() == EINVAL, !known.contains(type) { return WSAError(WSAESOCKTNOSUPPORT) }
  return .fromErrno
}
