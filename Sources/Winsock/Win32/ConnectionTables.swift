public import CWinsock
import Glibc

/// One line of /proc/net/tcp and its like. Addresses are as the kernel has them, in network order.
private struct KernelSocket {
  let local: [UInt32]
  let localPort: UInt16
  let remote: [UInt32]
  let remotePort: UInt16
  /// Linux' number.
  let state: Int
  let inode: UInt64

  init?(_ line: Substring) {
    let fields = line.split(whereSeparator: \.isWhitespace)
    guard fields.count > 9, let local = Self.place(fields[1]), let remote = Self.place(fields[2]),
      let state = Int(fields[3], radix: 16), let inode = UInt64(fields[9])
    else { return nil }
    (self.local, localPort) = local
    (self.remote, remotePort) = remote
    self.state = state
    self.inode = inode
  }

  private static func place(_ field: Substring) -> ([UInt32], UInt16)? {
    let parts = field.split(separator: ":")
    guard parts.count == 2, parts[0].count % 8 == 0, let port = UInt16(parts[1], radix: 16) else { return nil }
    let digits = Array(parts[0])
    let words = stride(from: 0, to: digits.count, by: 8).compactMap { UInt32(String(digits[$0..<$0 + 8]), radix: 16) }
    return (words, port)
  }

  static func all(_ file: String) -> [KernelSocket] {
    String(decoding: contents(of: "/proc/net/\(file)"), as: UTF8.self).split(separator: "\n").dropFirst()
      .compactMap { KernelSocket($0) }
  }

  /// MIB_TCP_STATE_ of Linux' TCP_ numbers, 1 to 12.
  var tableState: DWORD {
    let states: [Int32] = [
      MIB_TCP_STATE_CLOSED, MIB_TCP_STATE_ESTAB, MIB_TCP_STATE_SYN_SENT, MIB_TCP_STATE_SYN_RCVD,
      MIB_TCP_STATE_FIN_WAIT1, MIB_TCP_STATE_FIN_WAIT2, MIB_TCP_STATE_TIME_WAIT, MIB_TCP_STATE_CLOSED,
      MIB_TCP_STATE_CLOSE_WAIT, MIB_TCP_STATE_LAST_ACK, MIB_TCP_STATE_LISTEN, MIB_TCP_STATE_CLOSING,
      MIB_TCP_STATE_SYN_RCVD,
    ]
    return states.indices.contains(state) ? DWORD(states[state]) : DWORD(MIB_TCP_STATE_CLOSED)
  }

  var isListener: Bool { state == 10 }
  var order: [UInt32] {
    local.map(\.bigEndian) + [UInt32(localPort)] + remote.map(\.bigEndian) + [UInt32(remotePort)]
  }
}

/// Which process has which socket, as far as this user may see: 0 for others. Of several, to which it was inherited: this
/// one, or that of the lowest number.
private func owners() -> [UInt64: DWORD] {
  var found: [UInt64: DWORD] = [:]
  let own = DWORD(bitPattern: getpid())
  let processes = folderNames("/proc").compactMap { DWORD($0) }.sorted { ($0 == own ? 0 : $0) < ($1 == own ? 0 : $1) }
  for identifier in processes {
    for name in folderNames("/proc/\(identifier)/fd") {
      var target = [CChar](repeating: 0, count: 64)
      let count = unsafe readlink("/proc/\(identifier)/fd/\(name)", &target, target.count)
      guard count > 9, count < 64 else { continue }
      let text = String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard text.hasPrefix("socket:["), let inode = UInt64(text.dropFirst(8).dropLast()) else { continue }
      if found[inode] == nil { found[inode] = identifier }
    }
  }
  return found
}

