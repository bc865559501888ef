import CWinsock

/// The two kinds of characters that Windows' functions come in: bytes, which are UTF-8 here, and WCHAR, which is UTF-16
/// or UTF-32 as its size says.
protocol TextUnit: FixedWidthInteger {
  /// - Parameter text: UTF-8; what is none becomes U+FFFD.
  static func units(of text: [UInt8]) -> [Self]
  /// UTF-8.
  static func bytes(of units: UnsafeBufferPointer<Self>) -> [UInt8]
  /// Whether all of it is text, so that nothing becomes U+FFFD.
  static func isText(_ units: UnsafeBufferPointer<Self>) -> Bool
}

extension CChar: TextUnit {
  static func units(of text: [UInt8]) -> [CChar] { text.map { CChar(bitPattern: $0) } }
  static func bytes(of units: UnsafeBufferPointer<CChar>) -> [UInt8] { unsafe units.map { UInt8(bitPattern: $0) } }
  static func isText(_ units: UnsafeBufferPointer<CChar>) -> Bool {
    unsafe String(validating: bytes(of: unsafe units), as: UTF8.self) != nil
  }
}

/// A WCHAR of 16 bits.
extension UInt16: TextUnit {
  static func units(of text: [UInt8]) -> [UInt16] { Array(String(decoding: text, as: UTF8.self).utf16) }
  static func bytes(of units: UnsafeBufferPointer<UInt16>) -> [UInt8] {
    unsafe Array(String(decoding: unsafe units, as: UTF16.self).utf8)
  }
  static func isText(_ units: UnsafeBufferPointer<UInt16>) -> Bool {
    unsafe String(validating: unsafe units, as: UTF16.self) != nil
  }
}

/// A WCHAR of 32 bits.
extension Int32: TextUnit {
  static func units(of text: [UInt8]) -> [Int32] {
    String(decoding: text, as: UTF8.self).unicodeScalars.map { Int32(bitPattern: $0.value) }
  }
  static func bytes(of units: UnsafeBufferPointer<Int32>) -> [UInt8] {
    Array(String(decoding: unsafe units.map { UInt32(bitPattern: $0) }, as: UTF32.self).utf8)
  }
  static func isText(_ units: UnsafeBufferPointer<Int32>) -> Bool {
    String(validating: unsafe units.map { UInt32(bitPattern: $0) }, as: UTF32.self) != nil
  }
}

extension TextUnit {
  /// How many characters there are before the zero.
  static func length(_ text: UnsafePointer<Self>) -> Int {
    var count = 0
    while unsafe text[count] != 0 { count += 1 }
    return count
  }

  /// Of a text with a zero at its end; nil for NULL.
  static func bytes(of text: UnsafePointer<Self>?) -> [UInt8]? {
    guard let text = unsafe text else { return nil }
    return unsafe bytes(of: unsafe UnsafeBufferPointer(start: text, count: length(text)))
  }
}

/// A text of the program's as Swift's; nil for NULL.
func string<Unit: TextUnit>(_ text: UnsafePointer<Unit>?) -> String? {
  unsafe Unit.bytes(of: text).map { String(decoding: $0, as: UTF8.self) }
}

/// Copies a text with its zero, when there is room.
/// - Parameter room: In characters.
/// - Returns: False: it does not fit, and nothing was written.
func copy<Unit: TextUnit>(_ text: [UInt8], to buffer: UnsafeMutablePointer<Unit>?, room: Int) -> Bool {
  let units = Unit.units(of: text)
  guard let buffer = unsafe buffer, units.count < room else { return false }
  for (index, unit) in units.enumerated() { unsafe buffer[index] = unit }
  unsafe buffer[units.count] = 0
  return true
}

/// The answer of functions that tell the length of what they have copied, or else the room that it needs.
func lengthOrRoom<Unit: TextUnit>(_ text: [UInt8], _ buffer: UnsafeMutablePointer<Unit>?, _ room: DWORD) -> DWORD {
  let count = DWORD(Unit.units(of: text).count)
  return unsafe copy(text, to: buffer, room: Int(room)) ? count : count + 1
}
