import Foundation
import Testing

/// Issue 5: `man 3 WSAIoctl` of this library exists. That it is installed: PreloadTests/InstallTests.
@Suite struct ManualTests {
  private static let page = TestPaths.package + "/docs/man/WSAIoctl.3"

  private static func lint(_ file: String) throws -> Finished {
    let mandoc = try #require(TestPaths.tool("mandoc"), "make test installs it")
    return try run(mandoc, ["-T", "lint", "-W", "warning", file])
  }

  @Test("Issue 5: the page is good mdoc") func markup() throws {
    let finished = try Self.lint(Self.page)
    #expect(finished.status == 0 && finished.output.isEmpty, "\(finished.output)")
    let folder = try TemporaryFolder()
    let text = try String(contentsOfFile: Self.page, encoding: .utf8)
    let broken = try folder.write(
      text.replacingOccurrences(of: ".Bl -tag -width Er", with: ".Bl -width Er"), to: "broken.3")
    #expect(try Self.lint(broken).status != 0, "the check sees a fault")
  }

  /// A name of the page that the headers lack does not compile.
  @Test("Issue 5: the page's codes, flags and errors are those of the headers", arguments: ["SIO_", "WSA", "ERROR_"])
  func names(prefix: String) throws {
    let text = try String(contentsOfFile: Self.page, encoding: .utf8)
    let names = Set(text.matches(of: /\b[A-Z][A-Z0-9_]{5,}\b/).map { String($0.0) }).filter { $0.hasPrefix(prefix) }
      .subtracting(["WSAIOCTL"])
    #expect(names.count > (prefix == "ERROR_" ? 0 : 2))
    let lines = names.sorted().map { "  total += (unsigned long long)(\($0));" }.joined(separator: "\n")
    let source =
      "#include <winsock2.h>\n#include <mstcpip.h>\nint main(void) {\n  unsigned long long total = 0;\n\(lines)\n"
      + "  return total == 0;\n}\n"
    try HeaderMatrixTests.check(source, "gcc", "c11")
    if prefix == "SIO_" {
      let redirect = ["QUERY", "SET"].map { "SIO_\($0)_WFP_CONNECTION_REDIRECT_RECORDS" }
      #expect(names.isSuperset(of: redirect + ["SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT"]))
    }
  }
}