/// The rows' words, one behind the other.
private func write(
  _ rows: [[UInt32]], _ table: PVOID?, _ size: PDWORD?
) throws(WSAError) {
  guard let size = unsafe size else { throw WSAError(ERROR_INVALID_PARAMETER) }
  let words = [UInt32(rows.count)] + rows.flatMap { $0 }
  let needed = DWORD(words.count * 4)
  let room = unsafe size.pointee
  unsafe size.pointee = needed
  guard let table = unsafe table, room >= needed else { throw WSAError(ERROR_INSUFFICIENT_BUFFER) }
  unsafe words.withUnsafeBytes { unsafe table.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
}

private func port(_ port: UInt16) -> UInt32 { UInt32(port.bigEndian) }

/// Lists the connections and listeners of TCP, with their processes. Page: GetExtendedTcpTable.
/// - Parameters:
///   - table: Receives an MIB_TCPTABLE, MIB_TCPTABLE_OWNER_PID or MIB_TCP6TABLE_OWNER_PID; NULL to learn the size.
///   - size: In: of the buffer in bytes. Out: what it needs, which may be more the next time.
///   - isSorted: By addresses and ports.
///   - family: AF_INET or AF_INET6.
///   - kind: TCP_TABLE_BASIC_ (IPv4) or TCP_TABLE_OWNER_PID_ _LISTENER, _CONNECTIONS or _ALL. The process is 0 where
///     another user's cannot be seen.
///   - reserved: Not looked at.
/// - Returns: NO_ERROR, ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER (NULL, another family), ERROR_NOT_SUPPORTED
///   (another kind); it is no last error.
@c @implementation
public func GetExtendedTcpTable(
  _ table: PVOID?, _ size: PDWORD?, _ isSorted: WindowsBool, _ family: ULONG, _ kind: TCP_TABLE_CLASS,
  _ reserved: ULONG
) -> DWORD {
  answer { () throws(WSAError) in
    guard [AF_INET, AF_INET6].contains(Int32(clamping: family)) else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let isSix = Int32(clamping: family) == AF_INET6
    let hasOwners = (TCP_TABLE_OWNER_PID_LISTENER.rawValue...TCP_TABLE_OWNER_PID_ALL.rawValue).contains(kind.rawValue)
    guard hasOwners || (kind.rawValue <= TCP_TABLE_BASIC_ALL.rawValue && !isSix) else {
      throw WSAError(ERROR_NOT_SUPPORTED)
    }
    var sockets = KernelSocket.all(isSix ? "tcp6" : "tcp")
    if kind.rawValue % 3 != 2 { sockets = sockets.filter { $0.isListener == (kind.rawValue % 3 == 0) } }
    if isSorted != 0 { sockets.sort { $0.order.lexicographicallyPrecedes($1.order) } }
    let owners = hasOwners ? owners() : [:]
    let rows = sockets.map { socket -> [UInt32] in
      let owner = hasOwners ? [owners[socket.inode] ?? 0] : []
      if isSix {
        return socket.local + [0, port(socket.localPort)] + socket.remote + [0, port(socket.remotePort)]
          + [socket.tableState] + owner
      }
      return [socket.tableState] + socket.local + [port(socket.localPort)] + socket.remote + [port(socket.remotePort)]
        + owner
    }
    try unsafe write(rows, table, size)
  }
}

/// Lists the sockets of UDP, with their processes. Page: GetExtendedUdpTable.
/// - Parameters:
///   - table: Receives an MIB_UDPTABLE, MIB_UDPTABLE_OWNER_PID or MIB_UDP6TABLE_OWNER_PID; NULL to learn the size.
///   - size: As for GetExtendedTcpTable, and so the others.
///   - kind: UDP_TABLE_BASIC (IPv4) or UDP_TABLE_OWNER_PID.
/// - Returns: As GetExtendedTcpTable.
@c @implementation
public func GetExtendedUdpTable(
  _ table: PVOID?, _ size: PDWORD?, _ isSorted: WindowsBool, _ family: ULONG, _ kind: UDP_TABLE_CLASS,
  _ reserved: ULONG
) -> DWORD {
  answer { () throws(WSAError) in
    guard [AF_INET, AF_INET6].contains(Int32(clamping: family)) else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let isSix = Int32(clamping: family) == AF_INET6
    let hasOwners = kind.rawValue == UDP_TABLE_OWNER_PID.rawValue
    guard hasOwners || (kind.rawValue == UDP_TABLE_BASIC.rawValue && !isSix) else {
      throw WSAError(ERROR_NOT_SUPPORTED)
    }
    var sockets = KernelSocket.all(isSix ? "udp6" : "udp")
    if isSorted != 0 { sockets.sort { $0.order.lexicographicallyPrecedes($1.order) } }
    let owners = hasOwners ? owners() : [:]
    let rows = sockets.map { socket -> [UInt32] in
      socket.local + (isSix ? [0] : []) + [port(socket.localPort)] + (hasOwners ? [owners[socket.inode] ?? 0] : [])
    }
    try unsafe write(rows, table, size)
  }
}
