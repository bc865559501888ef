import Foundation
import Testing

/// Which endpoint takes a connection, and what happens when none does: SPEC S10.2, S11.1.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct EndpointTests {
  private static let hosts = ["127.0.0.1", "::1", "::ffff:127.0.0.1"]

  private func policy(_ endpoints: [String], to port: UInt16, more: String = "") -> String {
    """
    version: 1
    providers:
      - name: contoso
        endpoints: [\(endpoints.map { "\"\($0)\"" }.joined(separator: ", "))]
    filters:
      - name: to-contoso
        action: redirect
        provider: contoso
        conditions: { ip_remote_port: \(port) }
    \(more)
    """
  }

  /// S10.2: refused at connect() itself, blocking or not, and nothing reaches the destination. One diagnostic each.
  @Test(arguments: hosts) func notRunning(host: String) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let dead = try stage.freePort()
    try stage.load(policy(["127.0.0.1:\(dead)", "[::1]:\(dead)"], to: origin.port), name: "contoso")
    let probe = try stage.shimmed("ProbeSockets", ["refusal", host, "\(origin.port)", "1"])
    #expect(
      try probe.finish().lines == ["blocking ECONNREFUSED", "pending 0", "nonblocking ECONNREFUSED", "pending 0"])
    #expect(stage.diagnostics.count == 2)
    for line in stage.diagnostics { #expect(line.contains("to-contoso") && line.contains("contoso")) }
    #expect(try origin.program.stop().count(containing: "accepted") == 0)
  }

  /// S10.2: with permitIfCalloutUnregistered it goes direct, alike for both; redirected once somebody listens.
  @Test(arguments: hosts) func permitted(host: String) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let dead = try stage.freePort()
    try stage.load(
      policy(["127.0.0.1:\(dead)", "[::1]:\(dead)"], to: origin.port, more: "    permitIfCalloutUnregistered: true"),
      name: "contoso")
    let probe = try stage.shimmed("ProbeSockets", ["refusal", host, "\(origin.port)", "1"])
    #expect(try probe.finish().lines == ["blocking 0", "pending 0", "nonblocking EINPROGRESS", "pending 0"])
    let service = stage.keep(try Program("ProbeOrigin", ["::", "\(dead)"]))
    _ = try service.port()
    #expect(try stage.exchange(origin.port, host: host).good)
    _ = try service.line("accepted")
  }

  /// S10.2: however many filters say so, the connect comes to an end.
  @Test(arguments: [1, 4, 5, 9]) func permittedMany(count: Int) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let dead = try stage.freePort()
    for number in 0..<count {
      let text = stage.redirect("vendor\(number)", port: dead, conditions: "{ ip_remote_port: \(origin.port) }")
      try stage.load(text.replacing("weight: 1", with: "permitIfCalloutUnregistered: true"), name: "vendor\(number)")
    }
    let client = try stage.shimmed("ProbeClient", ["127.0.0.1", "\(origin.port)"])
    #expect(try client.finish().status == 0)
    // Once somebody listens there, the first of them takes it.
    let late = stage.keep(try Program("ProbeOrigin", ["::", "\(dead)"]))
    _ = try late.port()
    #expect(try stage.exchange(origin.port).good)
    #expect(try late.stop().count(containing: "accepted") == 1)
    #expect(try origin.program.stop().count(containing: "accepted") == 1)
  }

  /// S11.1: the first listening endpoint in file order, whether the shim saw its listen() or not (sock_diag).
  @Test(arguments: [true, false]) func secondEndpoint(shimmedService: Bool) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let dead = try stage.freePort()
    let (first, second) = (try stage.freePort(), try stage.origin("127.0.0.1"))
    let endpoints = ["127.0.0.1:\(dead)", "127.0.0.1:\(first)", "127.0.0.1:\(second.port)"]
    try stage.load(policy(endpoints, to: origin.port), name: "contoso")
    #expect(try stage.exchange(origin.port).good)
    _ = try second.program.line("accepted")
    let arguments = ["127.0.0.1", "\(first)"]
    let earlier =
      shimmedService ? try stage.shimmed("ProbeOrigin", arguments) : stage.keep(try Program("ProbeOrigin", arguments))
    _ = try earlier.port()
    #expect(try stage.exchange(origin.port).good)
    _ = try earlier.line("accepted")
    try earlier.stop(SIGKILL)
    #expect(try stage.exchange(origin.port).good)
    _ = try second.program.line("accepted")
    #expect(try origin.program.stop().count(containing: "accepted") == 0)
  }

  /// S11.1: an endpoint of the socket's family; a dual-stack socket may use an IPv4 one.
  @Test func families() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.origin("127.0.0.1")
    try stage.load(policy(["127.0.0.1:\(service.port)"], to: origin.port), name: "contoso")
    let probe = try stage.shimmed("ProbeSockets", ["families", "127.0.0.1", "\(origin.port)", "1"])
    let said = try probe.finish().lines.filter { $0 != "echo" }
    #expect(said.contains("v4 127.0.0.1 0"))
    #expect(said.contains("dual ::1 0"))
    #expect(said.contains("dual ::ffff:127.0.0.1 0"))
    #expect(said.contains("v6only ::1 ECONNREFUSED"))
    #expect(try service.program.stop().count(containing: "accepted") == 3)
    #expect(try origin.program.stop().count(containing: "accepted") == 0)
  }

  /// S11.1: the socket's own family comes first, wherever it stands in the file. A socket that was once sent to an
  /// IPv4-mapped address can never again connect to an IPv6 one (Linux), so this is S7.4, too.
  @Test(arguments: [true, false]) func ownFamilyFirst(ipv4First: Bool) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let (four, six) = (try stage.origin("127.0.0.1"), try stage.origin("::1"))
    let endpoints = ["127.0.0.1:\(four.port)", "[::1]:\(six.port)"]
    try stage.load(policy(ipv4First ? endpoints : endpoints.reversed(), to: origin.port), name: "contoso")
    for host in Self.hosts { #expect(try stage.exchange(origin.port, host: host).good) }
    #expect(try four.program.stop().count(containing: "accepted") == 2)  // IPv4, and mapped
    #expect(try six.program.stop().count(containing: "accepted") == 1)
    #expect(try origin.program.stop().count(containing: "accepted") == 0)
  }

  /// S11.1: an IPv4 socket does not use an IPv6 endpoint.
  @Test func onlyIPv6() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.origin("::1")
    try stage.load(policy(["[::1]:\(service.port)"], to: origin.port), name: "contoso")
    #expect(try stage.exchange(origin.port).said == "failed connect ECONNREFUSED")
    #expect(try stage.exchange(origin.port, host: "::1").good)
    #expect(try service.program.stop().count(containing: "accepted") == 1)
    #expect(try origin.program.stop().count(containing: "accepted") == 0)
  }

  /// S10.2: a listener on another address is not the endpoint's; one on every address is.
  @Test(arguments: [("127.0.0.2", false), ("::1", false), ("0.0.0.0", true), ("::", true), ("::ffff:127.0.0.1", true)])
  func listenerElsewhere(host: String, isThere: Bool) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.origin(host)
    try stage.load(policy(["127.0.0.1:\(service.port)"], to: origin.port), name: "contoso")
    let (good, said) = try stage.exchange(origin.port)
    #expect(good == isThere)
    #expect(isThere || said == "failed connect ECONNREFUSED")
    #expect(try service.program.stop().count(containing: "accepted") == (isThere ? 1 : 0))
    #expect(try origin.program.stop().count(containing: "accepted") == 0)
  }
}
