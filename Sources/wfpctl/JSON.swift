import Foundation

/// A JSON value whose absent members are written as `null`: a reader finds every key in every answer.
enum JSON: Encodable {
  case null
  case bool(Bool)
  case number(UInt64)
  case decimal(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .decimal(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let values): try container.encode(values)
    case .object(let members): try container.encode(members)
    }
  }

  func text() throws -> String { try text([.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]) }

  /// The same on one line.
  func line() throws -> String { try text([.sortedKeys, .withoutEscapingSlashes]) }

  private func text(_ formatting: JSONEncoder.OutputFormatting) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// `null` without a value.
  static func optional(_ value: (some CustomStringConvertible)?) -> JSON {
    value.map { .string($0.description) } ?? .null
  }

  /// An empty text is one that is not known.
  static func known(_ text: String) -> JSON { text.isEmpty ? .null : .string(text) }

  /// ns since 1970 as RFC 3339 in UTC: as a number it would lose its last digits in most JSON readers.
  static func time(_ nanoseconds: UInt64) -> JSON {
    nanoseconds == 0 ? .null : .string(timestamp(nanoseconds))
  }
}

func timestamp(_ nanoseconds: UInt64) -> String {
  let seconds = Date(timeIntervalSince1970: Double(nanoseconds / 1_000_000_000))
  let fraction = String(nanoseconds % 1_000_000_000)
  let padding = String(repeating: "0", count: 9 - fraction.count)
  return seconds.formatted(.iso8601).dropLast() + "." + padding + fraction + "Z"
}
