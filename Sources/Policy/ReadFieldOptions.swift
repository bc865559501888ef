import Yams

/// The options and arguments of one context field (SPEC S11.5).
extension PolicyReader {
  mutating func options(
    _ pairs: [(key: Node, value: Node)], _ key: String, _ schema: FieldSchema, _ field: inout ContextField
  ) {
    if schema.kind == .appPath { field.terminate = true }
    for (optionNode, value) in pairs {
      let name = optionNode.scalar?.string ?? ""
      guard let option = FieldSchema.Option(rawValue: name), schema.options.contains(option) else {
        let known = schema.options.map(\.rawValue).joined(separator: ", ")
        report(optionNode, "unknown option '\(name)' of \(key)", expected: known.isEmpty ? "none" : known)
        continue
      }
      self.option(option, value, "'\(name)' of \(key)", schema, &field)
    }
  }

  private mutating func option(
    _ option: FieldSchema.Option, _ value: Node, _ what: String, _ schema: FieldSchema, _ field: inout ContextField
  ) {
    switch option {
    case .as:
      if let width = choice(value, what, schema.widths.map { ("u\($0 * 8)", $0) }) {
        field.width = width
      } else {
        field.width = schema.widths[0]
      }
    case .order:
      let orders: [(String, ContextField.Order)] = [
        ("host", .host), ("network", .network), ("big", .network), ("little", .little),
      ]
      if let order = choice(value, what, orders) { field.order = order }
    case .terminate:
      if let terminate = flag(value, what) { field.terminate = terminate }
    case .size: size(value, what, schema, &field)
    case .af, .values, .unit, .encoding:
      if let raw = choice(value, what, PolicyReader.codes(of: option)) { field.values = raw }
    }
  }

  private static func codes(of option: FieldSchema.Option) -> [(String, UInt8)] {
    typealias Families = ContextField.FamilyNumbers
    return switch option {
    case .af: [("linux", Families.linux.rawValue), ("windows", Families.windows.rawValue)]
    case .values:
      [
        ("linux", Families.linux.rawValue), ("windows", Families.windows.rawValue),
        ("ip_version", Families.ipVersion.rawValue), ("zero_one", Families.zeroOne.rawValue),
      ]
    case .unit:
      [
        ("filetime", ContextField.TimeUnit.filetime.rawValue),
        ("unix_ns", ContextField.TimeUnit.unixNanoseconds.rawValue),
      ]
    default: [("utf8", ContextField.Encoding.utf8.rawValue), ("utf16", ContextField.Encoding.utf16.rawValue)]
    }
  }

  private mutating func size(_ value: Node, _ what: String, _ schema: FieldSchema, _ field: inout ContextField) {
    if schema.kind == .flowID {
      if let size = choice(value, what, [("8", UInt32(8)), ("16", 16)]) { field.size = size }
    } else if let size = number(value, what, in: 1...UInt64(FieldSchema.largestContext)) {
      field.size = UInt32(size)
    }
  }

  mutating func argument(_ value: Node, _ key: String, _ schema: FieldSchema, _ field: inout ContextField) {
    switch schema.argument {
    case .none: break
    case .endpoint:
      let ends: [(String, ContextField.Selector)] = [("remote", .remote), ("local", .local)]
      if let end = choice(value, key, ends) { field.selector = end }
    case .remote: _ = choice(value, key, [("remote", ContextField.Selector.remote)])
    case .size(let range):
      if let size = number(value, key, in: range) { field.size = UInt32(size) }
    case .powerOfTwo(let range):
      guard let unit = number(value, key, in: range) else { return }
      if unit & (unit - 1) != 0 { report(value, "align \(unit) is no power of two", expected: "1, 2, 4, 8, ...") }
      field.size = UInt32(unit)
    case .number, .text, .bytes, .guid, .zeros: literal(value, key, schema, &field)
    }
  }

  private mutating func literal(_ value: Node, _ key: String, _ schema: FieldSchema, _ field: inout ContextField) {
    typealias Form = ContextField.LiteralForm
    switch schema.argument {
    case .number(let width):
      let most = UInt64.max >> (64 - UInt64(width) * 8)
      field.values = Form.number.rawValue
      if let number = number(value, key, in: 0...most) {
        field.data = ContextField.bytes(of: number, width: Int(width), order: field.order)
      }
    case .text:
      field.values = Form.text.rawValue
      field.data = text(value, key, expected: "text (bytes: for anything else)").map { Array($0.utf8) } ?? []
    case .bytes:
      field.values = Form.bytes.rawValue
      let expected = "pairs of hexadecimal digits"
      guard let text = text(value, key, expected: expected) else { return }
      field.data = hexBytes(text) ?? []
      if field.data.isEmpty { report(value, "bytes '\(text)' is not hexadecimal", expected: expected) }
    case .guid:
      field.values = Form.guid.rawValue
      field.data = guid(value, key)?.bytes ?? []
    case .zeros(let range):
      field.values = Form.zero.rawValue
      if let count = number(value, key, in: range) { field.data = [UInt8](repeating: 0, count: Int(count)) }
    default: break
    }
  }
}

extension ContextField {
  /// A number in memory.
  static func bytes(of number: UInt64, width: Int, order: Order) -> [UInt8] {
    let little = (0..<width).map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 8)) }
    let isLittle = order == .little || order == .host && UInt16(1).littleEndian == 1
    return isLittle ? little : little.reversed()
  }
}
