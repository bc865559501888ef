import CEngine

/// Reads foreign bytes in order; what would be behind their end is nil. Numbers are in network order.
@safe
struct ByteReader {
  private let base: UnsafeRawPointer
  let count: Int
  private(set) var at = 0

  init(_ base: UnsafeRawPointer, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  var rest: Int { count &- at }

  /// Everything, as memory.
  var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: count) }

  private mutating func take(_ n: Int) -> UnsafeRawPointer? {
    if n < 0 || n > rest { return nil }
    defer { at = at &+ n }
    return unsafe base + at
  }

  mutating func u8() -> UInt8? {
    guard let at = unsafe take(1) else { return nil }
    return unsafe at.loadUnaligned(as: UInt8.self)
  }

  mutating func u16() -> UInt16? {
    guard let at = unsafe take(2) else { return nil }
    return UInt16(bigEndian: unsafe at.loadUnaligned(as: UInt16.self))
  }

  mutating func u32() -> UInt32? {
    guard let at = unsafe take(4) else { return nil }
    return UInt32(bigEndian: unsafe at.loadUnaligned(as: UInt32.self))
  }

  mutating func u64() -> UInt64? {
    guard let at = unsafe take(8) else { return nil }
    return UInt64(bigEndian: unsafe at.loadUnaligned(as: UInt64.self))
  }

  /// The next `n` bytes, as a reader of their own.
  mutating func part(_ n: Int) -> ByteReader? {
    guard let at = unsafe take(n) else { return nil }
    return unsafe ByteReader(at, count: n)
  }
}
