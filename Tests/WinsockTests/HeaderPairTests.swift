import Foundation
import Testing

/// Any order of includes that compiles on Windows compiles here: each header of winsock-surface.md before each other.
@Suite struct HeaderPairTests {
  /// The rest of HeaderTests' languages would only take time.
  static let languages = [("gcc", "c99"), ("clang++", "c++20")]

  private static var headers: [String] { SurfaceTests.headers + ["winsock.h", "netiodef.h", "ws2spi.h"] }

  /// For each second header a program that ends there, lean, and one that goes on with all of Winsock, and is not.
  private static func programs(after first: String) -> [String] {
    let rest = HeaderMatrixTests.includes(["winsock2.h", "ws2tcpip.h", "mstcpip.h"]) + HeaderTests.use
    return headers.flatMap { second in
      let pair = HeaderMatrixTests.includes([first, second])
      return ["#define WIN32_LEAN_AND_MEAN\n\(pair)int main(void) { return 0; }\n", pair + rest]
    }
  }

  @Test("winsock-surface.md: every header before every other, lean or not", arguments: languages)
  func pairs(compiler: String, standard: String) throws {
    let program = try #require(TestPaths.tool(compiler))
    let flags = ["-std=\(standard)", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I\(TestPaths.headers)"]
    for first in Self.headers {
      let folder = try TemporaryFolder()
      let suffix = compiler.hasSuffix("++") ? "cc" : "c"
      let files = try Self.programs(after: first).enumerated().map { try folder.write($1, to: "pair\($0).\(suffix)") }
      let finished = try run(program, flags + files)
      #expect(finished.status == 0, "\(first) first\n\(finished.output.prefix(4000))")
    }
  }

  /// On Windows _WINSOCKAPI_ guards <winsock.h>, and programs define it to keep that header out.
  @Test(
    "<windows.h> brings Winsock 1 unless WIN32_LEAN_AND_MEAN or _WINSOCKAPI_ is defined", arguments: languages,
    ["", "WIN32_LEAN_AND_MEAN", "_WINSOCKAPI_"])
  func windowsAlone(language: (compiler: String, standard: String), macro: String) throws {
    let compiler = try #require(TestPaths.tool(language.compiler))
    let folder = try TemporaryFolder()
    let define = macro.isEmpty ? "" : "#define \(macro)\n"
    let check = { (name: String, more: String) in
      let text = """
        \(define)#include <windows.h>
        \(more)int main(void) {
          WSADATA data;
          SOCKET s = INVALID_SOCKET;
          return WSAStartup(MAKEWORD(1, 1), &data) + closesocket(s);
        }

        """
      let file = try folder.write(text, to: name + (language.compiler.hasSuffix("++") ? ".cc" : ".c"))
      let flags = ["-std=\(language.standard)", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
      return try run(compiler, flags + ["-I\(TestPaths.headers)", file])
    }
    let alone = try check("alone", "")
    #expect((alone.status == 0) == macro.isEmpty, "\(alone.output)")
    #expect(macro.isEmpty || alone.output.contains("WSADATA"), "\(alone.output)")
    let winsock2 = try check("both", "#include <winsock2.h>\n")
    #expect(winsock2.status == 0, "\(winsock2.output)")
  }
}
