import CEngine

/// Rows of an image, each checked against the image's size before it is read.
extension PolicyImage {
  func row<Row: BitwiseCopyable>(at offset: Int, as type: Row.Type) throws(ImageDamaged) -> Row {
    guard offset >= 0, offset <= bytes.count - MemoryLayout<Row>.size else {
      throw ImageDamaged(what: "an offset behind its end")
    }
    return unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: type) }
  }

  func rows<Row: BitwiseCopyable>(_ table: wfp_table, as type: Row.Type) throws(ImageDamaged) -> [Row] {
    let stride = MemoryLayout<Row>.stride
    guard Int(table.offset) + Int(table.count) * stride <= bytes.count else {
      throw ImageDamaged(what: "a table behind its end")
    }
    var rows: [Row] = []
    for i in 0..<Int(table.count) { rows.append(try row(at: Int(table.offset) + i * stride, as: type)) }
    return rows
  }

  func data(_ range: wfp_range) throws(ImageDamaged) -> [UInt8] {
    let end = Int(range.offset) + Int(range.length)
    guard end <= bytes.count else { throw ImageDamaged(what: "text behind its end") }
    return Array(bytes[Int(range.offset)..<end])
  }

  func text(_ range: wfp_range) throws(ImageDamaged) -> String {
    guard let text = String(validating: try data(range), as: UTF8.self) else {
      throw ImageDamaged(what: "text that is not UTF-8")
    }
    return text
  }

  func endpoint(_ row: wfp_address) throws(ImageDamaged) -> Endpoint {
    let bytes = unsafe withUnsafeBytes(of: row.bytes) { unsafe Array($0) }
    let address = try address(family: Int(row.family), bytes)
    return Endpoint(address: address, port: UInt16(bigEndian: row.port), scopeID: row.scope_id)
  }

  func address(family: Int, _ bytes: [UInt8]) throws(ImageDamaged) -> Address {
    switch family {
    case Int(AF_INET): Address(unmapped: Array(bytes.prefix(4)))
    case Int(AF_INET6): Address(unmapped: bytes)
    default: throw ImageDamaged(what: "an address family")
    }
  }

  func field(_ row: wfp_field) throws(ImageDamaged) -> ContextField {
    guard let kind = ContextField.Kind(rawValue: row.kind),
      let selector = ContextField.Selector(rawValue: row.selector), let order = ContextField.Order(rawValue: row.order)
    else { throw ImageDamaged(what: "a context field") }
    var field = ContextField(kind)
    field.selector = selector
    field.order = order
    field.width = row.width
    field.values = row.values
    field.terminate = row.terminate != 0
    field.size = row.size
    field.data = try data(row.data)
    return field
  }

  func condition(_ row: wfp_condition) throws(ImageDamaged) -> Condition {
    switch Int(row.kind) {
    case WFP_IP_PROTOCOL: return .ipProtocol(try rows(row.values, as: UInt32.self))
    case WFP_IP_REMOTE_ADDRESS: return .ipRemoteAddress(try ranges(row.values))
    case WFP_IP_REMOTE_PORT: return .ipRemotePort(try ports(row.values))
    case WFP_IP_LOCAL_ADDRESS: return .ipLocalAddress(try ranges(row.values))
    case WFP_ALE_APP_ID: return .aleAppID(try texts(row.values))
    case WFP_ALE_ORIGINAL_APP_ID: return .aleOriginalAppID(try texts(row.values))
    case WFP_ALE_USER_ID: return .aleUserID(try rows(row.values, as: UInt32.self))
    case WFP_LOOPBACK: return .loopback(try rows(row.values, as: UInt32.self).map { $0 != 0 })
    default: throw ImageDamaged(what: "a condition")
    }
  }

  private func texts(_ table: wfp_table) throws(ImageDamaged) -> [String] {
    var texts: [String] = []
    for range in try rows(table, as: wfp_range.self) { texts.append(try text(range)) }
    return texts
  }

  private func ports(_ table: wfp_table) throws(ImageDamaged) -> [ClosedRange<UInt16>] {
    var ports: [ClosedRange<UInt16>] = []
    for row in try rows(table, as: wfp_port_range.self) {
      guard row.low <= row.high else { throw ImageDamaged(what: "a range of ports") }
      ports.append(row.low...row.high)
    }
    return ports
  }

  private func ranges(_ table: wfp_table) throws(ImageDamaged) -> [AddressRange] {
    var ranges: [AddressRange] = []
    for row in try rows(table, as: wfp_address_range.self) {
      let low = unsafe withUnsafeBytes(of: row.low) { unsafe Array($0) }
      let high = unsafe withUnsafeBytes(of: row.high) { unsafe Array($0) }
      ranges.append(
        AddressRange(
          low: try address(family: Int(row.family), low), high: try address(family: Int(row.family), high)))
    }
    return ranges
  }
}
