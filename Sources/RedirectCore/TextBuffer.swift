/// Text put together in memory that somebody else owns; what does not fit is dropped. String would bring
/// malloc into the preload.
@safe
struct TextBuffer {
  private let start: UnsafeMutablePointer<CChar>
  private let capacity: Int
  private(set) var length = 0

  init(_ start: UnsafeMutablePointer<CChar>, capacity: Int) {
    unsafe self.start = start
    self.capacity = capacity
  }

  mutating func add(byte: UInt8) {
    if length >= capacity { return }
    unsafe start[length] = CChar(bitPattern: byte)
    length &+= 1
  }

  /// Adds a literal. Inlined, because only there its representation is known: StaticString checks it, with a trap.
  @inline(__always)
  mutating func add(_ text: StaticString) {
    unsafe add(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Adds foreign bytes; control characters become `?`, so that a line stays a line.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    var i = 0
    while i < bytes.count {
      let byte = unsafe bytes.load(fromByteOffset: i, as: UInt8.self)
      add(byte: byte < 0x20 || byte == 0x7f ? 0x3f : byte)
      i &+= 1
    }
  }

  mutating func add(_ number: UInt64) {
    var divisor: UInt64 = 1
    while divisor <= number && divisor < 10_000_000_000_000_000_000 { divisor = divisor &* 10 }
    if divisor > number && divisor > 1 { divisor = divisor / 10 }
    var rest = number
    while divisor > 0 {
      var digit: UInt8 = 0
      while rest >= divisor {
        rest = rest &- divisor
        digit &+= 1
      }
      add(byte: 0x30 &+ digit)
      divisor = divisor / 10
    }
  }

  mutating func add(hexadecimal number: UInt64) {
    var shift: UInt64 = 60
    var started = false
    while true {
      let digit = UInt8(truncatingIfNeeded: number &>> shift & 15)
      if digit != 0 || started || shift == 0 {
        started = true
        add(byte: digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
      }
      if shift == 0 { return }
      shift &-= 4
    }
  }

  mutating func add(_ address: Address) {
    if address.family == Address.ipv4 {
      var shift: UInt64 = 56
      while true {
        add(address.high &>> shift & 255)
        if shift == 32 { break }
        add(byte: 0x2e)
        shift &-= 8
      }
    } else {
      add(byte: 0x5b)
      var group: UInt64 = 0
      while group < 8 {
        if group > 0 { add(byte: 0x3a) }
        let word = group < 4 ? address.high : address.low
        add(hexadecimal: word &>> (48 &- (group & 3) &* 16) & 0xffff)
        group &+= 1
      }
      add(byte: 0x5d)
    }
    add(byte: 0x3a)
    add(UInt64(UInt16(bigEndian: address.port)))
  }
}
