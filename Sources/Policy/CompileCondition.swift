package import CEngine

extension Condition {
  /// Number in wfp_condition.kind.
  package var kind: UInt32 {
    switch self {
    case .ipProtocol: 1
    case .ipRemoteAddress: 2
    case .ipRemotePort: 3
    case .ipLocalAddress: 4
    case .aleAppID: 5
    case .aleOriginalAppID: 6
    case .aleUserID: 7
    case .loopback: 8
    }
  }

  func compile(into builder: inout ImageBuilder) throws(ImageTooLarge) -> wfp_condition {
    var row = wfp_condition()
    row.kind = kind
    switch self {
    case .ipProtocol(let numbers), .aleUserID(let numbers): row.values = try builder.table(numbers)
    case .ipRemoteAddress(let ranges), .ipLocalAddress(let ranges):
      row.values = try builder.table(ranges.map { wfp_address_range($0) })
    case .ipRemotePort(let ranges):
      row.values = try builder.table(ranges.map { wfp_port_range(low: $0.lowerBound, high: $0.upperBound) })
    case .aleAppID(let patterns), .aleOriginalAppID(let patterns):
      var rows: [wfp_range] = []
      for pattern in patterns { rows.append(try builder.append(pattern)) }
      row.values = try builder.table(rows)
    case .loopback(let flags): row.values = try builder.table(flags.map { UInt32($0 ? 1 : 0) })
    }
    return row
  }
}

extension wfp_address_range {
  init(_ range: AddressRange) {
    self.init()
    family = UInt32(range.low.isIPv4 ? AF_INET : AF_INET6)
    unsafe withUnsafeMutableBytes(of: &low) { unsafe $0.copyBytes(from: range.low.bytes) }
    unsafe withUnsafeMutableBytes(of: &high) { unsafe $0.copyBytes(from: range.high.bytes) }
  }
}

extension wfp_address {
  package init(_ endpoint: Endpoint) {
    self.init()
    family = UInt16(endpoint.address.isIPv4 ? AF_INET : AF_INET6)
    port = endpoint.port.bigEndian
    scope_id = endpoint.scopeID
    unsafe withUnsafeMutableBytes(of: &bytes) { unsafe $0.copyBytes(from: endpoint.address.bytes) }
  }
}
