public import CWinsock
import Glibc

/// A row of the list of protocols.
struct ProtocolRow {
  let family: Int32
  let type: Int32
  let transport: Int32
  let name: String

  static let all = [AF_INET, AF_INET6].flatMap { family in
    let text = family == AF_INET ? "IP" : "IPv6"
    return [
      ProtocolRow(
        family: family, type: ws2_socket_stream(), transport: ws2_protocol_tcp(), name: "Linux Tcpip [TCP/\(text)]"),
      ProtocolRow(family: family, type: ws2_socket_datagram(), transport: 17, name: "Linux Tcpip [UDP/\(text)]"),
      ProtocolRow(family: family, type: ws2_socket_raw(), transport: 0, name: "Linux Tcpip [RAW/\(text)]"),
    ]
  }

  /// Both structures have the same beginning, up to the name.
  func write<Unit: TextUnit>(to target: UnsafeMutableRawPointer, _ unit: Unit.Type) {
    let isStream = type == ws2_socket_stream()
    var info = WSAPROTOCOL_INFOA()
    let stream = XP1_GUARANTEED_DELIVERY | XP1_GUARANTEED_ORDER | XP1_GRACEFUL_CLOSE | XP1_EXPEDITED_DATA
    let datagram = XP1_CONNECTIONLESS | XP1_MESSAGE_ORIENTED | XP1_SUPPORT_BROADCAST | XP1_SUPPORT_MULTIPOINT
    info.dwServiceFlags1 = XP1_IFS_HANDLES | (isStream ? stream : datagram)
    info.dwProviderFlags = PFL_MATCHES_PROTOCOL_ZERO
    info.dwCatalogEntryId = DWORD(1001 + (Self.all.firstIndex { $0.name == name } ?? 0))
    info.ProtocolChain.ChainLen = BASE_PROTOCOL
    info.iVersion = 2
    (info.iAddressFamily, info.iSocketType, info.iProtocol) = (family, type, transport)
    (info.iMaxSockAddr, info.iMinSockAddr) = (nameSize(family), nameSize(family))
    info.iProtocolMaxOffset = type == ws2_socket_raw() ? 255 : 0
    info.dwMessageSize = isStream ? 0 : 65507
    let start = MemoryLayout<WSAPROTOCOL_INFOA>.offset(of: \.szProtocol) ?? 0
    unsafe withUnsafeBytes(of: info) { unsafe target.copyMemory(from: $0.baseAddress!, byteCount: start) }
    _ = unsafe copy(Array(name.utf8), to: (target + start).assumingMemoryBound(to: Unit.self), room: 256)
  }

  /// Of a socket: one of the list, or what the kernel says of another.
  static func of(_ socket: Socket) throws(WSAError) -> ProtocolRow {
    let family = try SocketName.local(of: socket.descriptor).family
    let type = socket.type
    if let known = all.first(where: { $0.family == family && $0.type == type }) { return known }
    return ProtocolRow(family: family, type: type, transport: 0, name: "Linux")
  }
}

/// Lists the protocols of Winsock. Page: WSAEnumProtocolsA.
/// - Parameters:
///   - wanted: IPPROTO_ numbers, ended by 0; NULL: all.
///   - buffer: Receives the rows; NULL to learn the size.
///   - size: In: of the buffer in bytes. Out: what it needs.
/// - Returns: How many, or SOCKET_ERROR: WSAENOBUFS (too small), WSAEFAULT, WSANOTINITIALISED.
@c @implementation
public func WSAEnumProtocolsA(
  _ wanted: LPINT?, _ buffer: LPWSAPROTOCOL_INFOA?, _ size: UnsafeMutablePointer<DWORD>?
) -> Int32 {
  unsafe list(wanted, UnsafeMutableRawPointer(buffer), size, MemoryLayout<WSAPROTOCOL_INFOA>.stride, CChar.self)
}

/// As WSAEnumProtocolsA. Page: WSAEnumProtocolsW.
@c @implementation
public func WSAEnumProtocolsW(
  _ wanted: LPINT?, _ buffer: LPWSAPROTOCOL_INFOW?, _ size: UnsafeMutablePointer<DWORD>?
) -> Int32 {
  unsafe list(wanted, UnsafeMutableRawPointer(buffer), size, MemoryLayout<WSAPROTOCOL_INFOW>.stride, WCHAR.self)
}

private func list<Unit: TextUnit>(
  _ wanted: LPINT?, _ buffer: UnsafeMutableRawPointer?, _ size: UnsafeMutablePointer<DWORD>?, _ stride: Int,
  _ unit: Unit.Type
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    guard let size = unsafe size, unsafe isWritable(size, MemoryLayout<DWORD>.size) else { throw WSAError(WSAEFAULT) }
    var numbers: [INT]?
    if let wanted = unsafe wanted {
      var found: [INT] = []
      while unsafe wanted[found.count] != 0 { found.append(unsafe wanted[found.count]) }
      numbers = found
    }
    let rows = ProtocolRow.all.filter { numbers?.contains($0.transport) ?? true }
    let needed = DWORD(rows.count * stride)
    let room = unsafe size.pointee
    unsafe size.pointee = needed
    guard room >= needed, let buffer = unsafe buffer else { throw WSAError(WSAENOBUFS) }
    guard unsafe isWritable(buffer, Int(needed)) else { throw WSAError(WSAEFAULT) }
    for (index, row) in rows.enumerated() { unsafe row.write(to: buffer + index * stride, unit) }
    return Int32(rows.count)
  }
}
