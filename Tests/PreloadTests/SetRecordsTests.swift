import Foundation
import Testing

/// SPEC S3: SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS by plain ioctl. S sets the blob that was queried last with `keep`.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct SetRecordsTests {
  /// Records of one connection, then these calls.
  private func results(_ commands: [String], stage: Stage? = nil, more: String = "") throws -> [String] {
    let results = try Calls.run(stage ?? Stage(), ["R flow keep"] + commands, more: more)
    try #require(results[0] == "0 - 128 wrote")
    return Array(results.dropFirst())
  }

  private func check(_ rows: [Row], sourceLocation: SourceLocation = #_sourceLocation) throws {
    let results = try results(rows.map(\.call))
    for (row, result) in zip(rows, results) {
      #expect(result == row.expected, "\(row)", sourceLocation: sourceLocation)
    }
  }

  @Test("S3.1: on a TCP socket before connect") func good() throws {
    try check([
      Row("S3.1", "S tcp", "0 - 0 -"), Row("S3.1", "S tcp6", "0 - 0 -"), Row("S3.1", "S nonblocking", "0 - 0 -"),
      Row("S3.1, read-only input", "S tcp inat=readonly", "0 - 0 -"), Row("S3.1", "S tcp inat=rw-rw", "0 - 0 -"),
      Row("S3.1", "S tcp inat=exact", "0 - 0 -"), Row("S3.1", "S tcp inat=odd", "0 - 0 -"),
      Row("S3.1", "S tcp inat=stack", "0 - 0 -"), Row("S3.1", "S tcp inat=rw-ro", "0 - 0 -"),
      Row("S3.1", "S tcp inat=ro-rw", "0 - 0 -"), Row("S3.1", "S tcp req=stack", "0 - 0 -"),
      Row("S2.4: out is not looked at", "S tcp out=noncanonical", "0 - 0 -"),
      Row("the script", "new b tcp", "ok"), Row("the script", "bind b 127.0.0.1", "ok"),
      Row("S3.1, after bind", "S b", "0 - 0 -"), Row("S3.1, again", "S b", "0 - 0 -"),
    ])
  }

  @Test("S3.2: memory that cannot be read, before what stands in it") func unreadable() throws {
    let places = ["null", "unmapped", "none", "end", "rw-none", "eof", "kernel", "noncanonical", "wrap", "low"]
    var rows = places.map { Row("S3.2", "S tcp inat=\($0)", "-1 EFAULT kept -") }
    rows += [
      Row("S3.2", "S tcp insize=0x7fffffff inat=small", "-1 EFAULT kept -"),
      Row("S3.2", "S tcp insize=0xffffffff inat=small", "-1 EFAULT kept -"),
      Row("S3.2", "S tcp insize=0xffffffff inat=small-maps", "-1 EFAULT kept -"),
      Row("S3.2 before S3.3", "S udp inat=null", "-1 EFAULT kept -"),
      Row("S3.2 before S3.3", "S unix inat=none", "-1 EFAULT kept -"),
      Row("S2.4 before S2.5", "S tcp 8 inat=null", "-1 EFAULT kept -"),
      Row("S2.4 before S3.2", "S listener inat=end", "-1 EFAULT kept -"),
    ]
    try check(rows)
  }

  @Test("S3.2: cbOutBuffer not 0, and reserved not 0") func out() throws {
    try check([
      Row("S3.2", "S tcp 4 out=heap", "-1 EINVAL 0 same"), Row("S3.2", "S tcp 1024 out=heap", "-1 EINVAL 0 same"),
      Row("S12.1", "S tcp reserved=1", "-1 EINVAL 0 -"), Row("S12.1", "S tcp reserved=0x80000000", "-1 EINVAL 0 -"),
    ])
  }

  @Test("S3.2: a blob that is none") func badBlob() throws {
    var rows = (1...127).map { Row("S3.2, truncated", "S tcp in=cut:\($0)", "-1 EINVAL 0 -") }
    rows += [1, 63, 64, 128, 1024, 4032, 4033, 8000].map {
      Row("S3.2, extended", "S tcp in=extend:\($0)", "-1 EINVAL 0 -")
    }
    rows += [0, 1, 64, 128, 4160].map { Row("S3.2, zeros", "S tcp in=zeros:\($0)", "-1 EINVAL 0 -") }
    rows += [
      Row("S3.2, empty", "S tcp insize=0", "-1 EINVAL 0 -"),
      Row("S3.2, empty", "S tcp insize=0 inat=null", "-1 EINVAL 0 -"),
      Row("S3.2, size 0 is not looked at", "S tcp insize=0 inat=none", "-1 EINVAL 0 -"),
      Row("S3.2, more than any blob", "S tcp insize=65536 inat=small-maps", "-1 EINVAL 0 -"),
    ]
    try check(rows)
  }

  @Test("S3.2: every byte of the blob counts, each altered by itself") func altered() throws {
    let rows = (0..<128).flatMap {
      [Row("S3.2", "S tcp in=flip:\($0)", "-1 EINVAL 0 -"), Row("S3.2", "S tcp in=top:\($0)", "-1 EINVAL 0 -")]
    }
    try check(rows + [Row("S3.1", "S tcp", "0 - 0 -")])
  }

  @Test("S3.2: after connect, or on a listener") func tooLate() throws {
    let stage = try Stage()
    let calls = ["accepted", "dialled", "listener", "listener6", "connecting", "flow"].map { "S \($0)" }
    #expect(try results(calls, stage: stage) == calls.map { _ in "-1 EINVAL 0 -" })
    // The trace says what the program did wrong.
    #expect(
      stage.diagnostics.contains { $0.contains("RECORDS") && $0.contains("before connect") }, "\(stage.diagnostics)")
  }

  @Test("S3.3: datagrams, and families without a layer") func otherSockets() throws {
    var rows = ["udp", "udp6", "udp-connected"].map { Row("S3.3", "S \($0)", "-1 EINVAL 0 -") }
    rows += ["unix", "unix-pair", "unix-datagram", "netlink"].map { Row("S3.3", "S \($0)", "-1 EOPNOTSUPP 0 -") }
    try check(rows)
  }

  @Test("S3.3: raw sockets", .enabled(if: canMake(AF_INET, 3, 1), "raw sockets need CAP_NET_RAW"))
  func raw() throws {
    try check(["raw-icmp", "raw-raw", "raw-tcp", "raw-udp"].map { Row("S3.3", "S \($0)", "-1 EINVAL 0 -") })
  }

  @Test("S3.4: a record outlives the accepted socket, and works in every process") func later() throws {
    let calls = [
      "close flow", "S tcp", "new a tcp", "fork S a", "new b tcp", "exec S b in=hex:", "new c tcp", "pass S c in=hex:",
      "threads S tcp",
    ]
    let stage = try Stage()
    let blob = try #require(try results(["hex"], stage: stage).first)
    // The first connection, its client and its service are gone now.
    let others = calls.map { $0.hasSuffix("hex:") ? $0 + blob : $0 } + ["S tcp in=hex:\(blob)"]
    let results = try results(others, stage: stage)
    let expected = calls.map { $0.contains("S ") ? "0 - 0 -" : "ok" } + ["0 - 0 -"]
    #expect(results == expected)
  }

  @Test("S3.2: another engine's blob") func foreign() throws {
    let blob = try #require(try results(["hex"]).first)
    #expect(try results(["S tcp in=hex:\(blob)", "S tcp"]) == ["-1 EINVAL 0 -", "0 - 0 -"])
  }

  @Test("S2.13, S3.1: D1, the records belong to the socket, not to the descriptor") func duplicate() throws {
    let calls = ["new a tcp", "dup a b", "S a", "close a", "S b in=flip:70", "S b"]
    #expect(try results(calls) == ["ok", "ok", "0 - 0 -", "ok", "-1 EINVAL 0 -", "0 - 0 -"])
  }

  /// S3.5: root without CAP_NET_ADMIN, and with it.
  @Test("S3.5: the policy wants privilege", .enabled(if: geteuid() == 0, "dropping a capability needs root"))
  func privilege() throws {
    let stage = try Stage()
    let blob = try #require(try results(["hex"], stage: stage).first)
    let granted = try results(
      ["S tcp", "S tcp in=flip:3"], stage: stage, more: "options: { setRequiresPrivilege: true }")
    #expect(granted == ["0 - 0 -", "-1 EINVAL 0 -"])
    let denied = ["--bounding-set=-net_admin", "--inh-caps=-net_admin", products.appending(path: "ProbeIoctl").path]
    let rows = [
      Row("S3.5", "S tcp in=hex:\(blob)", "-1 EACCES 0 -"), Row("S3.5", "new b tcp", "ok"),
      Row("S3.5", "bind b 127.0.0.1", "ok"), Row("S3.5", "S b in=hex:\(blob)", "-1 EACCES 0 -"),
      Row("S3.2 first", "S tcp inat=null in=zeros:128", "-1 EFAULT kept -"),
      Row("S3.3 first", "S udp in=zeros:128", "-1 EINVAL 0 -"),
      Row("queries need none", "C accepted", "-1 EINVAL 0 same"),
    ]
    let program = try stage.shimmed("/usr/bin/setpriv", denied + ["127.0.0.1"] + rows.map(\.call))
    let lines = try program.finish().lines.dropFirst()
    for (row, line) in zip(rows, lines) { #expect(line == row.expected, "\(row.clause)") }
    #expect(lines.count == rows.count)
  }

  /// Whether other users can run the products.
  static let productsAreReadable: Bool = {
    var folder = products
    while folder.path != "/" {
      var status = stat()
      if stat(folder.path, &status) != 0 || status.st_mode & 0o5 != 0o5 { return false }
      folder.deleteLastPathComponent()
    }
    return true
  }()

  /// S3.5: everything as a user without privilege: root gives up its own, others have none to begin with.
  @Test(
    "S3.5, S10.4: an unprivileged user's engine",
    .enabled(if: geteuid() != 0 || productsAreReadable, "the products are not readable for other users"),
    arguments: [true, false])
  func unprivileged(required: Bool) throws {
    let stage = try Stage()
    let root = geteuid() == 0
    if root { chown(stage.folder, 65534, 65534) }
    func start(_ product: String, _ arguments: [String], preload: String? = shim) throws -> Program {
      let file = products.appending(path: product).path
      let drop = ["--reuid=65534", "--regid=65534", "--clear-groups"]
      let command = root ? ("/usr/bin/setpriv", drop + [file] + arguments) : (file, arguments)
      return stage.keep(try Program(command.0, command.1, preload: preload, environment: stage.environment))
    }
    let service = try start("ProbeIoctl", ["127.0.0.1", "accept flow", "R flow keep", "S tcp", "S tcp in=flip:9"])
    let policy = Calls.policy(
      "contoso", port: try service.port(), ports: [Calls.dialled], context: nil,
      more: "options: { setRequiresPrivilege: \(required) }")
    let file = stage.folder + "/contoso.yaml"
    try policy.write(toFile: file, atomically: true, encoding: .utf8)
    chmod(file, 0o644)
    let (status, lines) = try start("wfpctl", ["policy", "load", file], preload: nil).finish()
    try #require(status == 0, "\(lines)")
    let peer = try start("ProbePeer", ["127.0.0.1", "\(Calls.dialled)"])
    try #require(try peer.line() == "connected")
    let results = Array(try service.finish().lines.dropFirst())
    let denied = "-1 EACCES 0 -"
    #expect(results == ["ok", "0 - 128 wrote"] + (required ? [denied, denied] : ["0 - 0 -", "-1 EINVAL 0 -"]))
  }
}
