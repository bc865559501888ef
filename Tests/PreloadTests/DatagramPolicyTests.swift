import Foundation
import Testing

/// What filters say of datagrams: SPEC S10.2, S10.7, S11.3.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct DatagramPolicyTests {
  @Test(
    "S10.7: a block filter, by each way to send; one that names no protocol, too",
    arguments: ["ip_protocol: udp, ", ""])
  func blocked(condition: String) throws {
    let stage = try Stage()
    let (origin, port) = try stage.datagramEcho()
    _ = try stage.relay("contoso", redirecting: [9])
    let block = stage.filter("no", "block", conditions: "{ \(condition)ip_remote_port: \(port) }")
    try stage.load(stage.filters(block), name: "no")
    var script: [(command: String, result: String)] = []
    for (kind, host) in [("4", "127.0.0.1"), ("dual", "::ffff:127.0.0.1"), ("6", "::1")] {
      script += [("new a \(kind)", "ok 0"), ("peer a", "ENOTCONN")]
      script += ["sendto", "sendmsg", "sendmmsg"].map { ("\($0) a \(host) \(port) x", "EACCES") }
      script += [
        ("connect a \(host) \(port)", "EACCES"), ("peer a", "ENOTCONN"),
        ("name a", kind == "4" ? "0.0.0.0:0" : "[::]:0"),
      ]
    }
    try stage.expect(script)
    #expect(try origin.stop().count(containing: "got") == 0)
    #expect(stage.diagnostics.count(containing: "blocked") > 0)
  }

  /// A filter without a protocol means TCP alone, as it did before there was UDP.
  @Test("S8.1: a redirect filter that names no protocol leaves UDP alone") func tcpAlone() throws {
    let stage = try Stage()
    let (origin, port) = try stage.datagramEcho()
    let service = try stage.relay("contoso", redirecting: [port])
    let policy = stage.redirect("contoso", port: 9, conditions: "{ ip_remote_port: \(port) }")
    try stage.load(policy, name: "contoso")
    try stage.expect([
      ("new a 4", "ok 0"), ("sendto a 127.0.0.1 \(port) x", "ok 1"), ("recvfrom a", "x from 127.0.0.1:\(port)"),
      ("connect a 127.0.0.1 \(port)", "ok 0"), ("send a y", "ok 1"), ("recvmsg a", "y from 127.0.0.1:\(port)"),
    ])
    #expect(try service.stop().count == 1)
    #expect(try origin.stop().count(containing: "got") == 2)
  }

  @Test("S10.2: nobody at the endpoint", arguments: [false, true]) func nobody(permitted: Bool) throws {
    let stage = try Stage()
    let (origin, port) = try stage.datagramEcho()
    let text = stage.datagramPolicy("contoso", port: try stage.freePort(), redirecting: [port])
      .replacing("weight: 100", with: "weight: 100\n    permitIfCalloutUnregistered: \(permitted)")
    try stage.load(text, name: "contoso")
    let good = "x from 127.0.0.1:\(port)"
    try stage.expect(
      [
        ("new a 4", "ok 0"), ("sendto a 127.0.0.1 \(port) x", permitted ? "ok 1" : "ECONNREFUSED"),
        ("recvfrom a 64", permitted ? "-" : "EAGAIN"),
      ].filter { $0.1 != "-" })
    try stage.expect([
      ("new b 4", "ok 0"), ("connect b 127.0.0.1 \(port)", permitted ? "ok 0" : "ECONNREFUSED"),
      ("peer b", permitted ? "127.0.0.1:\(port)" : "ENOTCONN"),
    ])
    if permitted {
      try stage.expect([("new c 4", "ok 0"), ("sendmsg c 127.0.0.1 \(port) x", "ok 1"), ("recvmmsg c", good)])
    }
    #expect(try origin.stop().count(containing: "got") == (permitted ? 2 : 0))
  }

  /// S10.2: a listener of TCP at the endpoint is not the proxy of datagrams.
  @Test("S10.2, H27: TCP listens at the endpoint, UDP does not") func otherProtocol() throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho()
    let listener = try stage.shimmed("ProbeService", ["contoso", "::", "0"])
    try stage.load(stage.datagramPolicy("contoso", port: try listener.port(), redirecting: [port]), name: "contoso")
    try stage.expect([("new a 4", "ok 0"), ("sendto a 127.0.0.1 \(port) x", "ECONNREFUSED")])
  }

  @Test("S11.3: conditions hold for datagrams") func conditions() throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho()
    let service = try stage.relay("contoso", redirecting: [port])
    let relay = try #require(service.output.first?.split(separator: " ").last)
    let own = resolved(products.appending(path: "ProbeDatagram").path)
    var flows = 0
    for (i, (condition, isRedirected)) in [
      ("ip_remote_address: 127.0.0.0/8", true), ("ip_remote_address: \"::/0\"", false),
      ("ip_local_address: 127.0.0.1", false), ("ale_app_id: \(own)", true), ("ale_app_id: /bin/false", false),
      ("loopback: true", true), ("loopback: false", false),
    ].enumerated() {
      let text = stage.redirect(
        "contoso", port: UInt16(relay) ?? 0, conditions: "{ ip_protocol: udp, ip_remote_port: \(port), \(condition) }")
      try stage.load(text, name: "contoso")
      try stage.expect([
        ("new a 4", "ok 0"), ("sendto a 127.0.0.1 \(port) x\(i)", "ok 2"),
        ("recvfrom a", "x\(i) from 127.0.0.1:\(port)"),
      ])
      flows += isRedirected ? 1 : 0
      #expect(service.output.count(containing: "flow") == flows, "\(condition)")
    }
  }

  /// S10.3: an engine that cannot be read, and a process that says it must be.
  @Test("S10.3: WFPSHIM_REQUIRED", arguments: ["0", "1"]) func required(value: String) throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho()
    let program = try stage.shimmed(
      "ProbeDatagram", ["new a 4", "sendto a 127.0.0.1 \(port) x", "connect a 127.0.0.1 \(port)"],
      environment: ["WFPSHIM_REQUIRED": value, "WFPSHIM_ENGINE": stage.folder + "/none/engine"])
    #expect(
      try Array(program.finish().lines.dropFirst()) == (value == "1" ? ["ENETDOWN", "ENETDOWN"] : ["ok 1", "ok 0"]))
  }
}
