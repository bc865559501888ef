import Foundation
import Testing

/// What `make install` installs, on a machine without the Swift toolchain: this project's own promise (README,
/// "Your own proxy"), and hazard H37 (no RUNPATH).
@Suite(
  .disabled(if: sanitized, "a sanitized shim cannot be preloaded"),
  .enabled(if: Installed.isBuilt, "the release products are not built: make build"))
struct InstallTests {
  @Test func loadsOnlySystemLibraries() throws {
    let installed = try Installed()
    for file in installed.binaries {
      let needed = try Program(tool("ldd"), [file]).finish().lines
      let system = /.*(linux-vdso|\/lib(64)?\/(.*\/)?(libc|libm|libstdc\+\+|libgcc_s|ld-linux[^ ]*)\.so).*/
      #expect(needed.count >= 3 && needed.allSatisfy { $0.wholeMatch(of: system) != nil }, "\(file): \(needed)")
      let dynamic = try Program(tool("readelf", package: "binutils"), ["-d", file]).finish().lines
      #expect(dynamic.count(containing: "NEEDED") >= 1 && dynamic.count(containing: "PATH") == 0, "\(file): \(dynamic)")
    }
  }

  @Test func namesNoBuildFolder() throws {
    let installed = try Installed()
    for file in installed.files {
      let content = try Data(contentsOf: URL(fileURLWithPath: file))
      for path in [repository.path, "/.build/"] {
        #expect(content.range(of: Data(path.utf8)) == nil, "\(path) in \(file)")
      }
    }
  }

