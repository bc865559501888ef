public import CWinsock

/// Ports that this process keeps. Windows' reservations outlive the machine's restart and keep other programs away; a
/// process of Linux without privilege has no such means (net.ipv4.ip_local_reserved_ports is root's), so these are a
/// book that the process keeps for itself.
private enum PortBook {
  enum Transport: UInt64 {
    case tcp = 1
    case udp
  }

  struct Block: Equatable {
    let transport: Transport
    let start: UInt16
    let count: UInt16
    var ports: Range<Int> { Int(start)..<Int(start) + Int(count) }
    /// Windows' are numbers without a meaning; 0 is none.
    var token: UInt64 { transport.rawValue << 32 | UInt64(start) << 16 | UInt64(count) }

    /// - Parameter start: In network order.
    init(_ transport: Transport, _ start: USHORT, _ count: USHORT) throws(WSAError) {
      self.transport = transport
      self.start = UInt16(bigEndian: start)
      self.count = count
      guard self.start > 0, count > 0, ports.upperBound <= 65536 else { throw WSAError(ERROR_INVALID_PARAMETER) }
    }
  }

  nonisolated(unsafe) private static var blocks: [Block] = []  // under ws2_lock

  static func add(_ block: Block) throws(WSAError) {
    try locked { () throws(WSAError) in
      let isTaken = unsafe blocks.contains { $0.transport == block.transport && $0.ports.overlaps(block.ports) }
      guard !isTaken else { throw WSAError(ERROR_SHARING_VIOLATION) }
      unsafe blocks.append(block)
    }
  }

  static func remove(_ block: Block) throws(WSAError) {
    try locked { () throws(WSAError) in
      guard let index = unsafe blocks.firstIndex(of: block) else { throw WSAError(ERROR_NOT_FOUND) }
      _ = unsafe blocks.remove(at: index)
    }
  }

  static func contains(_ block: Block) -> Bool { locked { unsafe blocks.contains(block) } }
}

private func create(
  _ transport: PortBook.Transport, _ start: USHORT, _ count: USHORT, _ token: UnsafeMutablePointer<ULONG64>?
) -> ULONG {
  answer { () throws(WSAError) in
    guard let token = unsafe token else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let block = try PortBook.Block(transport, start, count)
    try PortBook.add(block)
    unsafe token.pointee = block.token
  }
}

private func delete(_ transport: PortBook.Transport, _ start: USHORT, _ count: USHORT) -> ULONG {
  answer { () throws(WSAError) in try PortBook.remove(try PortBook.Block(transport, start, count)) }
}

private func lookUp(
  _ transport: PortBook.Transport, _ start: USHORT, _ count: USHORT, _ token: UnsafeMutablePointer<ULONG64>?
) -> ULONG {
  answer { () throws(WSAError) in
    guard let token = unsafe token else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let block = try PortBook.Block(transport, start, count)
    guard PortBook.contains(block) else { throw WSAError(ERROR_NOT_FOUND) }
    unsafe token.pointee = block.token
  }
}

/// Reserves ports of TCP, in this process's own book: bind() takes them all the same, and so do other programs.
/// Page: CreatePersistentTcpPortReservation.
/// - Parameters:
///   - start: The first port in network order; not 0.
///   - count: Ports; not 0.
///   - token: Receives a number for the reservation.
/// - Returns: NO_ERROR, ERROR_SHARING_VIOLATION (one is reserved), or ERROR_INVALID_PARAMETER; it is no last error.
@c @implementation
public func CreatePersistentTcpPortReservation(
  _ start: USHORT, _ count: USHORT, _ token: UnsafeMutablePointer<ULONG64>?
) -> ULONG { unsafe create(.tcp, start, count, token) }

/// As CreatePersistentTcpPortReservation, of UDP. Page: CreatePersistentUdpPortReservation.
@c @implementation
public func CreatePersistentUdpPortReservation(
  _ start: USHORT, _ count: USHORT, _ token: UnsafeMutablePointer<ULONG64>?
) -> ULONG { unsafe create(.udp, start, count, token) }

/// Ends a reservation, as a whole. Page: DeletePersistentTcpPortReservation.
/// - Returns: NO_ERROR, ERROR_NOT_FOUND, or ERROR_INVALID_PARAMETER; it is no last error.
@c @implementation
public func DeletePersistentTcpPortReservation(_ start: USHORT, _ count: USHORT) -> ULONG { delete(.tcp, start, count) }

/// As DeletePersistentTcpPortReservation, of UDP. Page: DeletePersistentUdpPortReservation.
@c @implementation
public func DeletePersistentUdpPortReservation(_ start: USHORT, _ count: USHORT) -> ULONG { delete(.udp, start, count) }

/// Finds a reservation of this process. Page: LookupPersistentTcpPortReservation.
/// - Parameter token: Receives its number.
/// - Returns: NO_ERROR, ERROR_NOT_FOUND, or ERROR_INVALID_PARAMETER; it is no last error.
@c @implementation
public func LookupPersistentTcpPortReservation(
  _ start: USHORT, _ count: USHORT, _ token: UnsafeMutablePointer<ULONG64>?
) -> ULONG { unsafe lookUp(.tcp, start, count, token) }

/// As LookupPersistentTcpPortReservation, of UDP. Page: LookupPersistentUdpPortReservation.
@c @implementation
public func LookupPersistentUdpPortReservation(
  _ start: USHORT, _ count: USHORT, _ token: UnsafeMutablePointer<ULONG64>?
) -> ULONG { unsafe lookUp(.udp, start, count, token) }
