import CEngine

/// FNV-1a, 64 bits (`filter_hash` of SPEC S11.5 and the string arena's hash).
package func fnv1a(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  var i = 0
  while i < bytes.count {
    hash = (hash ^ UInt64(unsafe bytes.load(fromByteOffset: i, as: UInt8.self))) &* 0x0000_0100_0000_01b3
    i &+= 1
  }
  return hash
}

/// Paths and names, each stored once and for ever in the engine, so that a flow holds a number for them.
/// Append-only: a process that dies in the middle leaves a few bytes unused and nothing else.
extension Engine {
  private var buckets: UnsafeMutablePointer<UInt32> {
    unsafe flowRegion(UInt64(WFP_STRINGS_OFFSET)).assumingMemoryBound(to: UInt32.self)
  }

  /// The number of `bytes` in the arena.
  /// - Returns: 0 when the arena is full, or for an empty string.
  /// - Note: Lock-free and async-signal-safe. Two processes that store the same string at once may give it
  ///   two numbers; both stay valid.
  package func intern(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    if unsafe bytes.isEmpty || bytes.count > 4096 { return 0 }
    let bucketMask = UInt64(WFP_STRING_BUCKETS) &- 1
    var at = unsafe fnv1a(bytes) & bucketMask
    var stored: UInt32 = 0
    var probes = 0
    while probes < 64 {
      let bucket = unsafe buckets + Int(truncatingIfNeeded: at)
      let known = unsafe wfp_load32(bucket)
      if known != 0 {
        if unsafe holds(known, bytes) { return known }
        at = (at &+ 1) & bucketMask
        probes &+= 1
        continue
      }
      if stored == 0 { stored = unsafe append(bytes) }
      if stored == 0 { return 0 }
      if unsafe wfp_swap_if32(bucket, 0, stored) != 0 {
        killPoint(.stringFound)
        return stored
      }
    }
    return stored
  }

  /// The bytes of an interned string; empty for 0 and for numbers that are none.
  package func string(_ number: UInt32) -> UnsafeRawBufferPointer {
    let none = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    let offset = Int(truncatingIfNeeded: number)
    if offset < Int(WFP_STRINGS_FIRST) || offset & 3 != 0 || offset &+ 4 > Int(WFP_STRINGS_SIZE) { return unsafe none }
    let at = unsafe flowRegion(UInt64(WFP_STRINGS_OFFSET)) + offset
    let length = Int(truncatingIfNeeded: unsafe wfp_load32(at.assumingMemoryBound(to: UInt32.self)))
    if length > 4096 || offset &+ 4 &+ length > Int(WFP_STRINGS_SIZE) { return unsafe none }
    return unsafe UnsafeRawBufferPointer(start: at + 4, count: length)
  }

  private func holds(_ number: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    let known = unsafe string(number)
    if known.count != bytes.count { return false }
    var i = 0
    while i < bytes.count {
      if unsafe known.load(fromByteOffset: i, as: UInt8.self) != bytes.load(fromByteOffset: i, as: UInt8.self) {
        return false
      }
      i &+= 1
    }
    return true
  }

  private func append(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let needed = UInt64(truncatingIfNeeded: (bytes.count &+ 7) & ~3)
    let room = UInt64(WFP_STRINGS_SIZE &- WFP_STRINGS_FIRST)
    if unsafe wfp_load(&flowHeader.pointee.strings_used) > room { return 0 }
    let start = unsafe wfp_add(&flowHeader.pointee.strings_used, needed)
    if start &+ needed > room { return 0 }
    killPoint(.stringReserved)
    let offset = UInt64(WFP_STRINGS_FIRST) &+ start
    let at = unsafe flowRegion(UInt64(WFP_STRINGS_OFFSET) &+ offset)
    unsafe (at + 4).copyMemory(from: bytes.baseAddress ?? UnsafeRawPointer(at), byteCount: bytes.count)
    unsafe wfp_store32(
      at.assumingMemoryBound(to: UInt32.self), UInt32(truncatingIfNeeded: bytes.count))
    killPoint(.stringWritten)
    return UInt32(truncatingIfNeeded: offset)
  }
}
