import Yams

/// SPEC S11.5: a context as a list of fields.
extension PolicyReader {
  mutating func context(_ node: Node) -> [ContextField] {
    let items = items(node, of: "context", expected: "fields")
    if case .sequence = node, items.isEmpty {
      report(node, "the context is an empty list", expected: "at least one field (without context: records only)")
    }
    let knownProblems = problems.count
    var fields: [ContextField] = []
    var offset = ContextOffset()
    var tooLong = false
    for item in items {
      guard let field = contextField(item) else { continue }
      if field.kind == .padTo { checkPadding(item, to: Int(field.size), from: offset) }
      offset.advance(over: field)
      if (offset.most ?? offset.least) > FieldSchema.largestContext && !tooLong {
        tooLong = true
        report(
          item, "with this field the context has \(offset.most ?? offset.least) bytes",
          expected: "at most \(FieldSchema.largestContext)")
      }
      fields.append(field)
    }
    if !fields.isEmpty && offset.most == 0 && problems.count == knownProblems {
      report(node, "the context has no bytes", expected: "at least one byte (without context: records only)")
    }
    return fields
  }

  private mutating func checkPadding(_ node: Node, to target: Int, from offset: ContextOffset) {
    guard let most = offset.most else {
      report(
        node, "pad_to behind an app_path of any length", expected: "a size on that app_path, so that the offset holds")
      return
    }
    if most > target {
      report(node, "pad_to \(target) lies before the end of the fields so far", expected: "an offset from \(most)")
    }
  }

  private mutating func contextField(_ node: Node) -> ContextField? {
    guard case .mapping(let mapping) = node else {
      report(node, "a context field is \(kind(node))", expected: "a map: the field's key and its value")
      return nil
    }
    let pairs = Array(mapping)
    let named = pairs.filter { FieldSchema.keys.contains($0.key.scalar?.string ?? "") }
    guard let (keyNode, value) = named.first, let key = keyNode.scalar?.string, let schema = FieldSchema(key) else {
      report(
        pairs.first?.key ?? node, "unknown context field '\(pairs.first?.key.scalar?.string ?? "")'",
        expected: "one of \(FieldSchema.keys.joined(separator: ", "))")
      return nil
    }
    if named.count > 1 {
      report(named[1].key, "a second field in one map", expected: "each field as a list item of its own")
      return nil
    }
    var field = ContextField(schema.kind)
    field.width = schema.width
    field.order = schema.order
    let beside = pairs.filter { $0.key.scalar?.string != key }
    if case .none = schema.argument {
      for (option, _) in beside {
        report(option, "'\(option.scalar?.string ?? "")' beside \(key)", expected: "\(key): {...} with it inside")
      }
      options(inside(value, key, schema), key, schema, &field)
    } else {
      options(beside, key, schema, &field)
      argument(value, key, schema, &field)
    }
    finish(node, key, schema, &field)
    return field
  }

  private mutating func inside(_ value: Node, _ key: String, _ schema: FieldSchema) -> [(key: Node, value: Node)] {
    if case .mapping(let mapping) = value { return Array(mapping) }
    if case .scalar(let scalar) = value, scalar.string.isEmpty { return [] }
    let names = schema.options.map(\.rawValue).joined(separator: ", ")
    report(value, "\(key) is \(kind(value))", expected: "a map with \(names)")
    return []
  }

  /// What an absent option means, and what options together exclude.
  private mutating func finish(_ node: Node, _ key: String, _ schema: FieldSchema, _ field: inout ContextField) {
    if !schema.widths.isEmpty && field.width == 0 {
      report(node, "\(key) has no width", expected: "as: \(FieldSchema.names(schema.widths))")
    }
    switch schema.kind {
    case .flowID where field.size == 0: field.size = 16
    case .appPath where field.values == ContextField.Encoding.utf16.rawValue && field.size % 2 != 0:
      report(node, "app_path in UTF-16 has the odd size \(field.size)", expected: "an even number of bytes")
    default: break
    }
  }
}

extension FieldSchema {
  static func names(_ widths: [UInt8]) -> String { widths.map { "u\($0 * 8)" }.joined(separator: " or ") }
}
