import Foundation
import Testing

/// Each condition with a connect that it takes and one that it does not: SPEC S11.3.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct ConditionTests {
  struct Case: CustomTestStringConvertible {
    /// PORT stands for the origin's.
    var condition: String
    var taken: [String]
    var left: [String]
    var testDescription: String { condition }
    init(_ condition: String, taken: [String], left: [String]) {
      (self.condition, self.taken, self.left) = (condition, taken, left)
    }
  }

  /// S7.1: an IPv4-mapped address is matched by V4 conditions. The origin takes every loopback address.
  static let addresses = [
    Case(
      "ip_remote_address: 127.0.0.2", taken: ["127.0.0.2", "::ffff:127.0.0.2"], left: ["127.0.0.1", "127.0.0.3", "::1"]),
    Case("ip_remote_address: [127.0.0.2, \"::1\"]", taken: ["127.0.0.2", "::1"], left: ["127.0.0.1", "127.0.0.3"]),
    Case("ip_remote_address: 127.0.4.0/22", taken: ["127.0.4.0", "127.0.7.255"], left: ["127.0.3.255", "127.0.8.0"]),
    Case(
      "ip_remote_address: 127.0.0.5-127.0.1.2", taken: ["127.0.0.5", "127.0.1.2", "127.0.0.200"],
      left: ["127.0.0.4", "127.0.1.3"]),
    Case("ip_remote_address: 0.0.0.0/0", taken: ["127.0.0.1", "::ffff:127.0.0.1"], left: ["::1"]),
    Case("ip_remote_address: \"::/0\"", taken: ["::1"], left: ["127.0.0.1", "::ffff:127.0.0.1"]),
    Case("ip_remote_address: \"::1/128\"", taken: ["::1"], left: ["127.0.0.1"]),
    Case("ip_remote_port: PORT", taken: ["127.0.0.1", "::1"], left: []),
    Case("ip_remote_port: [1, 2, PORT]", taken: ["127.0.0.1"], left: []),
    Case("ip_remote_port: 1-65535", taken: ["127.0.0.1"], left: []),
    Case("ip_remote_port: [1, 2]", taken: [], left: ["127.0.0.1", "::1"]),
    Case("ip_protocol: tcp", taken: ["127.0.0.1", "::1"], left: []),
    Case("ip_protocol: [udp, tcp]", taken: ["127.0.0.1"], left: []),
    Case("ip_protocol: udp", taken: [], left: ["127.0.0.1", "::1"]),
    Case("loopback: true", taken: ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"], left: []),
    Case("loopback: false", taken: [], left: ["127.0.0.1", "::1", "::ffff:127.0.0.1"]),
    Case("loopback: [true, false]", taken: ["127.0.0.1"], left: []),
    Case("ale_app_id: \"*/ProbeClient\"", taken: ["127.0.0.1"], left: []),
    Case("ale_app_id: \"*/ProbeClien[a-t]\"", taken: ["127.0.0.1"], left: []),
    Case("ale_app_id: [\"/usr/bin/?url\", \"/*/Probe*\"]", taken: ["127.0.0.1"], left: []),
    Case("ale_app_id: \"*/ProbeStream\"", taken: [], left: ["127.0.0.1"]),
    Case("ale_app_id: \"/usr/*\"", taken: [], left: ["127.0.0.1"]),
    Case("ale_original_app_id: \"*/ProbeClient\"", taken: ["127.0.0.1"], left: []),
    Case("ale_original_app_id: \"*/probeclient\"", taken: [], left: ["127.0.0.1"]),
    Case("ale_user_id: \(geteuid())", taken: ["127.0.0.1"], left: []),
    Case("ale_user_id: [\(geteuid() + 1), \(geteuid() + 2)]", taken: [], left: ["127.0.0.1"]),
    Case("ip_local_address: 127.0.0.1", taken: [], left: ["127.0.0.1"]),  // not bound
    Case("ip_local_address: 0.0.0.0", taken: ["127.0.0.1"], left: ["::1"]),
    Case("{ ip_remote_address: 127.0.0.2, loopback: true }", taken: ["127.0.0.2"], left: ["127.0.0.1"]),
    Case("{ ip_remote_address: 127.0.0.2, loopback: false }", taken: [], left: ["127.0.0.2"]),
    Case("{ ip_remote_address: 127.0.0.2, ale_app_id: \"*/curl\" }", taken: [], left: ["127.0.0.2"]),
    Case("{}", taken: ["127.0.0.1", "::1"], left: []),
  ]

  @Test(arguments: addresses) func condition(_ wanted: Case) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.shimmed("ProbeService", ["contoso", "::", "0"])
    let text = wanted.condition.replacing("PORT", with: "\(origin.port)")
    let conditions = text.hasPrefix("{") ? text : "{ \(text) }"
    let policy = stage.redirect("contoso", port: try service.port(), conditions: conditions)
      .replacing("[\"127.0.0.1:", with: "[\"[::1]:\(try #require(port(of: service)))\", \"127.0.0.1:")
    try stage.load(policy, name: "contoso")
    for host in wanted.taken {
      let (good, said) = try stage.exchange(origin.port, host: host)
      #expect(good, "\(host): \(said)")
      #expect(try service.line("contoso").contains("flow \(host.contains(":") ? "[\(host)]" : host):\(origin.port)"))
    }
    for host in wanted.left { #expect(try stage.exchange(origin.port, host: host).good, "\(host)") }
    // Nothing came but what was to come: the last line is that of a connection which was.
    #expect(try service.stop().count(containing: "flow") == wanted.taken.count)
    #expect(try origin.program.stop().count(containing: "accepted") == wanted.taken.count + wanted.left.count)
  }

  private func port(of service: Program) -> String? {
    service.output.first.flatMap { $0.split(separator: " ").last.map(String.init) }
  }

  /// ip_local_address: what the application bound, whatever the port.
  @Test(arguments: [("bound:other", 1), ("bound:any", 0), ("bound:now", 0), ("plain", 0)]) func boundLocalAddress(
    check: String, flows: Int
  ) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.shimmed("ProbeService", ["contoso", "::", "0"])
    let conditions = "{ ip_local_address: 127.0.0.7, ip_remote_port: \(origin.port) }"
    try stage.load(stage.redirect("contoso", port: try service.port(), conditions: conditions), name: "contoso")
    let program = try stage.shimmed("ProbeSockets", [check, "127.0.0.1", "\(origin.port)", "1"])
    #expect(try program.finish().lines.last == "echo")
    #expect(try service.stop().count(containing: "flow") == flows)
  }

  /// ale_user_id: by name, and by the effective user id of the process that connects. Other users' processes cannot
  /// read the engine (S10.4), so it is one that drops its privileges afterwards.
  @Test func userName() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let name = try #require(getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) })
    let service = try stage.shimmed("ProbeService", ["contoso", "::", "0"])
    let conditions = "{ ale_user_id: \"\(name)\", ip_remote_port: \(origin.port) }"
    try stage.load(stage.redirect("contoso", port: try service.port(), conditions: conditions), name: "contoso")
    #expect(try stage.exchange(origin.port).good)
    _ = try service.line("flow")
  }
}
