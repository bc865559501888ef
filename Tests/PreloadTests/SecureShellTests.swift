import Foundation
import Testing

/// OpenSSH, client and server, each with and without the shim.
@Suite(
  .disabled(if: sanitized, "a sanitized shim cannot be preloaded"),
  .enabled(if: isRoot, "sshd separates privileges only as root"))
struct SecureShellTests {
  /// An sshd with keys, a port and a configuration of its own.
  struct Server {
    let stage: Stage
    let program: Program
    let port: UInt16

    init(_ stage: Stage, preload: String?) throws {
      self.stage = stage
      port = try stage.freePort()
      for name in ["host", "user"] where !FileManager.default.fileExists(atPath: stage.folder + "/" + name) {
        let arguments = ["-q", "-t", "ed25519", "-N", "", "-f", stage.folder + "/" + name]
        try #require(try Program(tool("ssh-keygen", package: "openssh-client"), arguments).finish().status == 0)
      }
      let file = stage.folder + "/sshd-\(port)"
      try """
      ListenAddress 127.0.0.1:\(port)
      HostKey \(stage.folder)/host
      AuthorizedKeysFile \(stage.folder)/user.pub
      StrictModes no
      UsePAM no
      PidFile none
      PermitRootLogin yes
      PasswordAuthentication no
      LogLevel DEBUG3
      """.write(toFile: file, atomically: true, encoding: .utf8)
      // Where Debian's unit for sshd has its empty folder.
      try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
      program = stage.keep(
        try Program(
          tool("sshd", package: "openssh-server"), ["-D", "-e", "-f", file], preload: preload,
          environment: stage.environment))
      _ = try program.line("Server listening on")
    }

    func ssh(_ arguments: String..., preload: String?, input: String? = nil) throws -> (
      status: Int32, lines: [String]
    ) {
      let options = [
        "BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
        "IdentitiesOnly=yes",
      ]
      let words =
        ["-F", "none", "-i", stage.folder + "/user", "-p", "\(port)"] + options.flatMap { ["-o", $0] }
        + arguments.dropLast() + ["root@127.0.0.1"] + arguments.suffix(1)
      let (status, lines) = try stage.keep(
        Program(
          tool("ssh", package: "openssh-client"), words, preload: preload, environment: stage.environment, input: input)
      ).finish()
      // The server's log begins on the session's own standard error.
      return (status, lines.filter { !$0.hasPrefix("debug") })
    }
  }

  /// H1, H2: ssh and sshd close every descriptor from 3 on. H36: sshd's sessions get an environment of their own. H41:
  /// sshd parses what it is sent as another user, in an empty root folder and under a seccomp filter that kills.
  @Test(arguments: [false, true]) func session(serverIsShimmed: Bool) throws {
    let stage = try Stage()
    let server = try Server(stage, preload: serverIsShimmed ? shim : nil)
    let service = try stage.service("contoso", conditions: "{ip_protocol: tcp, ip_remote_port: \(server.port)}")
    let command = "seq 1 100000 | sha256sum; wc -c; env | grep -c -e LD_PRELOAD -e WFPSHIM; exit 7"
    let input = String(repeating: "all the same\n", count: 20_000)
    let plain = try server.ssh(command, preload: nil, input: input)
    #expect(plain.status == 7 && plain.lines.count == 3 && plain.lines.last == "0", "\(plain.lines)")
    #expect(service.redirected == 0)
    let shimmed = try server.ssh(command, preload: shim, input: input)
    #expect(shimmed.status == 7 && shimmed.lines == plain.lines, "\(shimmed.lines)")
    #expect(service.redirected == 1, "\(service.output)")
    let log = try server.program.stop()
    #expect(log.count(containing: "attaching seccomp filter program") == 2, "the sandbox was there")
    #expect(log.count(containing: "Accepted publickey for root") == 2)
    #expect(log.count(containing: "Disconnected from user root") == 2)
    #expect(log.count(containing: "fatal") == 0, "\(log.filter { $0.contains("fatal") })")
  }

  /// A connection that sshd makes for its client (direct-tcpip) is sshd's: redirected when sshd has the shim.
  @Test(arguments: [false, true]) func forwarding(serverIsShimmed: Bool) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let server = try Server(stage, preload: serverIsShimmed ? shim : nil)
    let service = try stage.service("contoso", conditions: "{ip_protocol: tcp, ip_remote_port: \(origin.port)}")
    let (status, lines) = try server.ssh("-W", "127.0.0.1:\(origin.port)", "-q", preload: nil, input: "hello\n")
    #expect(status == 0 && lines == ["hello"], "\(lines)")
    #expect(service.redirected == (serverIsShimmed ? 1 : 0), "\(service.output)")
  }
}
