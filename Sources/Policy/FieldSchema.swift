/// What SPEC S11.5 says about one field: its argument, the options that it takes, and what they are without.
struct FieldSchema {
  enum Argument {
    /// Options stand inside the field.
    case none
    case endpoint
    case remote
    case number(bytes: UInt8)
    case text, bytes, guid
    /// A size that the field's bytes have, or the offset or unit that they reach.
    case size(ClosedRange<UInt64>)
    case zeros(ClosedRange<UInt64>)
    case powerOfTwo(ClosedRange<UInt64>)
  }

  enum Option: String {
    case af, `as`, order, values, unit, encoding, size, terminate
  }

  let kind: ContextField.Kind
  var argument = Argument.none
  var options: [Option] = []
  /// Of a number: what `as` may say, in bytes.
  var widths: [UInt8] = []
  /// Without `as`; 0: the file must say.
  var width: UInt8 = 0
  var order = ContextField.Order.host

  /// SPEC S2.16.
  static let largestContext = 65536
  private static let sizes: ClosedRange<UInt64> = 1...UInt64(largestContext)

  static let keys = [
    "sockaddr_storage", "sockaddr", "ipv4", "ipv6", "address16", "port", "family", "protocol", "pid", "uid", "gid",
    "session", "scope_id", "is_root", "process_create_time", "app_path", "u8", "u16", "u32", "u64", "text", "bytes",
    "guid", "flow_id", "random", "filter_id", "filter_hash", "zero", "pad_to", "align",
  ]

  /// - Parameter key: One of `keys`.
  init?(_ key: String) {
    switch key {
    case "sockaddr_storage": self.init(kind: .sockaddrStorage, argument: .endpoint, options: [.af])
    case "sockaddr": self.init(kind: .sockaddr, argument: .endpoint, options: [.af])
    case "ipv4": self.init(kind: .ipv4, argument: .endpoint)
    case "ipv6": self.init(kind: .ipv6, argument: .endpoint)
    case "address16": self.init(kind: .address16, argument: .endpoint)
    case "port":
      self.init(
        kind: .port, argument: .endpoint, options: [.as, .order], widths: [2, 4], width: 2, order: .network)
    case "family": self.init(kind: .family, options: [.as, .order, .values], widths: [1, 2, 4])
    case "protocol": self.init(kind: .protocol, options: [.as, .order], widths: [1, 2, 4])
    case "pid": self.init(application: .pid)
    case "uid": self.init(application: .uid)
    case "gid": self.init(application: .gid)
    case "session": self.init(application: .session)
    case "scope_id":
      self.init(kind: .scopeID, argument: .remote, options: [.as, .order], widths: [4], width: 4)
    case "is_root": self.init(kind: .isRoot, options: [.as, .order], widths: [1, 2, 4, 8])
    case "process_create_time":
      self.init(kind: .processCreateTime, options: [.as, .order, .unit], widths: [8], width: 8)
    case "app_path": self.init(kind: .appPath, options: [.encoding, .size, .terminate])
    case "flow_id": self.init(kind: .flowID, options: [.size])
    case "filter_id": self.init(kind: .filterID, options: [.as, .order], widths: [8], width: 8)
    case "filter_hash": self.init(kind: .filterHash, options: [.as, .order], widths: [8], width: 8)
    default: self.init(constant: key)
    }
  }

  private init?(constant key: String) {
    switch key {
    case "u8": self.init(kind: .literal, argument: .number(bytes: 1), options: [.order])
    case "u16": self.init(kind: .literal, argument: .number(bytes: 2), options: [.order])
    case "u32": self.init(kind: .literal, argument: .number(bytes: 4), options: [.order])
    case "u64": self.init(kind: .literal, argument: .number(bytes: 8), options: [.order])
    case "text": self.init(kind: .literal, argument: .text)
    case "bytes": self.init(kind: .literal, argument: .bytes)
    case "guid": self.init(kind: .literal, argument: .guid)
    case "zero": self.init(kind: .literal, argument: .zeros(FieldSchema.sizes))
    case "random": self.init(kind: .random, argument: .size(FieldSchema.sizes))
    case "pad_to": self.init(kind: .padTo, argument: .size(FieldSchema.sizes))
    case "align": self.init(kind: .align, argument: .powerOfTwo(1...4096))
    default: return nil
    }
  }

  private init(application kind: ContextField.Kind) {
    self.init(kind: kind, options: [.as, .order], widths: [4, 8], width: 4)
  }

  private init(
    kind: ContextField.Kind, argument: Argument = .none, options: [Option] = [], widths: [UInt8] = [],
    width: UInt8 = 0, order: ContextField.Order = .host
  ) {
    self.kind = kind
    self.argument = argument
    self.options = options
    self.widths = widths
    self.width = width
    self.order = order
  }
}
