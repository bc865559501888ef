import Foundation
import Testing

/// Programs that run beside it: those that the preload cannot reach, and those that never connect. SPEC S10.1.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct BesideTests {
  /// A shell's own sockets are a client like others.
  @Test func bash() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.service("contoso", redirecting: [origin.port])
    let script =
      "exec 3<>/dev/tcp/127.0.0.1/\(origin.port) && echo eight stages >&3 && read -r line <&3 && echo \"$line\""
    let (status, lines) = try stage.shimmed(tool("bash"), ["-c", script]).finish()
    #expect(status == 0 && lines == ["eight stages"])
    #expect(try service.stop().count(containing: "flow") == 1)
  }

  /// H31: a static program has no loader, so no preload: it connects directly, as docs say.
  @Test func staticProgram() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.service("contoso", redirecting: [origin.port])
    let probes = repository.appending(path: "Tests/Probes").path
    let file = stage.folder + "/client"
    let sources = ["\(probes)/client/client.c", "\(probes)/support/probe.c"]
    let build = try Program(tool("gcc"), ["-static", "-pthread", "-I\(probes)/support/include", "-o", file] + sources)
    let (built, said) = try build.finish()
    try #require(built == 0, "\(said)")
    let (status, lines) = try stage.shimmed(file, ["127.0.0.1", "\(origin.port)", "--count", "3"]).finish()
    #expect(status == 0, "\(lines)")
    #expect(try stage.exchange(origin.port).good)
    #expect(try service.stop().count(containing: "flow") == 1)  // the dynamic one's
    #expect(try origin.program.stop().count(containing: "accepted") == 4)
  }

  /// S10.4: a program that gains another user's rights: the loader leaves the preload away.
  @Test(.enabled(if: geteuid() == 0, "needs root, to give a file away")) func setuidProgram() throws {
    let stage = try Stage()
    var mount = statvfs()
    try #require(statvfs(stage.folder, &mount) == 0)
    if mount.f_flag & UInt(ST_NOSUID) != 0 { return }
    let origin = try stage.origin()
    let service = try stage.service("contoso", redirecting: [origin.port])
    let file = stage.folder + "/client"
    try copyProgram(products.appending(path: "ProbeClient").path, to: file)
    try #require(chown(file, 65534, 65534) == 0 && chmod(file, 0o4755) == 0)
    let (status, lines) = try stage.shimmed(file, ["127.0.0.1", "\(origin.port)"]).finish()
    #expect(status == 0, "\(lines)")
    // The same file without the bit takes part.
    try #require(chmod(file, 0o755) == 0)
    #expect(try stage.shimmed(file, ["127.0.0.1", "\(origin.port)"]).finish().status == 0)
    #expect(try service.stop().count(containing: "flow") == 1)
    #expect(try origin.program.stop().count(containing: "accepted") == 2)
  }

  /// S10.1: programs that never connect say what they always say, nothing more, and succeed.
  @Test(arguments: [
    ["true"], ["ls", "/"], ["cat", "/proc/self/comm"], ["sh", "-c", "echo one; (echo two) | cat; exit 0"],
  ])
  func neverConnects(command: [String]) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    try stage.load(
      stage.filters(stage.filter("no", "block", conditions: "{ ip_remote_port: \(origin.port) }")), name: "corporate")
    let path = try tool(command[0], package: "coreutils")
    let arguments = Array(command.dropFirst())
    let plain = try Program(path, arguments).finish()
    for settings in [[:], ["WFPSHIM_REQUIRED": "1"], ["WFPSHIM_ENGINE": "/nonexistent/engine"]] {
      let shimmed = try stage.shimmed(path, arguments, environment: settings).finish()
      #expect(shimmed.status == 0 && shimmed.lines == plain.lines)
    }
    #expect(stage.diagnostics.isEmpty)
    #expect(try stage.exchange(origin.port).said == "failed connect EACCES")  // and it was there
  }

  /// S11.7: `wfpctl run` loads the policy, runs the program under the shim, and gives back its exit status.
  @Test func run() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let file = stage.folder + "/corporate.yaml"
    try stage.filters(stage.filter("no", "block", conditions: "{ ip_remote_port: \(origin.port) }"))
      .write(toFile: file, atomically: true, encoding: .utf8)
    let environment = stage.environment.merging(["WFPSHIM_LIBRARY": shim]) { $1 }
    func run(_ words: [String]) throws -> (status: Int32, lines: [String]) {
      try stage.keep(Program("wfpctl", ["run"] + words, environment: environment)).finish()
    }
    let client = products.appending(path: "ProbeClient").path
    let (status, lines) = try run(["--policy", file, "--", client, "127.0.0.1", "\(origin.port)"])
    #expect(status == 1 && lines.first == "failed connect EACCES")
    // The set stays.
    #expect(try run(["--", client, "127.0.0.1", "\(origin.port)"]).lines.first == "failed connect EACCES")
    #expect(try run(["--", tool("sh", package: "dash"), "-c", "exit 7"]).status == 7)
    try stage.wfpctl("policy", "unload", "corporate")
    #expect(try run(["--", client, "127.0.0.1", "\(origin.port)"]).status == 0)
  }
}
