import Foundation
import Testing

/// SPEC S7.1, S7.2, S8.1: kinds of socket, ways to send and ways to read. Through a service to an origin; every source
/// is the one that was dialled.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct DatagramMatrixTests {
  struct Kind: CustomTestStringConvertible, Sendable {
    let socket: String
    let host: String
    /// What getsockname says before and after a connect.
    let names: [String]
    var testDescription: String { "\(socket) to \(host)" }
    func shown(_ port: UInt16) -> String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  }

  static let kinds = [
    Kind(socket: "4", host: "127.0.0.1", names: ["0.0.0.0:*", "127.0.0.1:*"]),
    Kind(socket: "6", host: "::1", names: ["[::]:*", "[::1]:*"]),
    Kind(socket: "dual", host: "::ffff:127.0.0.1", names: ["[::]:*", "[::ffff:127.0.0.1]:*"]),
    Kind(socket: "dual", host: "::1", names: ["[::]:*", "[::1]:*"]),
  ]
  static let addressed = ["sendto", "sendmsg", "sendmmsg"]
  /// With and without a source.
  static let reads = ["recvfrom", "recvmsg", "recvmmsg", "chk", "recv", "read", "poll"]

  private func read(_ call: String, _ text: String, from address: String) -> (String, String) {
    ("\(call) a", ["recv", "read", "poll"].contains(call) ? text : "\(text) from \(address)")
  }

  /// One exchange for each pair of calls.
  private func exchanges(_ sends: [String], _ kind: Kind, _ port: UInt16, to target: String, _ prefix: String) -> [(
    command: String, result: String
  )] {
    var script: [(command: String, result: String)] = []
    for send in sends {
      for call in Self.reads {
        let text = "\(prefix)-\(send)-\(call)"
        let isPlain = send == "send" || send == "write"
        script.append(("\(send) a \(isPlain ? "" : target + " ")\(text)", "ok \(text.utf8.count)"))
        script.append(read(call, text, from: kind.shown(port)))
      }
    }
    return script
  }

  private func check(
    _ kind: Kind, _ script: [(command: String, result: String)], _ stage: Stage, _ service: Program, flows: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try stage.expect([("new a \(kind.socket)", "ok 0")] + script, sourceLocation: sourceLocation)
    let said = try service.stop().dropFirst()
    #expect(Array(said) == flows.map { "contoso flow \($0) records 128 context 256" }, sourceLocation: sourceLocation)
  }

  @Test("S8.1: unconnected", arguments: kinds) func unconnected(kind: Kind) throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho()
    let service = try stage.relay("contoso", redirecting: [port])
    var script = exchanges(Self.addressed, kind, port, to: "\(kind.host) \(port)", "u")
    script += [("name a", kind.names[0]), ("peer a", "ENOTCONN")]
    try check(kind, script, stage, service, flows: [kind.shown(port)])
  }

  @Test("S8.1, S7.2: connected", arguments: kinds) func connected(kind: Kind) throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho()
    let service = try stage.relay("contoso", redirecting: [port])
    var script: [(command: String, result: String)] = [
      ("connect a \(kind.host) \(port)", "ok 0"), ("peer a", kind.shown(port)), ("name a", kind.names[1]),
    ]
    script += exchanges(["send", "write"] + Self.addressed, kind, port, to: "none 0", "c")
    script += [("peer a", kind.shown(port)), ("name a", kind.names[1])]
    try check(kind, script, stage, service, flows: [kind.shown(port)])
  }

  @Test("S8.1: connected after it had sent without", arguments: kinds) func connectedLater(kind: Kind) throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho()
    let service = try stage.relay("contoso", redirecting: [port])
    var script = exchanges(["sendmsg"], kind, port, to: "\(kind.host) \(port)", "before")
    script += [("connect a \(kind.host) \(port)", "ok 0"), ("peer a", kind.shown(port)), ("name a", kind.names[1])]
    script += exchanges(["send"], kind, port, to: "", "after")
    try check(kind, script, stage, service, flows: [kind.shown(port), kind.shown(port)])
  }

  @Test("S7.4, S8.1: connected to another afterwards", arguments: kinds) func connectedElsewhere(kind: Kind) throws {
    let stage = try Stage()
    let (_, first) = try stage.datagramEcho()
    let (_, second) = try stage.datagramEcho()
    let service = try stage.relay("contoso", redirecting: [first, second])
    var script: [(command: String, result: String)] = []
    for (i, port) in [first, second, first].enumerated() {
      script += [("connect a \(kind.host) \(port)", "ok 0"), ("peer a", kind.shown(port))]
      script += exchanges(["write"], kind, port, to: "", "\(i)")
    }
    try check(kind, script, stage, service, flows: [first, second, first].map(kind.shown))
  }

  /// connect(2): an address of the family AF_UNSPEC dissolves the association.
  @Test("S7.4, S8.1: disconnected, then without", arguments: kinds) func disconnected(kind: Kind) throws {
    let stage = try Stage()
    let (_, first) = try stage.datagramEcho()
    let (_, second) = try stage.datagramEcho()
    let service = try stage.relay("contoso", redirecting: [first, second])
    var script: [(command: String, result: String)] = [("connect a \(kind.host) \(first)", "ok 0")]
    script += exchanges(["send"], kind, first, to: "", "c")
    script += [("disconnect a", "ok 0"), ("peer a", "ENOTCONN"), ("send a x", "EDESTADDRREQ")]
    script += exchanges(["sendto"], kind, second, to: "\(kind.host) \(second)", "u")
    try check(kind, script, stage, service, flows: [kind.shown(first), kind.shown(second)])
  }

  @Test("S8.3: one socket, three redirected destinations in turns", arguments: kinds.filter { $0.socket != "6" })
  func destinations(kind: Kind) throws {
    let stage = try Stage()
    let ports = try (0..<3).map { _ in try stage.datagramEcho().port }
    let service = try stage.relay("contoso", redirecting: ports)
    var script: [(command: String, result: String)] = []
    for (i, port) in (ports + ports).enumerated() {
      script += exchanges(Self.addressed, kind, port, to: "\(kind.host) \(port)", "\(i)")
    }
    // All three under way before the first answer is read, and the answers in whatever order.
    script += ports.map { ("sendto a \(kind.host) \($0) \($0)", "ok \("\($0)".utf8.count)") }
    let answers = try stage.datagrams(["new a \(kind.socket)"] + script.map(\.command) + ports.map { _ in "recvmsg a" })
    #expect(Array(answers.dropFirst().dropLast(3)) == script.map(\.result))
    #expect(Set(answers.suffix(3)) == Set(ports.map { "\($0) from \(kind.shown($0))" }))
    #expect(
      try service.stop().dropFirst() == ports.map { "contoso flow \(kind.shown($0)) records 128 context 256" }[...])
  }

  /// S7.1: a socket that is not connected may send from where it likes next: redirected and not, in turns.
  @Test("S8.1: one socket, a redirected destination and one that is not", arguments: kinds) func both(kind: Kind) throws
  {
    let stage = try Stage()
    let (_, first) = try stage.datagramEcho()
    let (direct, second) = try stage.datagramEcho()
    let service = try stage.relay("contoso", redirecting: [first])
    var script: [(command: String, result: String)] = []
    for (i, port) in [first, second, first, second].enumerated() {
      script += exchanges(["sendto"], kind, port, to: "\(kind.host) \(port)", "\(i)")
    }
    try check(kind, script, stage, service, flows: [kind.shown(first)])
    #expect(try direct.stop().count(containing: "got") == 2 * Self.reads.count)
  }

  /// S7.2: `peerName: faithful` shows the proxy.
  @Test("S7.2: faithful") func faithful() throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho()
    let service = try stage.shimmed("ProbeRelay", ["contoso", "::", "0"])
    let own = try service.port()
    let policy = stage.datagramPolicy(
      "contoso", port: own, redirecting: [port], filter: "options: { peerName: faithful }")
    try stage.load(policy, name: "contoso")
    try stage.expect([
      ("new a 4", "ok 0"), ("sendto a 127.0.0.1 \(port) x", "ok 1"), ("recvfrom a", "x from 127.0.0.1:\(own)"),
      ("connect a 127.0.0.1 \(port)", "ok 0"), ("peer a", "127.0.0.1:\(own)"), ("send a y", "ok 1"),
      ("recvmsg a", "y from 127.0.0.1:\(own)"),
    ])
  }
}
