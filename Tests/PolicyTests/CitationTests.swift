import Foundation
import Testing

/// Every reported hazard and every clause of "Failure, trust, noise" is named by a test that proves it, or stands in
/// docs/limits.md.
@Suite struct CitationTests {
  /// Files with tests, and the page; but for this one.
  private static let texts: [String] = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    let files = FileManager.default.enumerator(at: root.appending(path: "Tests"), includingPropertiesForKeys: nil)
    let sources = (files?.allObjects as? [URL] ?? []).filter {
      $0.pathExtension == "swift" && $0.lastPathComponent != "CitationTests.swift"
    }
    let tests = sources.compactMap { try? String(contentsOf: $0, encoding: .utf8) }.filter { $0.contains("@Test") }
    let limits = try? String(contentsOf: root.appending(path: "docs/limits.md"), encoding: .utf8)
    // The page's title names the first and the last hazard.
    let rows = (limits ?? "").split(separator: "\n").filter { $0.hasPrefix("|") }.joined(separator: "\n")
    return tests + [rows]
  }()

  private func isCited(_ name: String) -> Bool {
    Self.texts.contains { text in
      text.ranges(of: name).contains { found in
        let before = found.lowerBound > text.startIndex ? text[text.index(before: found.lowerBound)] : " "
        let after = found.upperBound < text.endIndex ? text[found.upperBound] : " "
        return !before.isLetter && !before.isNumber && !after.isNumber
      }
    }
  }

  @Test(arguments: 1...47) func hazard(number: Int) { #expect(isCited("H\(number)")) }
  @Test(arguments: 1...7) func clauseOfFailure(number: Int) { #expect(isCited("S10.\(number)")) }
  @Test func whatThereIsNot() { #expect(!isCited("H48") && !isCited("S10.8")) }
}
