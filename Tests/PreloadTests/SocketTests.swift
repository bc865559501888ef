import Foundation
import Testing

/// A program's socket calls answer under the shim what they answer without it, while its connections go through a
/// service: SPEC S7. Each check runs twice, as a plain Linux program and redirected, and says the same both times.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct SocketTests {
  struct Check: CustomTestStringConvertible {
    let name: String
    /// How many of its connections are redirected.
    let flows: Int
    let last: String
    let hosts: [String]
    var testDescription: String { name }

    init(
      _ name: String, flows: Int = 1, last: String = "echo",
      hosts: [String] = ["127.0.0.1", "::1", "::ffff:127.0.0.1"]
    ) {
      (self.name, self.flows, self.last, self.hosts) = (name, flows, last, hosts)
    }
  }

  static let checks = [
    Check("plain"),
    // S7.2, H25, H43: truncated and oversized lengths, NULL and hostile pointers of getpeername.
    Check("names"),
    Check("no_room"),
    // H26: lengths of connect's address, and addresses of the other family.
    Check("lengths", flows: 16),
    Check("crossed", flows: 3),
    // H43: hostile pointers of connect, sendto and sendmsg.
    Check("hostile"),
    // H14: success leaves errno alone.
    Check("untouched", last: "close 0 errno 4242"),
    // H43: odd arguments of accept, accept4 and listen.
    Check("accepts"),
    // S7.3, H16, H18: EINPROGRESS; epoll, nested too, registered before connect; SO_ERROR.
    Check("progress"),
    // S7.3: EALREADY, EISCONN or 0.
    Check("repeated", flows: 2, last: "listener EISCONN"),
    // AF_UNSPEC disconnects; the socket connects again, redirected and not.
    Check("unspec", flows: 2),
    // H27: sockets that the application bound keep their port.
    Check("bound:now"), Check("bound:fixed"), Check("bound:reuse"), Check("bound:late"), Check("bound:any"),
    Check("bound:other", hosts: ["127.0.0.1", "::ffff:127.0.0.1"]),
    Check("rebind", hosts: ["::1"]),
    Check("same_port", hosts: ["127.0.0.1"]),
    Check("reuse", flows: 25, last: "good 50", hosts: ["127.0.0.1"]),
    // H21.
    Check("fastopen:sendto", last: "peer as dialled"), Check("fastopen:sendmsg", last: "peer as dialled"),
    Check("fastopen:option", last: "peer as dialled"), Check("fastopen:nonblocking", last: "peer as dialled"),
    // H26: AF_INET and AF_INET6, IPV6_V6ONLY, against each form of address.
    Check("families", flows: 4, last: "v6only ::ffff:127.0.0.1 ENETUNREACH", hosts: ["127.0.0.1"]),
    // H46.
    Check("vfork", flows: 6, last: "parent echo"),
  ]

  @Test(arguments: checks) func asWithoutTheShim(check: Check) throws {
    for host in check.hosts {
      let stage = try Stage()
      let (origin, other) = (try stage.origin(), try stage.origin())
      let service = try stage.service("contoso", redirecting: [origin.port])
      let arguments = [check.name, host, "\(origin.port)", "\(other.port)"]
      let plain = try stage.keep(Program("ProbeSockets", arguments)).finish()
      #expect(plain.status == 0 && plain.lines.last == check.last, "\(host) plain: \(plain.lines)")
      let shimmed = try stage.shimmed("ProbeSockets", arguments).finish()
      #expect(shimmed.lines == plain.lines, "\(host)")
      let flows = try service.stop().count(containing: "flow")
      #expect(flows == check.flows, "\(host)")
    }
  }

  /// S7.2: `peerName: faithful`: getpeername shows the proxy; a connection that is not redirected is as ever.
  @Test(arguments: ["127.0.0.1", "::1"]) func faithful(host: String) throws {
    let stage = try Stage()
    let (origin, other) = (try stage.origin(), try stage.origin())
    let service = try stage.shimmed("ProbeService", ["contoso", "::", "0"])
    let port = try service.port()
    let text = stage.policy(
      "contoso", port: port, redirecting: [origin.port], filter: "options: { peerName: faithful }")
    // The endpoint of the socket's own family alone.
    let endpoint = host == "::1" ? "endpoints: [\"[::1]:\(port)\"]" : "endpoints: [\"127.0.0.1:\(port)\"]"
    let both = "endpoints: [\"127.0.0.1:\(port)\", \"[::1]:\(port)\"]"
    try stage.load(text.replacing(both, with: endpoint), name: "contoso")
    let shown = host == "::1" ? "[::1]" : host
    #expect(try stage.exchange(origin.port, host: host).said == "ok 1 failed 0 peer \(shown):\(port)")
    #expect(try stage.exchange(other.port, host: host).said == "ok 1 failed 0 peer \(shown):\(other.port)")
    #expect(try service.stop().count(containing: "flow") == 1)
  }

  /// S11.5, H27: `local` in the context is what the application bound, with all zeros when it bound nothing; the
  /// source is the one that the service sees.
  @Test(arguments: ["plain", "bound:now", "bound:fixed", "bound:reuse", "bound:late", "bound:any", "bound:other"])
  func localAddress(check: String) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    _ = try stage.service("contoso", redirecting: [origin.port])
    let probe = try stage.shimmed("ProbeSockets", [check, "127.0.0.1", "\(origin.port)", "1", "--hold"])
    let own = try #require(try probe.line("holding ").split(separator: " ").last.map(String.init))
    let flow = try #require(try stage.flows().first)
    let port = own.split(separator: ":")[1]
    let expected = ["plain": "0.0.0.0:0", "bound:late": "127.0.0.1:0", "bound:any": "0.0.0.0:\(port)"][check] ?? own
    #expect(flow.local == expected)
    #expect(flow.context.decoded.last?.value.contains(expected) == true)
    #expect(flow.destination == "127.0.0.1:\(origin.port)")
    #expect(flow.source?.hasSuffix(":\(port)") == true)
    probe.signal(SIGUSR1)
    #expect(try probe.finish().status == 0)
  }

  /// H27: one source port on two addresses, to two destinations: each flow has its own.
  @Test func samePort() throws {
    let stage = try Stage()
    let (origin, other) = (try stage.origin(), try stage.origin())
    let service = try stage.service("contoso", redirecting: [origin.port, other.port])
    let probe = try stage.shimmed("ProbeSockets", ["same_port", "127.0.0.1", "\(origin.port)", "\(other.port)"])
    #expect(try probe.finish().lines.suffix(2) == ["echo", "echo"])
    let seen = try service.stop()
    for port in [origin.port, other.port] { #expect(seen.count(containing: "flow 127.0.0.1:\(port) ") == 1) }
    for origin in [origin, other] { #expect(try origin.program.stop().count(containing: "accepted") == 1) }
  }

  /// H27: one source port again and again, each time to the other destination: no flow has the last one's.
  @Test func portReuse() throws {
    let stage = try Stage()
    let (origin, other) = (try stage.origin(), try stage.origin())
    let service = try stage.service("contoso", redirecting: [origin.port, other.port])
    let probe = try stage.shimmed("ProbeSockets", ["reuse", "127.0.0.1", "\(origin.port)", "\(other.port)"])
    let lines = try probe.finish().lines
    #expect(lines == ["good 50"])
    let seen = try service.stop()
    for (port, program) in [(origin.port, origin.program), (other.port, other.program)] {
      #expect(try program.stop().count(containing: "accepted") == seen.count(containing: "flow 127.0.0.1:\(port) "))
    }
  }

  /// S2.13, S2.8: the client disconnects and connects anew by the same socket: the service's first accepted socket still
  /// has its records, and the second has its own.
  @Test func reconnected() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.unruly("contoso", redirecting: [origin.port], arguments: ["--late", "--set"])
    let probe = try stage.shimmed("ProbeSockets", ["twice", "127.0.0.1", "\(origin.port)", "1", "--hold"])
    _ = try service.line("accepted")
    probe.signal(SIGUSR1)
    #expect(try probe.finish().lines.last == "echo")
    let first = try service.line("contoso ")
    #expect(first.contains(" accepted"))
    let lines = [try service.line("contoso "), try service.line("contoso ")]
    #expect(lines.count(containing: " flow ") == 2, "\(lines)")
  }

  /// H27, S10.5: a flow that nobody ever claimed is over with its client. A later connection from the same port, to
  /// another destination, is not taken for it.
  @Test func unclaimedFlowOfTheSamePort() throws {
    let stage = try Stage()
    let (origin, other) = (try stage.origin(), try stage.origin())
    let (source, endpoint) = (try stage.freePort(), try stage.freePort())
    let unaware = stage.keep(try Program("ProbeOrigin", ["::", "\(endpoint)"]))  // accepts without the shim
    _ = try unaware.port()
    try stage.load(stage.policy("contoso", port: endpoint, redirecting: [origin.port, other.port]), name: "contoso")
    func connect(_ port: UInt16) throws {
      let probe = try stage.shimmed("ProbeSockets", ["bound:\(source)", "127.0.0.1", "\(port)", "1"])
      #expect(try probe.finish().lines.last == "echo")
    }
    try connect(origin.port)
    #expect(try unaware.stop().count(containing: "accepted") == 1)
    let service = try stage.shimmed("ProbeService", ["contoso", "::", "\(endpoint)"])
    _ = try service.port()
    try connect(other.port)
    let seen = try service.stop()
    #expect(seen.count(containing: "flow 127.0.0.1:\(other.port) ") == 1, "\(seen)")
  }

  /// H21, S10.7: data that go with the SYN do not get around a block.
  @Test(arguments: ["fastopen:sendto", "fastopen:sendmsg", "fastopen:option", "fastopen:nonblocking"])
  func fastOpenBlocked(check: String) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    try stage.load(
      stage.filters(stage.filter("no", "block", conditions: "{ ip_remote_port: \(origin.port) }")), name: "corporate")
    let probe = try stage.shimmed("ProbeSockets", [check, "127.0.0.1", "\(origin.port)", "1"])
    #expect(try probe.finish().lines.first?.hasSuffix(" EACCES") == true)
    #expect(try origin.program.stop().count(containing: "accepted") == 0)
  }
}
