import CWinsock
import Foundation
import Testing

private let mingw = TestPaths.tool("x86_64-w64-mingw32-gcc")
private let mingwCPlusPlus = TestPaths.tool("x86_64-w64-mingw32-g++")

extension WinsockSuite {
  /// README: the source of a Windows proxy compiles unchanged. Three programs in the shapes that winsock-surface.md counts,
  /// each compiled for Windows and here, and run here.
  @Suite struct WindowsProgramTests {
    private static func source(_ name: String) -> String { TestPaths.package + "/Tests/Programs/" + name }

    @Test(
      "they are Windows programs", .enabled(if: mingw != nil, "needs gcc-mingw-w64-x86-64"),
      arguments: ["windows_relay.c", "windows_driver_client.c"])
    func forWindows(name: String) throws {
      let folder = try TemporaryFolder()
      let flags = ["-Wall", "-Werror", "-Wno-unknown-pragmas", "-Wno-format"] + WindowsProgram.mingwCodes
      let finished = try run(
        try #require(mingw), flags + [Self.source(name), "-o", folder.path + "/program.exe", "-lws2_32"])
      #expect(finished.status == 0, "\(finished.output)")
    }

    @Test("so is the one in C++", .enabled(if: mingwCPlusPlus != nil, "needs g++-mingw-w64-x86-64"))
    func forWindowsInCPlusPlus() throws {
      let folder = try TemporaryFolder()
      let flags = ["-municode", "-std=c++17", "-Wno-unknown-pragmas"] + WindowsProgram.mingwCodes
      let finished = try run(
        try #require(mingwCPlusPlus),
        flags + [Self.source("windows_service.cc"), "-o", folder.path + "/program.exe", "-lws2_32"])
      #expect(finished.status == 0, "\(finished.output)")
    }

    /// S1.2: without the preload the queries say 10045, and the program goes on as it does for a direct connection.
    @Test("obstacle 8, 9: the relay in C", arguments: ["gcc", "clang"]) func relay(compiler: String) throws {
      let program = try WindowsProgram(Self.source("windows_relay.c"), compiler: compiler)
      let service = try RunningService(program.path, [], environment: [:])
      let line = try #require(service.line())
      #expect(line.hasPrefix("listening on "))
      let port = try #require(line.split(separator: " ").last.flatMap { UInt16($0) })
      started {
        let client = makeStream()
        #expect(connect(client, to: port) == 0)
        #expect(service.line() == "#1 direct error 10045, 0 bytes of records")
        #expect(receive(client).text == "#1 direct error 10045, 0 bytes of records")
        closesocket(client)
      }
      #expect(service.status() == 0)
    }

    @Test(
      "obstacle 3: the service in C++: classes, std::wstring, strsafe, wmain",
      arguments: [("g++", "c++11"), ("g++", "c++20"), ("clang++", "c++17")])
    func service(language: (compiler: String, standard: String)) throws {
      for optimisation in ["-O0", "-O2"] {
        let flags = ["-std=\(language.standard)", "-fshort-wchar", optimisation]
        let program = try WindowsProgram(
          Self.source("windows_service.cc"), compiler: language.compiler, flags: flags)
        let finished = try program.output(["Überwachung 服務 with a name that no small string holds"])
        #expect(finished.status == 0)
        let line = /Überwachung 服務 with a name that no small string holds on port \d+, 10045\n/
        #expect(finished.output.wholeMatch(of: line) != nil, "\(finished.output)")
      }
    }

    @Test(
      "obstacle 2: the client of a driver: control codes, packed structures, identifiers", arguments: ["gcc", "clang"])
    func driverClient(compiler: String) throws {
      let program = try WindowsProgram(Self.source("windows_driver_client.c"), compiler: compiler)
      let finished = try program.output()
      #expect(finished.status == 0)
      #expect(finished.output == "code 0x8000a000, action 0x5003, time -1:1, total 128\n")
    }
  }
}
