import Foundation
import Testing

/// What `make deb` makes: Debian packages that lintian has nothing to say about, a tarball with checksums, and the
/// systemd unit.
@Suite(
  .disabled(if: sanitized, "a sanitized shim cannot be preloaded"),
  .enabled(if: Installed.isBuilt, "the release products are not built: make build"), .serialized)
struct PackageTests {
  private static let packer = ["DEBFULLNAME": "Somebody", "DEBEMAIL": "somebody@example.com", "LEVEL": "1"]
  private static let names = ["libwfpshim", "libws2-32-dev", "wfpctl"]

  /// Packed once for all.
  private static let stage = Result { try Stage() }
  private static let made = Result { try pack(stage.get().folder + "/made") }

  /// - Returns: The files by what their names begin with.
  private static func pack(_ folder: String) throws -> [String: String] {
    let (status, lines) = try Program(
      tool("bash"), [repository.path + "/tools/package", folder], environment: packer
    ).finish(seconds: 200)
    try #require(status == 0, "\(lines)")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    return Dictionary(
      uniqueKeysWithValues: files.map { (String($0.prefix { $0 != "_" && $0 != "." }), "\(folder)/\($0)") })
  }

  /// Everything that the packages bring, under one folder.
  private func unpack(_ packages: [String: String], _ root: String) throws {
    for name in Self.names {
      let (status, lines) = try Program(tool("dpkg-deb"), ["-x", try #require(packages[name]), root]).finish()
      try #require(status == 0, "\(lines)")
    }
  }

  @Test func packages() throws {
    let stage = try Stage()
    let made = try Self.made.get()
    let packages = try Self.names.map { try #require(made[$0]) }
    let lint = try Program(tool("lintian"), ["--allow-root", "--fail-on=warning,info"] + packages).finish(seconds: 200)
    #expect(lint.status == 0 && lint.lines == [], "\(lint.lines)")

    let root = stage.folder + "/root"
    try unpack(made, root)
    for page in ["man1/wfpctl.1", "man3/WSAIoctl.3", "man5/wfp-policy.5", "man7/libwfpshim.7"] {
      #expect(FileManager.default.fileExists(atPath: "\(root)/usr/share/man/\(page).gz"), "\(page)")
    }
    for file in [
      "bash-completion/completions/wfpctl", "zsh/site-functions/_wfpctl", "fish/vendor_completions.d/wfpctl.fish",
    ] {
      #expect(FileManager.default.fileExists(atPath: "\(root)/usr/share/\(file)"), "\(file)")
    }
    let header = try Program(
      tool("cc"),
      ["-fsyntax-only", "-I", root + "/usr/include/wfpshim", "-x", "c", "-include", "winsock2.h", "/dev/null"]
    ).finish()
    #expect(header.status == 0, "\(header.lines)")
    try relays(stage, root + "/usr/bin/wfpctl")
  }

  /// The unpacked command finds the unpacked library, as it does below /usr.
  private func relays(_ stage: Stage, _ wfpctl: String) throws {
    let origin = try stage.origin()
    let run = ["run", "--"]
    let service = stage.keep(
      try Program(
        wfpctl, run + [products.appending(path: "ProbeService").path, "contoso", "::", "0"],
        environment: stage.environment))
    try stage.load(stage.policy("contoso", port: try service.port(), redirecting: [origin.port]), name: "contoso")
    let client = try Program(
      wfpctl, run + [products.appending(path: "ProbeClient").path, "127.0.0.1", "\(origin.port)"],
      environment: stage.environment)
    #expect(try client.finish().status == 0)
    #expect(try service.line("flow") == "contoso flow 127.0.0.1:\(origin.port) records 128 context 256")
  }

  @Test func tarball() throws {
    let made = try Self.made.get()
    let folder = try Self.stage.get().folder + "/made"
    let sums = try Program(tool("sh"), ["-c", "cd '\(folder)' && sha256sum -c --strict SHA256SUMS"]).finish()
    #expect(sums.status == 0 && sums.lines.count(containing: ": OK") == 4, "\(sums.lines)")
    let listed = try Program(tool("tar"), ["-tvzf", try #require(made["wfpshim-0"])]).finish().lines
    #expect(listed.count(containing: "root") == 0 && listed.count(containing: " 0/0 ") == listed.count)
    #expect(listed.count(containing: "/bin/wfpctl") == 1 && listed.count(containing: "/lib/libwfpshim.so") == 1)
  }

  /// The same commit makes the same files: a user who does not trust ours builds them and compares.
  @Test func reproducible() throws {
    let again = try Self.pack(Self.stage.get().folder + "/again")
    let sums = [try Self.made.get(), again].map { try? String(contentsOfFile: $0["SHA256SUMS"] ?? "", encoding: .utf8) }
    #expect(sums[0] != nil && sums[0] == sums[1])
  }

  @Test func unit() throws {
    let stage = try Stage()
    let made = try Self.made.get()
    let root = stage.folder + "/root"
    try unpack(made, root)
    let unit = root + "/usr/lib/systemd/system/wfpshim@.service"
    let text = try String(contentsOfFile: unit, encoding: .utf8)
    // The unit names files of /usr, which need not be installed where this runs.
    let here = stage.folder + "/wfpshim@.service"
    try text.replacingOccurrences(of: "/usr/bin/wfpctl", with: root + "/usr/bin/wfpctl").write(
      toFile: here, atomically: true, encoding: .utf8)
    let verified = try Program(tool("systemd-analyze", package: "systemd"), ["verify", "--man=no", here]).finish()
    #expect(verified.status == 0 && verified.lines == [], "\(verified.lines)")
    // What the unit runs, as systemd would: with the variables of its file.
    let origin = try stage.origin()
    let port = try stage.freePort()
    let policy = stage.folder + "/contoso.yaml"
    try stage.policy("contoso", port: port, redirecting: [origin.port]).write(
      toFile: policy, atomically: true, encoding: .utf8)
    let command = "\(products.appending(path: "ProbeService").path) contoso :: \(port)"
    let start = try #require(text.split(separator: "\n").first { $0.hasPrefix("ExecStart=") }).dropFirst(10)
    let service = stage.keep(
      try Program(
        tool("sh"),
        ["-c", "exec " + start.replacingOccurrences(of: "/usr/bin/wfpctl", with: root + "/usr/bin/wfpctl")],
        environment: stage.environment.merging(["POLICY": policy, "COMMAND": command]) { $1 }))
    #expect(try service.port() == port)
    #expect(try stage.shimmed("ProbeClient", ["127.0.0.1", "\(origin.port)"]).finish().status == 0)
    #expect(try service.line("flow").hasPrefix("contoso flow 127.0.0.1:\(origin.port)"))
  }

  /// The packaging system puts a new file in the place of the library; a service that runs keeps the old one mapped.
  @Test func upgradeWhileProcessesRun() throws {
    let installed = try Installed()
    let stage = installed.stage
    let origin = try stage.origin()
    func start(_ path: String, _ arguments: [String]) throws -> Program {
      stage.keep(
        try Program(
          installed.wfpctl, ["run", "--", products.appending(path: path).path] + arguments,
          environment: stage.environment))
    }
    func client() throws -> Int32 { try start("ProbeClient", ["127.0.0.1", "\(origin.port)"]).finish().status }
    let old = try start("ProbeService", ["contoso", "::", "0"])
    try stage.load(stage.policy("contoso", port: try old.port(), redirecting: [origin.port]), name: "contoso")
    #expect(try client() == 0)
    _ = try old.line("flow")

    let next = installed.preload + ".dpkg-new"
    try FileManager.default.copyItem(atPath: installed.preload, toPath: next)
    try #require(rename(next, installed.preload) == 0)
    #expect(try client() == 0)
    _ = try old.line("flow")
    let maps = try String(contentsOfFile: "/proc/\(old.pid)/maps", encoding: .utf8)
    #expect(maps.contains("\(installed.preload) (deleted)"))

    let new = try start("ProbeService", ["fabrikam", "::", "0"])
    try stage.load(
      stage.policy("fabrikam", port: try new.port(), redirecting: [origin.port], weight: 50), name: "fabrikam")
    #expect(try client() == 0)
    #expect(try old.line("flow").contains("records 128") && new.line("flow").contains("records 192"))
  }
}
