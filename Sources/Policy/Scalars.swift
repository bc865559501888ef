import Yams

/// Scalars, each typed by what the schema wants there; quotes make no difference (SPEC S11).
extension PolicyReader {
  mutating func text(_ node: Node, _ what: String, expected: String) -> String? {
    guard case .scalar(let scalar) = node else {
      report(node, "\(what) is \(kind(node))", expected: expected)
      return nil
    }
    if scalar.string.isEmpty {
      report(node, "\(what) is empty", expected: expected)
      return nil
    }
    if scalar.string.unicodeScalars.contains("\0") {
      report(node, "\(what) contains a NUL character", expected: expected)
      return nil
    }
    return scalar.string
  }

  mutating func name(_ node: Node, _ what: String) -> String? {
    let expected = "a name of letters, digits, '.', '_', '-'"
    guard let text = text(node, what, expected: expected) else { return nil }
    guard isName(text) else {
      report(node, "\(what) '\(text)' has other characters", expected: expected)
      return nil
    }
    return text
  }

  mutating func number(_ node: Node, _ what: String, in range: ClosedRange<UInt64>) -> UInt64? {
    let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
    guard let text = text(node, what, expected: expected) else { return nil }
    guard let value = parseNumber(text) else {
      report(
        node, "\(what) '\(text)' is no decimal number without leading zeros, nor a hexadecimal one after 0x",
        expected: expected)
      return nil
    }
    guard range.contains(value) else {
      report(node, "\(what) \(text) is out of range", expected: expected)
      return nil
    }
    return value
  }

  mutating func flag(_ node: Node, _ what: String) -> Bool? {
    choice(node, what, [("true", true), ("false", false)])
  }

  mutating func choice<Value>(_ node: Node, _ what: String, _ choices: [(String, Value)]) -> Value? {
    let expected = choices.map(\.0).joined(separator: " or ")
    guard let text = text(node, what, expected: expected) else { return nil }
    guard let chosen = choices.first(where: { $0.0 == text }) else {
      report(node, "\(what) is '\(text)'", expected: expected)
      return nil
    }
    return chosen.1
  }
}

/// Whether a text may name a set, provider, sublayer or filter (SPEC S11.1).
package func isName(_ text: String) -> Bool {
  !text.isEmpty && text.utf8.count <= 255
    && text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
      default: false
      }
    }
}
