/// One field of a redirect context (SPEC S11.5), as `wfp_field` has it. Options that a kind does not have stay zero.
package struct ContextField: Hashable, Sendable {
  package enum Kind: UInt16, Sendable, CaseIterable {
    case literal = 1
    case sockaddrStorage, sockaddr, ipv4, ipv6, address16, port, family, `protocol`, pid, uid, gid, session, scopeID
    case isRoot, processCreateTime, appPath, flowID, random, filterID, filterHash, padTo, align
  }

  package enum Selector: UInt8, Sendable { case remote, local }
  package enum Order: UInt8, Sendable { case host, network, little }
  package enum FamilyNumbers: UInt8, Sendable { case linux, windows, ipVersion, zeroOne }
  package enum TimeUnit: UInt8, Sendable { case filetime, unixNanoseconds }
  package enum Encoding: UInt8, Sendable { case utf8, utf16 }
  /// What a literal was written as. Only for showing it: to a preloaded process a literal is bytes.
  package enum LiteralForm: UInt8, Sendable { case bytes, number, text, guid, zero }

  package var kind: Kind
  package var selector: Selector = .remote
  /// Bytes of a number.
  package var width: UInt8 = 0
  package var order: Order = .host
  /// Raw value of `FamilyNumbers`, `TimeUnit`, `Encoding` or `LiteralForm`, as the kind says.
  package var values: UInt8 = 0
  package var terminate = false
  package var size: UInt32 = 0
  package var data: [UInt8] = []

  package init(_ kind: Kind) { self.kind = kind }
}

/// Where a context's next field begins: not one number, because `sockaddr` has the length of its family and
/// `app_path` without `size` that of the path.
package struct ContextOffset: Hashable, Sendable {
  package var least = 0
  /// `nil`: without bound.
  package var most: Int? = 0

  package init() {}

  mutating func advance(_ bytes: Int, _ mostBytes: Int?) {
    least += bytes
    if let known = most, let mostBytes { most = known + mostBytes } else { most = nil }
  }

  /// Adds a field's bytes.
  package mutating func advance(over field: ContextField) {
    switch field.kind {
    case .literal: advance(field.data.count, field.data.count)
    case .sockaddrStorage: advance(128, 128)
    case .sockaddr: advance(16, 28)
    case .ipv4: advance(4, 4)
    case .ipv6, .address16: advance(16, 16)
    case .appPath where field.size == 0: advance(field.terminate ? (field.values == 0 ? 1 : 2) : 0, nil)
    case .appPath, .flowID, .random: advance(Int(field.size), Int(field.size))
    case .padTo:
      least = max(least, Int(field.size))
      most = most.map { max($0, Int(field.size)) }
    case .align:
      let unit = max(1, Int(field.size))
      least = (least + unit - 1) / unit * unit
      most = most.map { ($0 + unit - 1) / unit * unit }
    default: advance(Int(field.width), Int(field.width))
    }
  }
}

extension ContextField {
  /// How long a context of these fields is.
  package static func length(of fields: [ContextField]) -> ContextOffset {
    var offset = ContextOffset()
    for field in fields { offset.advance(over: field) }
    return offset
  }
}
