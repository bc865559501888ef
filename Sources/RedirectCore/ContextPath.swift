import CEngine

/// The `app_path` field: UTF-8 as the path is, or UTF-16 (host order, as WCHAR is); of fixed size it is cut on a
/// character and filled with zeros.
extension ContextWriter {
  mutating func addPath(_ path: UnsafeRawBufferPointer, _ field: wfp_field) {
    let wide = field.values == 1
    let unit = wide ? 2 : 1
    let terminator = field.terminate == 0 ? 0 : unit
    let begin = length
    let room = field.size == 0 ? Int(WFP_CONTEXT_MAX) : Int(field.size) &- terminator
    var at = 0
    while let start = path.baseAddress, at < path.count {
      let (scalar, size) = unsafe decodeScalar(start, path.count, at)
      let needed = wide ? (scalar > 0xffff ? 4 : 2) : size
      if length &- begin &+ needed > room { break }
      if wide {
        addUTF16(scalar)
      } else {
        var i = 0
        while i < size {
          add(byte: unsafe start.load(fromByteOffset: at &+ i, as: UInt8.self))
          i &+= 1
        }
      }
      at &+= size
    }
    if field.size == 0 {
      add(zeros: terminator)
    } else {
      add(zeros: Int(field.size) &- (length &- begin))
    }
  }

  private mutating func addUTF16(_ scalar: UInt32) {
    let host = UInt8(WFP_ORDER_HOST)
    if scalar <= 0xffff {
      add(UInt64(scalar), width: 2, order: host)
    } else {
      let rest = UInt64(scalar &- 0x1_0000)
      add(0xd800 | rest &>> 10, width: 2, order: host)
      add(0xdc00 | rest & 0x3ff, width: 2, order: host)
    }
  }
}

/// The character at `at` and how many bytes it has. A byte that begins none is U+FFFD alone: paths are bytes.
private func decodeScalar(_ text: UnsafeRawPointer, _ count: Int, _ at: Int) -> (UInt32, Int) {
  let first = UInt32(unsafe text.load(fromByteOffset: at, as: UInt8.self))
  let size = first < 0x80 ? 1 : first & 0xe0 == 0xc0 ? 2 : first & 0xf0 == 0xe0 ? 3 : first & 0xf8 == 0xf0 ? 4 : 0
  if size == 1 { return (first, 1) }
  if size == 0 || at &+ size > count { return (0xfffd, 1) }
  var scalar = first & (0xff &>> UInt32(truncatingIfNeeded: size &+ 1))
  var i = 1
  while i < size {
    let next = UInt32(unsafe text.load(fromByteOffset: at &+ i, as: UInt8.self))
    if next & 0xc0 != 0x80 { return (0xfffd, 1) }
    scalar = scalar &<< 6 | next & 0x3f
    i &+= 1
  }
  return scalar > 0x10_ffff || scalar &>> 11 == 0x1b ? (0xfffd, 1) : (scalar, size)
}
