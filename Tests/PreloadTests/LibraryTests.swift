import Foundation
import Testing

/// The library as the loader sees it: DESIGN D3 to D8, "Build facts". A library that exports the right names can still
/// be silently dead, so that programs bind to it is tested with programs.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct LibraryTests {
  #if arch(x86_64)
    static let isX86 = true
  #else
    static let isX86 = false
  #endif
  static let binutils = FileManager.default.isExecutableFile(atPath: "/usr/bin/nm")
  static let python = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")
  static let bash = FileManager.default.isExecutableFile(atPath: "/bin/bash")
  static let release = repository.appending(path: ".build/release/libwfpshim.so").path
  static let hasRelease = binutils && FileManager.default.fileExists(atPath: release)

  @Test(
    "P1: what the shim has in place of libc's memcpy and its kin does the same",
    .enabled(if: isX86, "elsewhere it has libc's"))
  func ownBytes() throws {
    let stage = try Stage()
    let names = ["memcpy", "memmove", "memset", "strlen"]
    let object = stage.folder + "/bytes.o"
    let renamed = names.map { "-D\($0)=own_\($0)" }
    let compiled = try Program(
      "/usr/bin/cc",
      ["-O2", "-fno-builtin", "-c"] + renamed + [repository.appending(path: "shim/bytes.c").path, "-o", object])
    try #require(try compiled.finish().status == 0, "\(compiled.output)")
    let source = repository.appending(path: "Tests/Programs/own_bytes.c").path
    let linked = try Program("/usr/bin/cc", ["-O1", "-Wall", source, object, "-o", stage.folder + "/own_bytes"])
    try #require(try linked.finish().status == 0, "\(linked.output)")
    let (status, lines) = try Program(stage.folder + "/own_bytes").finish()
    #expect(status == 0 && lines.isEmpty, "\(lines.prefix(5))")
  }

  /// Names that a program, or with `library` that file of it, binds to the shim.
  private func bound(_ path: String, _ arguments: [String], from library: String?) throws -> Set<String> {
    let program = try Program(path, arguments, preload: shim, environment: ["LD_DEBUG": "bindings"])
    let (_, lines) = try program.finish()
    var names: Set<String> = []
    for line in lines where line.contains("binding file ") && line.contains(" to \(shim) ") {
      let from = line.components(separatedBy: "binding file ")[1].split(separator: " ").first ?? ""
      let parts = line.split(whereSeparator: { $0 == "`" || $0 == "'" })
      if library.map({ from.hasSuffix($0) }) ?? true, parts.count >= 2 { names.insert(String(parts[1])) }
    }
    return names
  }

  @Test("D8: bash's /dev/tcp binds to the shim", .enabled(if: bash, "no /bin/bash"))
  func bindsBash() throws {
    let names = try bound("/bin/bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/1"], from: "bash")
    #expect(names.isSuperset(of: ["connect", "close", "getpeername", "ioctl"]), "\(names)")
  }

  @Test("D8: python's sockets bind to the shim", .enabled(if: python, "no /usr/bin/python3"))
  func bindsPython() throws {
    let text = """
      import socket, fcntl
      s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
      c = socket.create_connection(s.getsockname()); a = s.accept()[0]
      c.getpeername(); c.sendmsg([b"x"]); c.sendto(b"x", s.getsockname())
      fcntl.ioctl(a, 0x541b, b"....")
      """
    let names = try bound("/usr/bin/python3", ["-S", "-c", text], from: nil)
    #expect(
      names.isSuperset(of: ["connect", "listen", "accept4", "getpeername", "sendmsg", "sendto", "ioctl", "close"]),
      "\(names)")
  }

  private func symbols(_ arguments: String..., file: String) throws -> [String] {
    let (status, lines) = try Program("/usr/bin/nm", arguments + [file]).finish()
    try #require(status == 0, "\(lines)")
    return lines.compactMap { $0.split(separator: " ").last.map(String.init) }
  }

  private func matches(_ pattern: String, in file: String) throws -> Set<String> {
    let text = try String(contentsOf: repository.appending(path: file), encoding: .utf8)
    let expression = try NSRegularExpression(pattern: pattern, options: .anchorsMatchLines)
    let range = NSRange(text.startIndex..., in: text)
    return Set(
      expression.matches(in: text, range: range).compactMap {
        Range($0.range(at: 1), in: text).map { String(text[$0]) }
      })
  }

  @Test(
    "D8: exported names == shim/hooks.def == link/shim.map", .enabled(if: binutils, "no nm"), arguments: [false, true])
  func exports(release: Bool) throws {
    if release && !Self.hasRelease { return }  // noTrapLeft says so
    let hooks = try matches(#"^HOOK\([^,]+, (\w+),"#, in: "shim/hooks.def")
      .union(matches(#"^ALIAS\((\w+),"#, in: "shim/hooks.def"))
    let map = try matches(#"(?<=[;:] )(\w+);"#, in: "link/shim.map")
    #expect(hooks.count > 8 && hooks == map)
    let exported = try symbols("-D", "--defined-only", file: release ? Self.release : shim)
    // A version node's name would make connect@@NAME: the hook is silently dead.
    #expect(Set(exported) == hooks && exported.count == hooks.count, "\(exported)")
  }

  private func dynamic(_ file: String, _ tag: String) throws -> [String] {
    let (status, lines) = try Program("/usr/bin/readelf", ["-dW", file]).finish()
    try #require(status == 0)
    return lines.filter { $0.contains("(\(tag))") }
  }

  @Test("DESIGN: needs libc alone; no TEXTREL, no initfirst", .enabled(if: binutils, "no readelf"))
  func needed() throws {
    for file in [shim] + (Self.hasRelease ? [Self.release] : []) {
      let needed = try dynamic(file, "NEEDED")
      #expect(needed.count == 1 && needed.allSatisfy { $0.contains("[libc.so.6]") }, "\(file): \(needed)")
      #expect(try dynamic(file, "TEXTREL").isEmpty)
      let flags = try dynamic(file, "FLAGS_1")
      #expect(!flags.contains { $0.contains("INITFIRST") })
      let paths = try dynamic(file, "RUNPATH") + dynamic(file, "RPATH")
      #expect(paths == [], "H37")
    }
  }

  @Test(
    "D8: the release library can neither trap, allocate, lock, print nor end its host",
    .enabled(if: hasRelease, "no .build/release/libwfpshim.so (swift build -c release --product wfpshim)"))
  func noTrapLeft() throws {
    let undefined = try symbols("-D", "--undefined-only", file: Self.release).map { String($0.prefix { $0 != "@" }) }
    try #require(undefined.contains("dlsym"), "nm was understood: \(undefined)")
    let forbidden: Set = [
      "wfp_a_trap_is_reachable", "malloc", "free", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign",
      "exit", "_exit", "abort", "raise", "printf", "putchar", "puts", "fputs", "fwrite", "write", "syslog", "getenv",
      "arc4random", "arc4random_buf", "getrandom", "dlopen", "fork", "vfork", "clone", "__stack_chk_fail",
      "__cxa_atexit", "sem_wait", "mtx_lock", "__tls_get_addr",
    ]
    #expect(undefined.filter { forbidden.contains($0) || $0.hasPrefix("pthread_") || $0.hasPrefix("swift_") } == [])
  }
}
