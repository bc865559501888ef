import Foundation

/// A PROXY protocol v2 header, put together from the protocol's text (section 2.2) and docs/proxy-protocol.md, not from
/// the code under test.
struct HeaderBytes {
  static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

  var command: UInt8 = 0x21
  var kind: UInt8
  var addresses: [UInt8]
  var tlvs: [(type: UInt8, value: [UInt8])] = []

  /// TCP over IPv4 or IPv6.
  init(from: String, _ fromPort: UInt16, to: String, _ toPort: UInt16) {
    kind = from.contains(":") ? 0x21 : 0x11
    addresses = HeaderBytes.host(from) + HeaderBytes.host(to) + big(fromPort) + big(toPort)
  }

  init(command: UInt8 = 0x21, kind: UInt8, addresses: [UInt8] = []) {
    self.command = command
    self.kind = kind
    self.addresses = addresses
  }

  static func host(_ text: String) -> [UInt8] {
    var v4 = in_addr()
    var v6 = in6_addr()
    if inet_pton(AF_INET, text, &v4) == 1 { return withUnsafeBytes(of: v4) { Array($0) } }
    precondition(inet_pton(AF_INET6, text, &v6) == 1, text)
    return withUnsafeBytes(of: v6) { Array($0) }
  }

  var bytes: [UInt8] {
    let body = addresses + tlvs.flatMap { [$0.type] + big(UInt16($0.value.count)) + $0.value }
    return HeaderBytes.signature + [command, kind] + big(UInt16(body.count)) + body
  }

  func adding(_ type: UInt8, _ value: [UInt8]) -> HeaderBytes {
    var copy = self
    copy.tlvs.append((type, value))
    return copy
  }

  /// With a PP2_TYPE_CRC32C behind what is there.
  var checked: HeaderBytes {
    var copy = adding(0x03, [0, 0, 0, 0])
    copy.tlvs[copy.tlvs.count - 1].value = big(castagnoli(copy.bytes))
    return copy
  }

  /// Our own TLV: the context that the sender attached for a provider.
  func carrying(context: [UInt8], for guid: [UInt8]) -> HeaderBytes { carrying(2, guid + context) }

  /// Our own TLV: the original application and the hops until now.
  func carrying(_ application: CarriedApplication, hops: [CarriedHopBytes]) -> HeaderBytes {
    let path = Array(application.path.utf8)
    let head =
      big(application.startTime) + big(application.pid) + big(application.uid) + big(application.gid)
      + big(application.session) + [application.isRoot, UInt8(hops.count)] + big(UInt16(path.count)) + path
    return carrying(1, head + hops.flatMap(\.bytes))
  }

  private func carrying(_ what: UInt32, _ content: [UInt8]) -> HeaderBytes {
    adding(0xe5, Array("WFPSHIM1".utf8) + big(what) + content)
  }
}

struct CarriedApplication {
  var startTime: UInt64 = 1_700_000_000_000_000_000
  var pid: UInt32 = 4711
  var uid: UInt32 = 1000
  var gid: UInt32 = 1001
  var session: UInt32 = 99
  var isRoot: UInt8 = 0
  var path = "/opt/elsewhere/app"
}

struct CarriedHopBytes {
  var flow = [UInt8](repeating: 0x11, count: 16)
  var guid = [UInt8](repeating: 0x22, count: 16)
  var filterID: UInt64 = 5
  var time: UInt64 = 1_700_000_000_000_000_001
  var flags: UInt32 = 0
  var provider = "northwind"
  var filter = "to-northwind"

  var bytes: [UInt8] {
    let (provider, filter) = (Array(provider.utf8), Array(filter.utf8))
    return flow + guid + big(filterID) + big(time) + big(flags) + [UInt8(provider.count), UInt8(filter.count)]
      + provider + filter
  }
}

func big(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

/// CRC-32C by its table, as RFC 9260 has it.
func castagnoli(_ bytes: [UInt8]) -> UInt32 {
  let table: [UInt32] = (0..<256).map { n in
    (0..<8).reduce(UInt32(n)) { value, _ in value & 1 == 1 ? 0x82f6_3b78 ^ (value >> 1) : value >> 1 }
  }
  return ~bytes.reduce(UInt32.max) { table[Int(($0 ^ UInt32($1)) & 255)] ^ ($0 >> 8) }
}
