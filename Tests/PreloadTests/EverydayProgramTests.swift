import Foundation
import Testing

/// Programs of every machine, with and without the shim: they do the same, and what is redirected really was.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct EverydayProgramTests {
  /// S2.1, S4.1, H1: git's transport is a program that git starts (git-remote-http), which closes what it inherits.
  @Test func gitOverHTTP() throws {
    let stage = try Stage()
    let root = stage.folder + "/served"
    let origin = try http(stage, root)
    try makeFolders(root, ["git/work"])
    try git(stage, "init", "-q", "-b", "main", root + "/git/work")
    let body = try Body(stage, size: 3_000_000)
    for round in 1...3 {
      try FileManager.default.copyItem(atPath: body.file, toPath: root + "/git/work/file\(round)")
      try git(stage, "-C", root + "/git/work", "add", ".")
      try git(stage, "-C", root + "/git/work", "commit", "-q", "-m", "\(round)")
    }
    let service = try stage.service("contoso", conditions: "{ip_protocol: tcp, ip_remote_port: \(origin.port)}")
    for preload in [nil, shim] {
      let clone = stage.folder + "/clone" + (preload == nil ? "" : "-shimmed")
      let url = "http://127.0.0.1:\(origin.port)/git/work/.git"
      try git(stage, "clone", "-q", url, clone, preload: preload)
      try git(stage, "-C", clone, "fsck", "--strict")
      #expect(try git(stage, "-C", clone, "rev-list", "--count", "HEAD") == ["3"])
      #expect(
        try git(stage, "-C", clone, "rev-parse", "HEAD")
          == git(stage, "-C", root + "/git/work", "rev-parse", "HEAD"))
      #expect(try Body.hash(of: clone + "/file3") == body.hash)
      #expect(preload == nil ? service.redirected == 0 : service.redirected >= 1, "\(service.output)")
    }
  }

  @discardableResult
  private func git(_ stage: Stage, _ arguments: String..., preload: String? = nil) throws -> [String] {
    var environment = stage.environment.merging(["HOME": stage.folder, "GIT_CONFIG_NOSYSTEM": "1"]) { $1 }
    for role in ["AUTHOR", "COMMITTER"] {
      environment["GIT_\(role)_NAME"] = "test"
      environment["GIT_\(role)_EMAIL"] = "test@example.org"
    }
    let (status, lines) = try Program(tool("git"), arguments, preload: preload, environment: environment).finish()
    try #require(status == 0, "git \(arguments): \(lines)")
    return lines
  }

  /// Starts the HTTP origin for a folder.
  private func http(_ stage: Stage, _ folder: String) throws -> (program: Program, port: UInt16) {
    try makeFolders(folder, [""])
    let program = stage.keep(try Program(tool("python3"), [program("http_folder.py"), folder]))
    return (program, try program.port())
  }

  /// S10.1, S10.4: apt's http method changes to another user before it connects, and cannot open the engine any more.
  @Test(.enabled(if: isRoot, "only root's apt changes its user")) func apt() throws {
    let stage = try Stage()
    let (port, service) = try aptOrigin(stage)
    for preload in [nil, shim] {
      let root = try aptRoot(stage, port)
      let update = try apt(stage, root, "apt-get", ["update"], preload: preload)
      #expect(update.status == 0 && update.lines.count { $0.hasPrefix("Get:") } == 2, "\(update.lines)")
      #expect(!update.lines.contains { $0.hasPrefix("W:") || $0.hasPrefix("E:") }, "\(update.lines)")
      let known = try apt(stage, root, "apt-cache", ["policy", "wfpshim-test"])
      #expect(known.lines.contains { $0.contains("Candidate: 1.5") }, "\(known.lines)")
      #expect(preload == nil ? service.redirected == 0 : service.redirected >= 1, "\(service.output)")
    }
  }

  /// H41: apt's own sandbox (off by default) traps system calls that its http method does not need.
  @Test(.enabled(if: isRoot, "only root's apt changes its user")) func aptInItsSandbox() throws {
    let stage = try Stage()
    let (port, _) = try aptOrigin(stage)
    let sandbox = ["update", "-o", "APT::Sandbox::Seccomp=true"]
    let plain = try apt(stage, try aptRoot(stage, port), "apt-get", sandbox)
    #expect(plain.status == 0, "\(plain.lines)")
    let shimmed = try apt(stage, try aptRoot(stage, port), "apt-get", sandbox, preload: shim)
    withKnownIssue("a redirected connect asks for its session and its program's path, which this sandbox traps") {
      #expect(shimmed.status == 0, "\(shimmed.lines)")
    }
  }

  /// An archive of one package that says of itself what apt-ftparchive would, and a service that is sent only what
  /// the user _apt connects to.
  private func aptOrigin(_ stage: Stage) throws -> (port: UInt16, service: Program) {
    let root = stage.folder + "/archive"
    let origin = try http(stage, root)
    try makeFolders(root, ["dists/stable/main/binary-amd64"])
    let packages = root + "/dists/stable/main/binary-amd64/Packages"
    let text = """
      Package: wfpshim-test
      Version: 1.5
      Architecture: all
      Maintainer: nobody <nobody@example.org>
      Filename: pool/none.deb
      Size: 1
      SHA256: \(String(repeating: "0", count: 64))
      Description: nothing


      """
    try text.write(toFile: packages, atomically: true, encoding: .utf8)
    try """
    Suite: stable
    Codename: stable
    Architectures: amd64
    Components: main
    Date: Thu, 01 Jan 2026 00:00:00 UTC
    SHA256:
     \(try Body.hash(of: packages)) \(text.utf8.count) main/binary-amd64/Packages

    """.write(toFile: root + "/dists/stable/Release", atomically: true, encoding: .utf8)
    let conditions = "{ip_protocol: tcp, ip_remote_port: \(origin.port), ale_user_id: _apt}"
    return (origin.port, try stage.service("contoso", conditions: conditions))
  }

  /// Folders for apt alone.
  private func aptRoot(_ stage: Stage, _ port: UInt16) throws -> String {
    let root = try stage.openFolder()
    try makeFolders(
      root,
      [
        "etc/apt/preferences.d", "etc/apt/sources.list.d", "etc/apt/trusted.gpg.d", "etc/apt/apt.conf.d",
        "var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "status.d",
      ])
    try "".write(toFile: root + "/status", atomically: true, encoding: .utf8)
    try give(root + "/var/lib/apt/lists/partial", to: "_apt")
    try "deb [trusted=yes] http://127.0.0.1:\(port)/ stable main\n"
      .write(toFile: root + "/etc/apt/sources.list", atomically: true, encoding: .utf8)
    return root
  }

  private func apt(
    _ stage: Stage, _ root: String, _ name: String, _ command: [String], preload: String? = nil
  ) throws -> (status: Int32, lines: [String]) {
    let options = [
      "Dir=" + root, "Dir::State::status=\(root)/status", "Acquire::http::Proxy=false", "Acquire::Languages=none",
      "APT::Architecture=amd64", "APT::Sandbox::User=_apt",
    ]
    let arguments = command + options.flatMap { ["-o", $0] }
    return try stage.keep(Program(tool(name), arguments, preload: preload, environment: stage.environment)).finish()
  }

  /// sudo: as another user the loader drops the preload; as root it stays, and what sudo starts has none unless told.
  @Test(.enabled(if: isRoot, "changes the user")) func sudo() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.service("contoso", conditions: "{ip_remote_port: \(origin.port)}")
    let (env, sudo, client) = (try tool("env"), try tool("sudo"), products.appending(path: "ProbeClient").path)
    let dial = [client, "127.0.0.1", "\(origin.port)"]
    let commands = [
      try asUser("nobody") + [sudo, "-n", "true"], try asUser("nobody") + [sudo, "--version"],
      [sudo, "-n", "true"], [sudo, "-n", "sh", "-c", "id -u; env | grep -c -e LD_PRELOAD -e WFPSHIM; exit 7"],
      [sudo, "-n"] + dial,
    ]
    for command in commands {
      let runs = try [nil, shim].map { preload in
        try stage.keep(
          Program(command[0], Array(command.dropFirst()), preload: preload, environment: stage.environment)
        ).finish()
      }
      #expect(runs[0].status == runs[1].status && runs[0].lines == runs[1].lines, "\(command): \(runs)")
    }
    #expect(service.redirected == 0)
    let told = [sudo, "-n", env, "LD_PRELOAD=" + shim, "WFPSHIM_ENGINE=" + stage.engine] + dial
    let (status, lines) = try Program(told[0], Array(told.dropFirst()), preload: shim).finish()
    #expect(status == 0 && service.redirected == 1, "\(lines)")
  }

  /// systemd's tools. In a container without systemd as PID 1 there is nobody to ask for a unit: systemd-run fails there
  /// in the same words. Socket activation needs no PID 1: the activated program is the origin.
  @Test func systemd() throws {
    let stage = try Stage()
    let running = FileManager.default.fileExists(atPath: "/run/systemd/system")
    let commands =
      [["--version"], ["--help"]] + (running ? [] : [["true"], ["--user", "true"], ["--scope", "true"]])
    for arguments in commands {
      let runs = try [nil, shim].map { preload in
        try stage.keep(
          Program(tool("systemd-run"), arguments, preload: preload, environment: stage.environment)
        ).finish()
      }
      #expect(runs[0].status == runs[1].status && runs[0].lines == runs[1].lines, "\(arguments): \(runs)")
    }
    let port = try stage.freePort()
    let service = try stage.service("contoso", conditions: "{ip_protocol: tcp, ip_remote_port: \(port)}")
    let arguments = ["-l", "127.0.0.1:\(port)", "--inetd", "-a", try tool("cat")]
    let activate = try stage.shimmed(tool("systemd-socket-activate"), arguments)
    _ = try activate.line("Listening on")
    let exchange = try stage.exchange(port, arguments: ["--count", "3"])
    #expect(exchange.good && exchange.said.hasPrefix("ok 3 failed 0 peer 127.0.0.1:\(port)"), "\(exchange.said)")
    #expect(service.redirected == 3, "\(service.output)")
  }
}
