import CEngine

/// Nanoseconds since the machine's start, for times that several processes compare. A clock that is set does not move it,
/// nor does a preload that makes up times (libfaketime), and a time namespace's offset is taken out (time_namespaces(7)).
func steadyTime() -> UInt64 { unsafe wfp_kernel_time() &- wfp_load(&wfp_process().pointee.clock_offset) }

/// How far ahead the clocks of this process are, in its time namespace. In nanoseconds; 0 where nothing says so.
struct ClockOffsets {
  private(set) var monotonic: UInt64 = 0
  private(set) var boottime: UInt64 = 0

  /// Reads /proc/self/timens_offsets: a line for each clock, with its number or name, seconds and nanoseconds.
  init() {
    let file = wfp_open_time_offsets()
    if file < 0 { return }
    defer { _ = wfp_close_descriptor(file) }
    let known = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer -> (UInt64, UInt64) in
      guard let text = buffer.baseAddress else { return (0, 0) }
      let count = unsafe wfp_read_bytes(file, text, 256)
      return count <= 0 ? (0, 0) : unsafe offsets(ByteReader(text, count: count))
    }
    (monotonic, boottime) = known
  }
}

/// The offsets of CLOCK_MONOTONIC, the first line, and of CLOCK_BOOTTIME, the second.
func offsets(_ text: ByteReader) -> (monotonic: UInt64, boottime: UInt64) {
  var at = 0
  let monotonic = offset(text, &at)
  return (monotonic, offset(text, &at))
}

/// - Parameter at: The line's start, then the next one's.
private func offset(_ text: ByteReader, _ at: inout Int) -> UInt64 {
  skip(text, &at) { $0 != space && $0 != newline }
  let seconds = number(text, &at)
  let nanoseconds = number(text, &at)
  skip(text, &at) { $0 != newline }
  at &+= 1
  return seconds &* 1_000_000_000 &+ nanoseconds
}

private let space: UInt8 = 0x20
private let newline: UInt8 = 0x0a

private func number(_ text: ByteReader, _ at: inout Int) -> UInt64 {
  skip(text, &at) { $0 == space }
  var value: UInt64 = 0
  let isNegative = at < text.count && byte(text, at) == 0x2d
  if isNegative { at &+= 1 }
  skip(text, &at) { digit in
    if digit < 0x30 || digit > 0x39 { return false }
    value = value &* 10 &+ UInt64(digit &- 0x30)
    return true
  }
  return isNegative ? 0 &- value : value
}

private func skip(_ text: ByteReader, _ at: inout Int, while condition: (UInt8) -> Bool) {
  while at < text.count && condition(byte(text, at)) { at &+= 1 }
}