  /// The headers compile, the libraries link and run, by pkg-config and by CMake, from a folder that was moved.
  @Test(
    .enabled(if: Installed.canHide, "a mount namespace of its own is not permitted here (unshare -m, mount)"),
    arguments: ["pkg-config", "cmake"])
  func withoutToolchain(how: String) throws {
    let installed = try Installed()
    let stage = installed.stage
    // The loader finds no runtime here any more: what needs one does not start.
    let dynamic = try installed.hidden([products.appending(path: "wfpctl").path, "--help"]).finish()
    #expect(dynamic.status == 127, "\(dynamic.lines)")

    let service = try installed.compile(by: how)
    let body = try Body(stage, size: 400_000)
    let origin = stage.keep(try Program(tool("python3"), [program("http_origin.py"), body.file]))
    let port = try origin.port()
    let contoso = stage.keep(
      try installed.hidden([service, "contoso", "0"], ["LD_PRELOAD": installed.preload]))
    let listening = try #require(UInt16(try contoso.line("listening on").split(separator: " ").last ?? ""))
    let policy = stage.folder + "/contoso.yaml"
    try stage.redirect("contoso", port: listening, conditions: "{ip_remote_port: \(port)}")
      .write(toFile: policy, atomically: true, encoding: .utf8)
    let file = stage.folder + "/got"
    let command = [
      installed.wfpctl, "run", "--policy", policy, "--", try tool("curl"), "-sS", "--fail", "--noproxy", "*", "-o",
      file,
      "http://127.0.0.1:\(port)/",
    ]
    let (status, lines) = try installed.hidden(command).finish()
    #expect(status == 0, "\(lines)")
    #expect(try Body.hash(of: file) == body.hash)
    #expect(try contoso.line("#1").contains("->127.0.0.1:\(port) records=128 bytes context=256 bytes"))

    // With nothing in the environment, and only what it is given.
    let empty = try installed.hidden([
      tool("env"), "-i", installed.wfpctl, "--engine", stage.engine, "policy", "show", "--json",
    ]).finish()
    #expect(empty.status == 0 && empty.lines.joined().contains("to-contoso"), "\(empty.lines)")
    let schema = try installed.hidden([tool("env"), "-i", installed.wfpctl, "policy", "schema"]).finish()
    #expect(
      try schema.lines.joined(separator: "\n") + "\n"
        == String(contentsOfFile: installed.prefix + "/share/wfpshim/policy.schema.json", encoding: .utf8))
    for name in ["WSAIoctl.3", "wfpctl.1", "wfp-policy.5", "libwfpshim.7"] {
      let (title, section) = (name.dropLast(2).uppercased(), String(name.suffix(1)))
      let page = try String(contentsOfFile: installed.prefix + "/share/man/man\(section)/\(name)", encoding: .utf8)
      #expect(page.contains(".Dt \(title) \(section)"))
    }
  }

  @Test("Completions are installed, and complete subcommands") func completions() throws {
    let installed = try Installed()
    let script = installed.prefix + "/share/bash-completion/completions/wfpctl"
    let ask =
      "source \(script); COMP_WORDS=(wfpctl po); COMP_CWORD=1; _wfpctl wfpctl po wfpctl; echo \"${COMPREPLY[@]}\""
    let (status, lines) = try Program("/bin/bash", ["-c", ask]).finish()
    #expect(status == 0 && lines.last == "policy", "\(lines)")
    for other in ["zsh/site-functions/_wfpctl", "fish/vendor_completions.d/wfpctl.fish"] {
      #expect(try String(contentsOfFile: installed.prefix + "/share/" + other, encoding: .utf8).contains("policy"))
    }
  }

  /// Each example's own Makefile or CMakeLists.txt, as a user would call it, and its own policy.
  @Test(arguments: ["port", "event", "class"]) func examples(name: String) throws {
    let installed = try Installed()
    let folder = installed.stage.folder + "/" + name
    try FileManager.default.copyItem(
      atPath: repository.appending(path: "examples/\(name)-relay").path, toPath: folder)
    // The file says the folder in which it was installed, not the one to which this test moved it.
    let description = installed.prefix + "/lib/pkgconfig/wfpshim.pc"
    let text = try String(contentsOfFile: description, encoding: .utf8).split(separator: "\n").map {
      $0.hasPrefix("prefix=") ? "prefix=" + installed.prefix : String($0)
    }
    try text.joined(separator: "\n").appending("\n").write(toFile: description, atomically: true, encoding: .utf8)
    let commands =
      name == "class"
      ? [
        ["cmake", "-S", folder, "-B", folder, "-DCMAKE_PREFIX_PATH=" + installed.prefix], ["cmake", "--build", folder],
      ]
      : [["make", "-C", folder]]
    for command in commands {
      let (status, lines) = try Program(
        tool(command[0]), Array(command.dropFirst()),
        environment: ["PKG_CONFIG_PATH": installed.prefix + "/lib/pkgconfig"]
      ).finish(seconds: 120)
      try #require(status == 0, "\(lines)")
    }
    let relay = installed.stage.keep(
      try Program(
        folder + "/\(name)_relay", ["\(installed.stage.freePort())"], preload: installed.preload,
        environment: installed.stage.environment.merging(["LD_LIBRARY_PATH": installed.prefix + "/lib"]) { $1 }))
    _ = try relay.line("listening on")
    let (status, lines) = try Program(
      installed.wfpctl, ["policy", "load", folder + "/policy.yaml"], environment: installed.stage.environment
    ).finish()
    #expect(status == 0, "\(lines)")
  }

  /// docs/porting.md: wide strings and wmain, whose start is in the static library.
  @Test(
    .enabled(if: Installed.canHide, "a mount namespace of its own is not permitted here (unshare -m, mount)"),
    arguments: ["pkg-config", "cmake"])
  func wideStrings(how: String) throws {
    let installed = try Installed()
    let service = try installed.compileWide(by: how)
    let (status, lines) = try installed.hidden([service, "Wächter"]).finish()
    #expect(status == 0 && lines.count == 1 && lines[0].hasPrefix("Wächter on port "), "\(lines)")
  }

  /// The version file: before 1.0 a minor version is a promise of its own.
  @Test(arguments: [("", true), ("0.1", true), ("0.1.0 EXACT", true), ("0.1.1", false), ("0.0.9", false), ("1", false)])
  func cmakeVersion(wanted: String, found: Bool) throws {
    let installed = try Installed()
    let folder = installed.stage.folder + "/project"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try """
    cmake_minimum_required(VERSION 3.13)
    project(version NONE)
    find_package(wfpshim \(wanted) QUIET)
    message(STATUS "found: ${wfpshim_FOUND} ${wfpshim_VERSION}")
    """.write(toFile: folder + "/CMakeLists.txt", atomically: true, encoding: .utf8)
    let (status, lines) = try Program(
      tool("cmake"), ["-S", folder, "-B", folder + "/build", "-DCMAKE_PREFIX_PATH=" + installed.prefix]
    ).finish()
    #expect(status == 0 && lines.contains { $0.hasPrefix("-- found: \(found ? "1 0.1.0" : "0")") }, "\(lines)")
  }
}
