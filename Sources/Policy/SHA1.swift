/// SHA-1 (FIPS 180-4), which UUID version 5 is defined by. Not for anything that needs a safe hash.
func sha1(_ message: [UInt8]) -> [UInt8] {
  var padded = message + [0x80]
  while padded.count % 64 != 56 { padded.append(0) }
  for shift in stride(from: 56, through: 0, by: -8) {
    padded.append(UInt8(truncatingIfNeeded: (UInt64(message.count) * 8) >> UInt64(shift)))
  }
  var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
  for start in stride(from: 0, to: padded.count, by: 64) {
    sha1Block(padded[start..<start + 64], &state)
  }
  return state.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) } }
}

private func sha1Block(_ block: ArraySlice<UInt8>, _ state: inout [UInt32]) {
  func rotate(_ value: UInt32, _ by: UInt32) -> UInt32 { value << by | value >> (32 - by) }
  var words: [UInt32] = (0..<16).map { word in
    (0..<4).reduce(0) { $0 << 8 | UInt32(block[block.startIndex + word * 4 + $1]) }
  }
  for i in 16..<80 { words.append(rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1)) }
  var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
  for i in 0..<80 {
    let (mixed, constant): (UInt32, UInt32) =
      switch i {
      case ..<20: (b & c | ~b & d, 0x5a82_7999)
      case ..<40: (b ^ c ^ d, 0x6ed9_eba1)
      case ..<60: (b & c | b & d | c & d, 0x8f1b_bcdc)
      default: (b ^ c ^ d, 0xca62_c1d6)
      }
    (a, b, c, d, e) = (rotate(a, 5) &+ mixed &+ e &+ constant &+ words[i], a, rotate(b, 30), c, d)
  }
  for (i, value) in [a, b, c, d, e].enumerated() { state[i] &+= value }
}
