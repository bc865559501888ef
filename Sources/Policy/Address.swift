import CEngine

/// An address without port. An IPv4-mapped IPv6 address is the IPv4 address that it stands for, since conditions on
/// IPv4 hold for both (SPEC S7.1).
package struct Address: Hashable, Sendable, CustomStringConvertible {
  /// Four or sixteen, network order.
  package let bytes: [UInt8]

  package var isIPv4: Bool { bytes.count == 4 }

  /// - Parameter bytes: Four or sixteen, network order.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    let mapped = bytes.count == 16 && bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
    self.bytes = mapped ? Array(bytes[12...]) : bytes
  }

  package init?(_ text: String) {
    guard let bytes = Address.parse(text) else { return nil }
    self.init(bytes: bytes)
  }

  package var description: String {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let capacity = socklen_t(text.count)
    _ = unsafe inet_ntop(isIPv4 ? AF_INET : AF_INET6, bytes, &text, capacity)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// As written: a mapped address stays sixteen bytes long.
  static func parse(_ text: String) -> [UInt8]? {
    for (family, length) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: length)
      if unsafe inet_pton(family, text, &bytes) == 1 { return bytes }
    }
    return nil
  }
}

/// Where a redirect service listens.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  package var address: Address
  package var port: UInt16
  package var scopeID: UInt32

  package init(address: Address, port: UInt16, scopeID: UInt32 = 0) {
    self.address = address
    self.port = port
    self.scopeID = scopeID
  }

  package var description: String {
    if address.isIPv4 { return "\(address):\(port)" }
    return scopeID == 0 ? "[\(address)]:\(port)" : "[\(address)%\(scopeID)]:\(port)"
  }
}

/// Inclusive; both ends are of one family.
package struct AddressRange: Hashable, Sendable, CustomStringConvertible {
  package var low: Address
  package var high: Address

  package init(low: Address, high: Address) {
    self.low = low
    self.high = high
  }

  package var description: String {
    if low == high { return "\(low)" }
    return prefixLength.map { "\(low)/\($0)" } ?? "\(low)-\(high)"
  }

  /// When the range is all addresses that begin with the same bits.
  private var prefixLength: Int? {
    let bits = low.bytes.count * 8
    let length = (0..<bits).first { low.bit($0) != high.bit($0) } ?? bits
    return (length..<bits).allSatisfy { !low.bit($0) && high.bit($0) } ? length : nil
  }
}

extension AddressRange {
  /// Why a text is no range of addresses.
  enum Failure: Error { case noAddress, prefixLength(Int), hostBits(String), families, order }

  /// `address`, `address/length` or `a-b` (SPEC S11.3).
  init(parsing text: String) throws(Failure) {
    if let slash = text.firstIndex(of: "/") {
      self = try AddressRange.prefixed(String(text[..<slash]), String(text[text.index(after: slash)...]))
      return
    }
    let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = Address.parse(String(ends[0])), let last = Address.parse(String(ends[ends.count - 1])) else {
      throw .noAddress
    }
    guard first.count == last.count else { throw .families }
    guard !last.lexicographicallyPrecedes(first) else { throw .order }
    self = try AddressRange.normalised(first, last)
  }

  private static func prefixed(_ address: String, _ length: String) throws(Failure) -> AddressRange {
    guard let bytes = Address.parse(address) else { throw .noAddress }
    guard let bits = parseNumber(length).map({ Int(clamping: $0) }), bits <= bytes.count * 8 else {
      throw .prefixLength(bytes.count * 8)
    }
    var low = bytes
    var high = bytes
    for i in bytes.indices {
      let kept = max(0, min(8, bits - i * 8))
      let host = UInt8(truncatingIfNeeded: 0xff >> kept)
      low[i] &= ~host
      high[i] |= host
    }
    guard low == bytes else { throw .hostBits("\(Address(bytes: low)?.description ?? address)/\(length)") }
    return try normalised(low, high)
  }

  /// IPv4 when both ends are IPv4-mapped; otherwise the ends stay as they are, so that `::/0` is not split.
  private static func normalised(_ low: [UInt8], _ high: [UInt8]) throws(Failure) -> AddressRange {
    guard let first = Address(bytes: low), let last = Address(bytes: high) else { throw .noAddress }
    if first.isIPv4 == last.isIPv4 { return AddressRange(low: first, high: last) }
    return AddressRange(low: Address(unmapped: low), high: Address(unmapped: high))
  }
}

extension Address {
  fileprivate func bit(_ number: Int) -> Bool { bytes[number / 8] & (0x80 >> UInt8(number % 8)) != 0 }

  /// - Parameter bytes: Four or sixteen, kept as they are.
  package init(unmapped bytes: [UInt8]) { self.bytes = bytes }
}
