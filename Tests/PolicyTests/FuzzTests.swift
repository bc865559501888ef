import Policy
import Testing

/// Files that nobody wrote: an answer with positions inside the file, never a trap.
@Suite struct FuzzTests {
  /// SplitMix64, so that a failure can be repeated.
  struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
      return z ^ z >> 31
    }
  }

  private static let pieces = [
    "{", "}", "[", "]", ":", ",", "-", "\n", " ", "  ", "'", "\"", "&a", "*a", "!", "|", ">", "#", "?", "0", "65536",
    "0x", "-1", "18446744073709551616", "\u{1}", "\u{e9}", "\u{1f600}", "\\", "name", "context", "zero: 65536",
    "pad_to: 3", "align: 3", "true", "null", "~", "<<", "%YAML", "---", "...", "\t", "\r", "10.0.0.0/8", "::1",
  ]

  private func check(_ text: String) {
    for problem in problems(text) {
      let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
      #expect((1...lines.count + 1).contains(problem.position.line) && problem.position.column >= 1, "\(text)")
      #expect(!problem.wrong.isEmpty && !problem.expected.isEmpty && !problem.wrong.contains("Optional("), "\(text)")
    }
  }

  @Test(arguments: 1...4)
  func changedFiles(_ seed: Int) {
    var random = Random(state: UInt64(seed))
    let good = [ImageTests.vendorA, ImageTests.vendorB, policy(context: "{sockaddr: remote, af: windows}, {u32: 1}")]
    for round in 0..<500 {
      var scalars = Array(good[round % good.count].unicodeScalars)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<scalars.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: scalars.remove(at: at)
        case 1: scalars.insert(contentsOf: Self.pieces.randomElement(using: &random)!.unicodeScalars, at: at)
        default:
          let end = min(scalars.count, at + Int.random(in: 1...8, using: &random))
          scalars.replaceSubrange(at..<end, with: Self.pieces.randomElement(using: &random)!.unicodeScalars)
        }
      }
      var text = String.UnicodeScalarView()
      text.append(contentsOf: scalars)
      check(String(text))
    }
  }

  @Test func piecesInAnyOrder() {
    var random = Random(state: 99)
    for _ in 0..<1000 {
      let count = Int.random(in: 1...30, using: &random)
      check((0..<count).map { _ in Self.pieces.randomElement(using: &random)! }.joined())
    }
  }

  /// Every prefix of a file, as an editor might have saved it.
  @Test func cutFiles() {
    let scalars = Array(ImageTests.vendorA.unicodeScalars)
    for length in 0..<scalars.count {
      var text = String.UnicodeScalarView()
      text.append(contentsOf: scalars[..<length])
      check(String(text))
    }
  }
}
