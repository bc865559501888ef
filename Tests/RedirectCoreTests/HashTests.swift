import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// Published vectors, and an oracle for the wildcards.
struct HashTests {
  /// SipHash-2-4-128, key 00..0f, input 00, 01, ... of that length: the reference implementation's vectors, and OpenSSL's
  /// answer for the lengths that those do not have.
  @Test(
    "D3: SipHash",
    arguments: [
      (0, "a3817f04ba25a8e66df67214c7550293"), (8, "3b62a9ba6258f5610f83e264f31497b4"),
      (16, "6ee2a4ca67b054bbfd3315bf85230577"),
      (24, "2db479ae78bd50d8882a8a178a6132ad"),
      (32, "7c3956ca5eeafc3e363e9d556546eb68"),
      (40, "df6a301e95c95dad97ae0cc8c6913bd8"),
      (48, "f7e5aef549f782cf379055a608269b16"),
      (56, "1938f2cf72d54ee97e94166fa91d2a36"),
      (64, "1eaf077dc0d4cd3f8cad4d383658a74b"),
      (256, "67a00304d3834c4612eaee7b5f579acb"),
    ])
  func sipHash(length: Int, expected: String) {
    var hash = SipHash(key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))
    let input = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
    buffer(input) { if length > 0 { hash.add($0.baseAddress!, count: length) } }
    let (first, second) = hash.finish()
    let bytes = withUnsafeBytes(of: (first.littleEndian, second.littleEndian)) { Array($0) }
    #expect(bytes.map { String(format: "%02x", $0) }.joined() == expected)
  }

  @Test("D3: a word at a time is the same as bytes") func sipHashWords() {
    var (a, b) = (SipHash(key: (1, 2)), SipHash(key: (1, 2)))
    let words: [UInt64] = [0x0123_4567_89ab_cdef, .max, 0]
    for word in words { a.add(word) }
    words.withUnsafeBytes { b.add($0.baseAddress!, count: 24) }
    #expect(a.finish() == b.finish())
  }

  @Test(
    "S11.5 filter_hash: FNV-1a's own vectors",
    arguments: [
      ("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("b", 0xaf63_df4c_8601_f1a5),
      ("foobar", 0x8594_4171_f739_67e8), ("hello", 0xa430_d846_80aa_bd0b),
      ("chongo was here!\n", 0x4681_0940_eff5_f915),
    ] as [(String, UInt64)])
  func fnv(text: String, expected: UInt64) { #expect(buffer(text) { fnv1a($0) } == expected) }

  private func matches(_ pattern: String, _ text: String) -> Bool {
    buffer(pattern) { p in buffer(text) { matchesWildcards(p, $0) } }
  }

  @Test(
    "S11.3: shell wildcards",
    arguments: [
      ("/usr/bin/curl", "/usr/bin/curl", true), ("/usr/bin/curl", "/usr/bin/curl2", false),
      ("/usr/*/curl", "/usr/local/bin/curl", true), ("*", "", true), ("*", "/a", true), ("", "", true),
      ("", "a", false),
      ("?", "", false), ("?", "a", true), ("??", "a", false), ("*curl", "/x/curlcurl", true),
      ("*a*b*c", "xaybzc", true),
      ("*a*b*c", "xaybz", false), ("[a-c]x", "bx", true), ("[a-c]x", "dx", false), ("[!a-c]x", "dx", true),
      ("[!a-c]x", "ax", false), ("[]]", "]", true), ("[!]]", "]", false), ("[a-]", "-", true), ("[", "[", true),
      ("\\*", "*", true), ("\\*", "a", false), ("***", "abc", true),
      ("/opt/*/", "/opt/x", false),
    ])
  func wildcards(pattern: String, text: String, expected: Bool) { #expect(matches(pattern, text) == expected) }

  /// glibc's fnmatch(3) without flags in the C locale, on short strings of the characters that mean something.
  private func differences(_ letters: String, where wanted: (String) -> Bool) -> [String] {
    var random = Numbers(state: 1)
    let letters = Array(letters)
    var different: [String] = []
    for _ in 0..<150_000 {
      let pattern = String((0..<random.below(8)).map { _ in letters[random.below(letters.count)] })
      let text = String((0..<random.below(5)).map { _ in letters[random.below(letters.count)] })
      if !wanted(pattern) { continue }
      if matches(pattern, text) != (fnmatch(pattern, text, 0) == 0) { different.append("\(pattern) on \(text)") }
    }
    return different
  }

  @Test("S11.3: as fnmatch(3)") func oracle() {
    #expect(differences("aab-*?[]!^/") { _ in true } == [])
    // What a backslash at the pattern's end means POSIX does not say.
    #expect(differences("aab*?!\\\\/") { !$0.hasSuffix("\\") } == [])
    #expect(differences("ab[]\\") { $0.contains("[") && !$0.hasSuffix("\\") } == [])
  }

  @Test("Worst case of the wildcards is not exponential") func stars() {
    let pattern = String(repeating: "a*", count: 60) + "b"
    #expect(!matches(pattern, String(repeating: "a", count: 4000)))
  }
}

/// Repeatable numbers (SplitMix64).
struct Numbers {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return mix(state)
  }

  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
