import Foundation
import Testing

/// Every name that the eleven counted programs use: the tables of winsock-surface.md.
@Suite struct SurfaceTests {
  static let folder = TestPaths.package + "/Tests/Programs/surface"

  /// names.txt by its headings.
  static let names: [String: [String]] = {
    var names: [String: [String]] = [:]
    var heading = ""
    let text = (try? String(contentsOfFile: folder + "/names.txt", encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      if line.hasSuffix(":") {
        heading = String(line.dropLast())
      } else {
        names[heading, default: []] += words(String(line))
      }
    }
    return names
  }()

  /// Whose success needs a driver: the test that has one.
  static let elsewhere = ["DeviceIoControl": "Win32/FileTests.swift"]

  static let headers =
    [
      "winsock2.h", "mstcpip.h", "ws2tcpip.h", "windows.h", "mswsock.h", "fwpmu.h", "intsafe.h", "winioctl.h",
      "ws2ipdef.h",
      "strsafe.h", "tchar.h",
      "iphlpapi.h", "netioapi.h", "psapi.h", "conio.h", "winsvc.h",
    ]

  private static func words(_ text: String) -> [String] { text.split(whereSeparator: \.isWhitespace).map(String.init) }

  /// A program that has the address of each function (a macro is there without one), a value of each type, and so on.
  static func program(withFunctions: Bool = true) -> String {
    let names = withFunctions ? names["functions"] ?? [] : []
    let functions = names.enumerated().map {
      "#if !defined(\($1))\n  use((void *)&\($1));\n#endif"
    }
    let types = (Self.names["types"] ?? []).map { "  { \($0) *value = NULL; use((void *)&value); }" }
    let constants = (Self.names["constants"] ?? []).map { "  total += (unsigned long long)(\($0));" }
    let objects = (Self.names["objects"] ?? []).map { "  use((void *)(uintptr_t)&\($0));" }
    return HeaderMatrixTests.includes(headers) + """
      #include <stdint.h>
      static void *volatile last;
      static void use(void *what) { last = what; }
      int main(void) {
        volatile unsigned long long total = 0;
        GUID identifiers[] = {WSAID_WSARECVMSG, WSAID_ACCEPTEX, WSAID_CONNECTEX};
        WSAEVENT none = WSA_INVALID_EVENT;
        fd_set set;
        FD_ZERO(&set);
        FD_SET((SOCKET)3, &set);
        use(identifiers);
        use(&none);
      \((functions + types + constants + objects).joined(separator: "\n"))
        return FD_ISSET((SOCKET)3, &set) && total != 0 ? 0 : 1;
      }

      """
  }

  @Test("winsock-surface.md: every name is declared, and what is declared links", arguments: ["gcc", "clang"])
  func everyName(compiler: String) throws {
    let folder = try TemporaryFolder()
    let source = try folder.write(Self.program(), to: "surface.c")
    let program = try #require(TestPaths.tool(compiler))
    let flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I\(TestPaths.headers)", source]
    let built = try run(program, flags + ["-o", folder.path + "/surface"] + WindowsProgram.libraries)
    #expect(built.status == 0, "\(built.output.prefix(6000))")
    let finished = try run(folder.path + "/surface", [])
    #expect(finished.status == 0, "\(finished.output)")
  }

  /// In C++ most functions are overloaded: MappedNameTests calls them.
  @Test("winsock-surface.md: types, numbers and objects in C++", arguments: ["g++", "clang++"])
  func everyNameInCPlusPlus(compiler: String) throws {
    let program = try WindowsProgram(
      Self.program(withFunctions: false), suffix: "cc", compiler: compiler, flags: ["-std=c++17"])
    #expect(try program.output().status == 0)
  }

  @Test("the program above fails for a name that is not there", arguments: ["WSANoSuchFunction", "strcpy_t"])
  func aMissingName(name: String) throws {
    let folder = try TemporaryFolder()
    let text = Self.program().replacingOccurrences(of: "&strcpy_s", with: "&\(name)")
    let source = try folder.write(text.replacingOccurrences(of: "defined(strcpy_s)", with: "0"), to: "surface.c")
    let gcc = try #require(TestPaths.tool("gcc"))
    let finished = try run(gcc, ["-std=gnu11", "-fsyntax-only", "-w", "-I\(TestPaths.headers)", source])
    #expect(finished.status != 0 && finished.output.contains(name), "\(finished.output)")
  }

  static func programs() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".c") }.map { "\(folder)/\($0)" }
  }

  /// Those of fwpmu.h answer ERROR_CALL_NOT_IMPLEMENTED (README, Limits): FilterManagementTests.
  @Test(
    "winsock-surface.md: each function has its documented result once, and its documented failure once",
    arguments: ["gcc", "clang"])
  func everyCall(compiler: String) throws {
    let folder = try TemporaryFolder()
    let flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I\(TestPaths.headers)", "-o", folder.path + "/surface"]
    let built = try run(try #require(TestPaths.tool(compiler)), flags + Self.programs() + WindowsProgram.libraries)
    try #require(built.status == 0, "\(built.output.prefix(6000))")
    let finished = try run("/bin/sh", ["-c", "cd \(folder.path) && exec timeout 60 ./surface < /dev/null"])
    let lines = finished.output.split(separator: "\n").map(String.init)
    #expect(finished.status == 0, "\(lines.filter { $0.contains("WRONG") })")
    let said = Set(lines)
    let functions = try #require(Self.names["functions"])
    #expect(functions.count > 150)
    for name in functions where !name.hasPrefix("Fwpm") && Self.elsewhere[name] == nil {
      #expect(said.contains("\(name) success"), "\(name)")
      #expect(said.contains("\(name) failure") || lines.contains { $0.hasPrefix("\(name) cannot fail: ") }, "\(name)")
    }
    for (name, test) in Self.elsewhere {
      let text = try String(contentsOfFile: TestPaths.package + "/Tests/WinsockTests/" + test, encoding: .utf8)
      #expect(text.contains(name + "("))
    }
  }
}
