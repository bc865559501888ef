import CEngine

/// SipHash-2-4 with 128 bits of result (Aumasson and Bernstein), fed in whole 64-bit words. Seals record blobs
/// and makes flow ids that nobody without the engine's key can guess.
struct SipHash {
  private var v0, v1, v2, v3: UInt64
  private var words: UInt64 = 0

  init(key: (UInt64, UInt64)) {
    v0 = key.0 ^ 0x736f_6d65_7073_6575
    v1 = key.1 ^ 0x646f_7261_6e64_6f6d ^ 0xee
    v2 = key.0 ^ 0x6c79_6765_6e65_7261
    v3 = key.1 ^ 0x7465_6462_7974_6573
  }

  mutating func add(_ word: UInt64) {
    v3 ^= word
    round()
    round()
    v0 ^= word
    words &+= 1
  }

  /// Adds `count` bytes, a multiple of 8.
  mutating func add(_ bytes: UnsafeRawPointer, count: Int) {
    var i = 0
    while i &+ 8 <= count {
      add(UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: i, as: UInt64.self)))
      i &+= 8
    }
  }

  mutating func finish() -> (UInt64, UInt64) {
    // The last block is the length in bytes, modulo 256, in its upper byte.
    add((words &* 8) << 56)
    v2 ^= 0xee
    round()
    round()
    round()
    round()
    let first = v0 ^ v1 ^ v2 ^ v3
    v1 ^= 0xdd
    round()
    round()
    round()
    round()
    return (first, v0 ^ v1 ^ v2 ^ v3)
  }

  private mutating func round() {
    v0 = v0 &+ v1
    v1 = rotate(v1, 13) ^ v0
    v0 = rotate(v0, 32)
    v2 = v2 &+ v3
    v3 = rotate(v3, 16) ^ v2
    v0 = v0 &+ v3
    v3 = rotate(v3, 21) ^ v0
    v2 = v2 &+ v1
    v1 = rotate(v1, 17) ^ v2
    v2 = rotate(v2, 32)
  }

  private func rotate(_ x: UInt64, _ n: UInt64) -> UInt64 { x &<< n | x &>> (64 &- n) }
}
