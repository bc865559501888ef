/// The bytes that pairs of hexadecimal digits stand for; blanks between pairs are skipped.
package func hexBytes(_ text: some StringProtocol) -> [UInt8]? {
  var bytes: [UInt8] = []
  var high: UInt8?
  for character in text.utf8 {
    if let first = high {
      guard let low = hexDigit(character) else { return nil }
      bytes.append(first << 4 | low)
      high = nil
    } else if character != UInt8(ascii: " ") {
      guard let digit = hexDigit(character) else { return nil }
      high = digit
    }
  }
  return high == nil ? bytes : nil
}

package func hexText(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

private func hexDigit(_ character: UInt8) -> UInt8? {
  switch character {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
  default: nil
  }
}
