import CEngine

/// An IP address and port. The address is two numbers in host order, so that ranges compare; IPv4 fills the
/// upper half of `high`.
struct Address: Equatable {
  var family: UInt16
  /// As it stands in a sockaddr: network order.
  var port: UInt16
  var high: UInt64
  var low: UInt64
  var flowInfo: UInt32 = 0
  var scope: UInt32 = 0

  static let ipv4 = UInt16(truncatingIfNeeded: AF_INET)
  static let ipv6 = UInt16(truncatingIfNeeded: AF_INET6)

  init(family: UInt16, port: UInt16, high: UInt64, low: UInt64) {
    self.family = family
    self.port = port
    self.high = high
    self.low = low
  }

  /// Reads a sockaddr_in or sockaddr_in6.
  /// - Returns: nil for another family, or one that is cut short: not ours to judge.
  init?(_ at: UnsafeRawPointer, length: Int) {
    if length < 2 { return nil }
    let family = unsafe at.loadUnaligned(as: UInt16.self)
    if family == Address.ipv4 && length >= MemoryLayout<sockaddr_in>.size {
      let address = UInt32(bigEndian: unsafe at.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
      self.init(
        family: family, port: unsafe at.loadUnaligned(fromByteOffset: 2, as: UInt16.self), high: UInt64(address) << 32,
        low: 0)
      return
    }
    // RFC 2133's sockaddr_in6 has no scope: 24 bytes are a whole one (Linux takes them too).
    if family == Address.ipv6 && length >= 24 {
      self.init(
        family: family, port: unsafe at.loadUnaligned(fromByteOffset: 2, as: UInt16.self),
        high: UInt64(bigEndian: unsafe at.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
        low: UInt64(bigEndian: unsafe at.loadUnaligned(fromByteOffset: 16, as: UInt64.self)))
      flowInfo = unsafe at.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
      if length >= 28 { scope = unsafe at.loadUnaligned(fromByteOffset: 24, as: UInt32.self) }
      return
    }
    return nil
  }

  init(_ stored: UnsafePointer<wfp_address>) {
    let raw = unsafe UnsafeRawPointer(stored)
    unsafe self.init(
      family: stored.pointee.family, port: stored.pointee.port,
      high: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 12, as: UInt64.self)),
      low: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 20, as: UInt64.self)))
    flowInfo = unsafe stored.pointee.flow_info
    scope = unsafe stored.pointee.scope_id
  }

  func store(to stored: UnsafeMutablePointer<wfp_address>) {
    let raw = UnsafeMutableRawPointer(stored)
    unsafe stored.pointee.family = family
    unsafe stored.pointee.port = port
    unsafe stored.pointee.flow_info = flowInfo
    unsafe stored.pointee.scope_id = scope
    unsafe raw.storeBytes(of: high.bigEndian, toByteOffset: 12, as: UInt64.self)
    unsafe raw.storeBytes(of: low.bigEndian, toByteOffset: 20, as: UInt64.self)
  }

  /// Writes a sockaddr_in (16 bytes) or sockaddr_in6 (28).
  /// - Returns: Its length.
  @discardableResult
  func writeSocketAddress(to at: UnsafeMutableRawPointer, familyNumber: UInt16) -> Int {
    unsafe at.storeBytes(of: familyNumber, as: UInt16.self)
    unsafe at.storeBytes(of: port, toByteOffset: 2, as: UInt16.self)
    if family != Address.ipv6 {
      unsafe at.storeBytes(of: UInt32(truncatingIfNeeded: high >> 32).bigEndian, toByteOffset: 4, as: UInt32.self)
      unsafe at.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
      return 16
    }
    unsafe at.storeBytes(of: flowInfo, toByteOffset: 4, as: UInt32.self)
    unsafe at.storeBytes(of: high.bigEndian, toByteOffset: 8, as: UInt64.self)
    unsafe at.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt64.self)
    unsafe at.storeBytes(of: scope, toByteOffset: 24, as: UInt32.self)
    return 28
  }

  var isMapped: Bool { family == Address.ipv6 && high == 0 && low >> 32 == 0xffff }

  /// An IPv4-mapped address as the IPv4 address that it stands for; any other one as it is.
  var unmapped: Address {
    isMapped ? Address(family: Address.ipv4, port: port, high: low << 32, low: 0) : self
  }

  /// An IPv4 address as an IPv4-mapped one.
  var mapped: Address {
    family == Address.ipv4 ? Address(family: Address.ipv6, port: port, high: 0, low: 0xffff << 32 | high >> 32) : self
  }

  var isAny: Bool { high == 0 && low == 0 || isMapped && low & 0xffff_ffff == 0 }

  var isLoopback: Bool {
    let plain = unmapped
    return plain.family == Address.ipv4 ? plain.high >> 56 == 127 : plain.high == 0 && plain.low == 1
  }

  func sameHost(as other: Address) -> Bool {
    let (a, b) = (unmapped, other.unmapped)
    return a.family == b.family && a.high == b.high && a.low == b.low
  }

  /// Mixes address and port into a number for tables.
  var hash: UInt64 { mix(mix(high ^ UInt64(family)) ^ low &* 3 ^ UInt64(port) << 32) }
}

/// The finaliser of SplitMix64: spreads every input bit over the result.
func mix(_ value: UInt64) -> UInt64 {
  var z = value &+ 0x9e37_79b9_7f4a_7c15
  z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
  z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
  return z ^ z >> 31
}
