import Foundation
import Testing

/// A program of Windows source, built with a compiler of the machine against the headers and libraries.
struct WindowsProgram {
  /// What `pkg-config --libs wfpshim` says, of the build's products.
  static let libraries = ServiceFixture.library + ["-lwfpcrt"]

  let folder: TemporaryFolder
  let path: String

  /// - Parameters:
  ///   - source: A file, or the text of one when `suffix` is given.
  ///   - flags: Beside -Wall -Wextra -Werror. (-Wno-unknown-pragmas and -Wno-format: docs/porting.md.)
  init(_ source: String, suffix: String? = nil, compiler: String, flags: [String] = []) throws {
    folder = try TemporaryFolder()
    path = folder.path + "/program"
    let file = try suffix.map { try folder.write(source, to: "program.\($0)") } ?? source
    let program = try #require(TestPaths.tool(compiler))
    let warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", "-Wno-format"]
    let built = try run(
      program, warnings + flags + ["-I\(TestPaths.headers)", file, "-o", path] + Self.libraries)
    try #require(built.status == 0, "\(compiler) \(flags)\n\(built.output.prefix(6000))")
  }

  func output(_ arguments: [String] = []) throws -> Finished { try run(path, arguments) }

  /// The three codes, which mingw-w64's mstcpip.h lacks.
  static let mingwCodes = [("QUERY", "RECORDS", 0xdc), ("QUERY", "CONTEXT", 0xdd), ("SET", "RECORDS", 0xde)].map {
    "-DSIO_\($0.0)_WFP_CONNECTION_REDIRECT_\($0.1)=0x980000\(String($0.2, radix: 16))u"
  }
}
