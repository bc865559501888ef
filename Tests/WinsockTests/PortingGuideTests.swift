import Foundation
import Testing

private let hasTools = TestPaths.tool("pkg-config") != nil && TestPaths.tool("cmake") != nil

/// docs/porting.md: its commands do what it says, with programs of Windows source and what `make install` would install.
@Suite(.enabled(if: hasTools, "needs pkg-config and cmake")) struct PortingGuideTests {
  /// A prefix that is made of the build's products, and a folder with the programs.
  private struct Prefix {
    let folder: TemporaryFolder
    var environment: [String: String] {
      ["PKG_CONFIG_PATH": folder.path + "/lib/pkgconfig", "LD_LIBRARY_PATH": TestPaths.products]
    }

    init() throws {
      folder = try TemporaryFolder()
      let manager = FileManager.default
      for name in ["/lib/pkgconfig", "/lib/cmake/wfpshim"] {
        try manager.createDirectory(atPath: folder.path + name, withIntermediateDirectories: true)
      }
      try link("include", to: TestPaths.package + "/include")
      for name in ["libws2_32.so", "libwfpcrt.a"] { try link("lib/" + name, to: TestPaths.products + "/" + name) }
      for name in ["wfpshim.pc", "wfpshim-wide.pc"] { try fill(name, into: "lib/pkgconfig") }
      for name in ["wfpshimConfig.cmake", "wfpshimConfigVersion.cmake"] { try fill(name, into: "lib/cmake/wfpshim") }
      for (name, program) in [("proxy.c", "windows_relay.c"), ("service.cc", "windows_service.cc")] {
        try link(name, to: TestPaths.package + "/Tests/Programs/" + program)
      }
    }

    private func link(_ name: String, to target: String) throws {
      try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/\(name)", withDestinationPath: target)
    }

    /// As tools/install does.
    private func fill(_ name: String, into place: String) throws {
      let text = try String(contentsOfFile: "\(TestPaths.package)/tools/\(name).in", encoding: .utf8)
      let filled = text.replacing("@PREFIX@", with: folder.path).replacing("@VERSION@", with: "0.1.0")
      _ = try folder.write(filled, to: "\(place)/\(name)")
    }

    func shell(_ script: String) throws -> Finished {
      try run("/bin/sh", ["-c", "cd '\(folder.path)' && set -e\n" + script], environment: environment)
    }
  }

  /// The blocks of the page in a language.
  private static func blocks(_ language: String) throws -> [String] {
    let page = try String(contentsOfFile: TestPaths.package + "/docs/porting.md", encoding: .utf8)
    return page.components(separatedBy: "```\(language)\n").dropFirst().map {
      $0.components(separatedBy: "```").first ?? ""
    }
  }

  private static var answer: Regex<Substring> { /Wächter on port \d+, 10045\n/ }

  @Test("docs/porting.md: the commands compile a proxy and a service with wide strings, warnings as errors")
  func commands() throws {
    let prefix = try Prefix()
    let blocks = try Self.blocks("sh")
    try #require(blocks.count == 2)
    for block in blocks {
      let strict = block.replacing("cc $", with: "cc -Wall -Wextra -Werror -Wno-format $")
        .replacing("-std=c++17", with: "-std=c++17 -Wall -Wextra -Werror -Wno-format")
      #expect(strict != block)
      for command in [block, strict] {
        let finished = try prefix.shell(command)
        #expect(finished.status == 0, "\(finished.output)")
      }
    }
    let finished = try prefix.shell("./service Wächter")
    #expect(finished.status == 0 && finished.output.wholeMatch(of: Self.answer) != nil, "\(finished.output)")
    #expect(FileManager.default.isExecutableFile(atPath: prefix.folder.path + "/proxy"))
  }

  @Test("docs/porting.md: the lines for CMake; a component that is not there is said") func cmake() throws {
    let prefix = try Prefix()
    let block = try #require(try Self.blocks("cmake").first)
    let project = "cmake_minimum_required(VERSION 3.13)\nproject(service CXX)\nset(CMAKE_CXX_STANDARD 17)\n"
    let configure = "cmake -S . -B build -DCMAKE_PREFIX_PATH='\(prefix.folder.path)' -DCMAKE_CXX_COMPILER=g++"
    _ = try prefix.folder.write(project + block, to: "CMakeLists.txt")
    let finished = try prefix.shell(
      "\(configure) >log 2>&1 || cat log; cmake --build build >log 2>&1 || cat log; build/service Wächter")
    #expect(finished.status == 0 && finished.output.wholeMatch(of: Self.answer) != nil, "\(finished.output)")
    _ = try prefix.folder.write(
      project + block.replacing("COMPONENTS wide", with: "COMPONENTS deep"), to: "CMakeLists.txt")
    let refused = try prefix.shell(configure + " 2>&1")
    #expect(refused.status != 0 && refused.output.contains("no component deep"), "\(refused.output)")
  }

  /// What the page says of names and flags.
  @Test("docs/porting.md: what is not defined, and what is") func statements() throws {
    let text = """
      #include <winsock2.h>
      #include <windows.h>
      #include <fwpmu.h>
      #if defined(_WIN32) || defined(_MSC_VER) || defined(__try)
      #error "defined"
      #endif
      typedef struct { DWORD size; } SHARED;
      static __forceinline int one(void) { return 1; }
      int main(void) {
        const GUID *layer = &FWPM_LAYER_ALE_CONNECT_REDIRECT_V4;
        return sizeof(SHARED) == 4 && sizeof(unsigned long) == 8 && one() && layer->Data1 == 0xc6e63c8c && AF_INET6 == 10 &&
               FwpmEngineClose0(NULL) == ERROR_CALL_NOT_IMPLEMENTED && max(1, 2) == 2 ? 0 : 1;
      }

      """
    let program = try WindowsProgram(text, suffix: "c", compiler: "gcc")
    #expect(try program.output().status == 0)
    // A wide literal for a WCHAR: an error without the flag, none with it.
    let gcc = try #require(TestPaths.tool("gcc"))
    let literal = try program.folder.write("#include <windows.h>\nconst WCHAR *name = L\"text\";\n", to: "literal.c")
    let compile = { (flags: [String]) in
      try run(gcc, ["-Werror", "-fsyntax-only", "-I\(TestPaths.headers)", literal] + flags).status
    }
    #expect(try compile([]) != 0)
    #expect(try compile(["-fshort-wchar"]) == 0)
  }
}
