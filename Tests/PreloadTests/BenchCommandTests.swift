import Foundation
import Testing

/// `wfpctl bench`: it measures with the library that it says, and leaves nothing behind. What it measures is asserted
/// nowhere.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct BenchCommandTests {
  private struct Answer: Decodable {
    struct Row: Decodable { var what: String, withoutNanoseconds: UInt64, withNanoseconds: UInt64 }
    var version: Int, rows: [Row]
  }

  @Test func measures() throws {
    let stage = try Stage()
    let environment = stage.environment.merging(["TMPDIR": stage.folder, "WFPSHIM_LIBRARY": shim]) { $1 }
    let words = ["bench", "--rounds", "3", "--count", "20", "--json"]
    let (status, lines) = try Program("wfpctl", words, environment: environment).finish()
    try #require(status == 0, "\(lines)")
    let answer = try JSONDecoder().decode(Answer.self, from: Data(lines.joined(separator: "\n").utf8))
    #expect(answer.version == 1 && answer.rows.count == 3)
    #expect(answer.rows.allSatisfy { $0.withoutNanoseconds > 1000 && $0.withNanoseconds > 1000 })
    #expect(try FileManager.default.contentsOfDirectory(atPath: stage.folder) == [])
    let text = try Program("wfpctl", ["bench", "--rounds", "1", "--count", "5"], environment: environment).finish()
    #expect(text.status == 0 && text.lines.count == 3 && text.lines.allSatisfy { $0.contains(" us without, ") })
  }

  /// A library that redirects nothing makes the third row impossible: the bench does not measure something else.
  @Test func aLibraryThatDoesNothing() throws {
    let stage = try Stage()
    let words = ["bench", "--rounds", "1", "--count", "1", "--library", "/lib/x86_64-linux-gnu/libm.so.6"]
    let (status, lines) = try Program("wfpctl", words, environment: ["TMPDIR": stage.folder]).finish()
    #expect(status == 1 && lines.joined().contains("connect: Connection refused"), "\(lines)")
  }
}
