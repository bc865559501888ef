import Foundation
import Testing

/// The programs of Tests/Oracle against Wine's recorded answers (`make oracle` records them): what we say differently
/// stands in Tests/Oracle/differences, each with its reason.
@Suite struct OracleTests {
  static let folder = TestPaths.package + "/Tests/Oracle"

  @Test("S5.2 to S5.5, S2.1: Wine's answers", arguments: ["overlapped", "ports", "routines", "sockets", "waits"])
  func recordedAnswers(program: String) throws {
    let work = try TemporaryFolder()
    let compiler = try #require(TestPaths.tool("cc"))
    let binary = work.path + "/" + program
    let compiled = try run(
      compiler,
      [
        "-O1", "-I", TestPaths.headers, "\(Self.folder)/\(program).c", "-o", binary, TestPaths.library,
        "-Wl,-rpath,\(TestPaths.products)",
      ])
    try #require(compiled.status == 0, "\(compiled.output)")
    let said = try run(binary, [], environment: ["WFPSHIM_FORCE_PENDING": "0"])
    #expect(said.status == 0)
    try said.output.write(toFile: binary + ".txt", atomically: true, encoding: .utf8)
    let recorded = "\(Self.folder)/answers/\(program).txt"
    let compared = try run(Self.folder + "/compare", [program, recorded, binary + ".txt"])
    #expect(compared.status == 0, "\(compared.output)")
  }
}
