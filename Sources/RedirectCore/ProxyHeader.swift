import CEngine

/// How much of a PROXY protocol v2 header stands at the beginning of a stream.
enum HeaderProgress: Equatable {
  /// The stream begins with something else.
  case foreign
  /// It may be one; so many bytes in all tell more. Of the signature one byte at a time: a client that sends two
  /// bytes of another protocol and waits for an answer must not wait for ever.
  case needs(Int)
  /// It is there, with this length.
  case complete(Int)

  static let fixedLength = 16
  static let maximalLength = 16 &+ 65535

  /// - Parameters:
  ///   - head: The first bytes of the stream, up to 16.
  ///   - available: How many bytes there are.
  init(_ head: ByteReader, available: Int) {
    var reader = head
    var i: UInt64 = 0
    while i < 12 {
      guard let byte = reader.u8() else {
        self = .needs(head.count &+ 1)
        return
      }
      // "\r\n\r\n\0\r\nQUIT\n"
      let wanted =
        i < 8 ? 0x0d0a_0d0a_000d_0a51 &>> (56 &- i &* 8) & 0xff : 0x5549_540a &>> (24 &- (i &- 8) &* 8) & 0xff as UInt64
      if UInt64(byte) != wanted {
        self = .foreign
        return
      }
      i &+= 1
    }
    guard let version = reader.u8(), reader.u8() != nil, let length = reader.u16() else {
      self = .needs(HeaderProgress.fixedLength)
      return
    }
    let total = HeaderProgress.fixedLength &+ Int(length)
    self = version != 0x20 && version != 0x21 ? .foreign : available < total ? .needs(total) : .complete(total)
  }
}

/// A PROXY protocol v2 header, whole (proxy-protocol.txt, section 2.2).
@safe
struct ProxyHeader {
  /// Who connected, and to what; nil for a connection of the sender's own (LOCAL) and for one that is not TCP over
  /// IP (UNSPEC, UNIX, DGRAM): there is no flow.
  private(set) var addresses: (source: Address, destination: Address)?
  /// Our own TLVs.
  private(set) var records: CarriedRecords?
  private(set) var context: CarriedContext?

  /// - Parameter bytes: The header and nothing else.
  /// - Returns: nil when it is malformed. Receivers must not take such a connection for a forwarded one.
  init?(_ bytes: ByteReader) {
    var reader = bytes
    guard reader.part(12) != nil, let command = reader.u8(), let kind = reader.u8(), let length = reader.u16(),
      reader.rest == Int(length)
    else { return nil }
    if command == 0x20 { return }  // LOCAL: the rest is not to be looked at
    if command != 0x21 { return nil }
    switch kind {
    case 0x00: return  // UNSPEC: the rest has no known form
    case 0x11, 0x12: guard readAddresses(&reader, Address.ipv4) else { return nil }
    case 0x21, 0x22: guard readAddresses(&reader, Address.ipv6) else { return nil }
    case 0x31, 0x32: guard reader.part(216) != nil else { return nil }
    default: return nil
    }
    if kind & 15 != 1 { addresses = nil }
    guard readTLVs(&reader, of: bytes) else { return nil }
  }

  private mutating func readAddresses(_ reader: inout ByteReader, _ family: UInt16) -> Bool {
    guard let from = readHost(&reader, family), let to = readHost(&reader, family), let fromPort = reader.u16(),
      let toPort = reader.u16()
    else { return false }
    addresses = (
      Address(family: family, port: fromPort.bigEndian, high: from.high, low: from.low),
      Address(family: family, port: toPort.bigEndian, high: to.high, low: to.low)
    )
    return true
  }

  private func readHost(_ reader: inout ByteReader, _ family: UInt16) -> (high: UInt64, low: UInt64)? {
    if family == Address.ipv4 { return reader.u32().map { (UInt64($0) &<< 32, 0) } }
    guard let high = reader.u64(), let low = reader.u64() else { return nil }
    return (high, low)
  }

  private mutating func readTLVs(_ reader: inout ByteReader, of whole: ByteReader) -> Bool {
    var checked = false
    while reader.rest > 0 {
      guard let type = reader.u8(), let length = reader.u16() else { return false }
      let start = reader.at
      guard let value = reader.part(Int(length)) else { return false }
      switch type {
      case 0x03:  // PP2_TYPE_CRC32C
        var stored = value
        guard !checked, length == 4, stored.u32() == crc32c(whole, zeroAt: start) else { return false }
        checked = true
      case carriedType: guard readCarried(value) else { return false }
      default: break
      }
    }
    return true
  }

  private mutating func readCarried(_ value: ByteReader) -> Bool {
    switch Carried(value) {
    case .foreign: return true
    case .malformed: return false
    case .records(let found):
      if records != nil { return false }
      records = found
    case .context(let found):
      if context != nil { return false }
      context = found
    }
    return true
  }
}

/// CRC-32C (Castagnoli, RFC 9260 appendix A) of all bytes, four of them taken as zero. Bit by bit: a table would cost
/// every process a page, and headers are short.
func crc32c(_ bytes: ByteReader, zeroAt: Int) -> UInt32 {
  var reader = bytes
  var crc: UInt32 = 0xffff_ffff
  while true {
    let at = reader.at
    guard let byte = reader.u8() else { return ~crc }
    crc ^= at >= zeroAt && at < zeroAt &+ 4 ? 0 : UInt32(byte)
    var bit = 0
    while bit < 8 {
      crc = crc & 1 != 0 ? crc &>> 1 ^ 0x82f6_3b78 : crc &>> 1
      bit &+= 1
    }
  }
}
