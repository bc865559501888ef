import Foundation
import Testing

/// The exported names are one list: what link/ws2.map says, what the headers declare and what the library defines.
@Suite struct ExportTests {
  private func mapped() throws -> Set<String> {
    let map = try String(contentsOfFile: TestPaths.package + "/link/ws2.map", encoding: .utf8)
    let list = try #require(map.components(separatedBy: "global:").last?.components(separatedBy: "local:").first)
    return Set(list.split(whereSeparator: { ";\n ".contains($0) }).map(String.init))
  }

  /// Every function that a header declares and does not define.
  private func declared() throws -> Set<String> {
    let files = [
      "ws2functions.h", "ws2msabi.h", "ws2spi.h", "ws2tcpip.h", "mswsock.h", "synchapi.h", "ioapiset.h", "fwpmu.h",
    ]
    let text = try files.map { try String(contentsOfFile: TestPaths.headers + "/" + $0, encoding: .utf8) }.joined()
    let prototype = /(?m)^(?!typedef|FORCEINLINE|static|#)[\w \*]*?(\w+)\([^;{}#]*\);/
    let names = text.matches(of: prototype).map { String($0.1) }
    return Set(names.filter { !$0.hasPrefix("__") && !$0.hasPrefix("WS2_") })
  }

  @Test func theMapIsWhatTheHeadersDeclare() throws {
    let (map, headers) = (try mapped(), try declared())
    #expect(map.count > 60)
    #expect(map.subtracting(headers).isEmpty, "exported, not declared")
    #expect(headers.subtracting(map).isEmpty, "declared, not exported")
  }

  @Test func theLibraryDefinesWhatTheMapSays() throws {
    let nm = try #require(TestPaths.tool("nm") ?? TestPaths.tool("llvm-nm"))
    let finished = try run(nm, ["-D", "--defined-only", TestPaths.library])
    #expect(finished.status == 0, "\(finished.output)")
    let lines = finished.output.split(separator: "\n").map { $0.split(separator: " ") }
    let defined = Set(lines.compactMap { $0.last.map(String.init) })
    #expect(defined == (try mapped()))
  }

  /// A named version would bind programs to it; a name that POSIX has too would take libc's place in every library
  /// of the process.
  @Test func nothingIsVersionedAndNoNameIsLibcs() throws {
    let map = try String(contentsOfFile: TestPaths.package + "/link/ws2.map", encoding: .utf8)
    #expect(map.contains("\n{\n"))
    let names = try mapped()
    #expect(names.allSatisfy { !$0.contains("@") })
    for name in ["bind", "connect", "accept", "send", "recv", "select", "socket", "listen", "shutdown", "ioctl"] {
      #expect(!names.contains(name))
    }
  }
}
