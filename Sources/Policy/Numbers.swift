/// A number of a policy file: decimal without leading zeros, or hexadecimal after `0x`. `0755` is neither: YAML 1.1
/// reads it as octal, other readers as decimal, and a policy must not depend on who reads it (SPEC S11).
func parseNumber(_ text: String) -> UInt64? {
  if text.hasPrefix("0x") {
    let digits = text.dropFirst(2)
    guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else {
      return nil
    }
    return UInt64(digits, radix: 16)
  }
  guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
    return nil
  }
  if text.utf8.count > 1 && text.hasPrefix("0") { return nil }
  return UInt64(text)
}
