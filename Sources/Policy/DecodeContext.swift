import CEngine

/// One field of a context, read back.
package struct DecodedField: Equatable, Sendable {
  package let field: String
  package let value: String
}

/// Reads a context by the fields that wrote it. A context that ends early, or goes on behind the fields, was written
/// by others: what is there is shown.
package func decodeContext(_ context: [UInt8], _ fields: [ContextField]) -> [DecodedField] {
  var decoded: [DecodedField] = []
  var rest = context[...]
  for (index, field) in fields.enumerated() {
    let offset = rest.startIndex
    let length = length(of: field, at: offset, in: rest, before: fields[(index + 1)...])
    let bytes = Array(rest.prefix(length))
    guard bytes.count == length else {
      decoded.append(DecodedField(field: field.label, value: "cut short: \(hexText(bytes))"))
      return decoded
    }
    rest = rest.dropFirst(length)
    if length > 0 { decoded.append(DecodedField(field: field.label, value: value(of: field, bytes))) }
  }
  if !rest.isEmpty { decoded.append(DecodedField(field: "rest", value: hexText(rest))) }
  return decoded
}

private func length(
  of field: ContextField, at offset: Int, in rest: ArraySlice<UInt8>, before later: ArraySlice<ContextField>
) -> Int {
  switch field.kind {
  case .sockaddr: return family(rest) == UInt16(AF_INET) ? 16 : 28
  case .appPath where field.size == 0:
    let unit = field.values == ContextField.Encoding.utf16.rawValue ? 2 : 1
    if field.terminate {
      var end = offset
      while end + unit <= rest.endIndex, rest[end..<end + unit].contains(where: { $0 != 0 }) { end += unit }
      return end + unit - offset
    }
    return max(0, rest.count - ContextField.length(of: Array(later)).least)
  default:
    var end = ContextOffset()
    end.least = offset
    end.advance(over: field)
    return end.least - offset
  }
}

private func value(of field: ContextField, _ bytes: [UInt8]) -> String {
  switch field.kind {
  case .sockaddrStorage, .sockaddr: return socketAddress(bytes)
  case .ipv4, .ipv6: return Address(bytes: bytes)?.description ?? hexText(bytes)
  case .address16:
    let isIPv4 = bytes[4...].allSatisfy { $0 == 0 }
    return Address(bytes: isIPv4 ? Array(bytes[..<4]) : bytes)?.description ?? hexText(bytes)
  case .port: return String(number(bytes.count == 4 ? portBytes(bytes, field.order) : bytes, field.order))
  case .appPath: return path(bytes, field)
  case .flowID, .random, .padTo, .align: return bytes.allSatisfy { $0 == 0 } ? "\(bytes.count) zeros" : hexText(bytes)
  case .literal:
    switch ContextField.LiteralForm(rawValue: field.values) {
    case .number: return String(number(bytes, field.order))
    case .text: return String(decoding: bytes, as: UTF8.self)
    case .guid: return GUID(memory: bytes)?.description ?? hexText(bytes)
    case .zero: return "\(bytes.count) zeros"
    default: return hexText(bytes)
    }
  default: return String(number(bytes, field.order))
  }
}

/// "u32 network: the 16-bit network value widened" (SPEC S11.5): its two bytes come first in memory on a
/// little-endian machine, last on a big-endian one.
private func portBytes(_ bytes: [UInt8], _ order: ContextField.Order) -> [UInt8] {
  guard order == .network else { return bytes }
  return UInt16(1).littleEndian == 1 ? Array(bytes[..<2]) : Array(bytes[2...])
}

private func number(_ bytes: [UInt8], _ order: ContextField.Order) -> UInt64 {
  let isLittle = order == .little || order == .host && UInt16(1).littleEndian == 1
  return (isLittle ? bytes.reversed() : bytes).reduce(0) { $0 << 8 | UInt64($1) }
}

private func family(_ bytes: ArraySlice<UInt8>) -> UInt16 {
  bytes.count < 2 ? 0 : UInt16(number(Array(bytes.prefix(2)), .host))
}

/// Either operating system's number for IPv6 (SPEC S11.5, `af`).
private func socketAddress(_ bytes: [UInt8]) -> String {
  let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
  switch family(bytes[...]) {
  case 2: return Endpoint(address: Address(unmapped: Array(bytes[4..<8])), port: port).description
  case 10, 23:
    let scope = UInt32(truncatingIfNeeded: number(Array(bytes[24..<28]), .host))
    return Endpoint(address: Address(unmapped: Array(bytes[8..<24])), port: port, scopeID: scope).description
  case 0: return "none"
  default: return hexText(bytes)
  }
}

private func path(_ bytes: [UInt8], _ field: ContextField) -> String {
  guard field.values == ContextField.Encoding.utf16.rawValue else {
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
  let units = stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(number(Array(bytes[$0..<$0 + 2]), .host)) }
  return String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)
}
