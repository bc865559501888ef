import Foundation
import Testing

/// Rules as an administrator writes them, inside a network namespace: 192.0.2.1 and 2001:db8::1 are the origin's, .77 and
/// ::77 the clients'.
private enum Rules {
  static let addresses = """
    ip link set lo up
    for a in 192.0.2.1 192.0.2.77; do ip addr add $a/32 dev lo; done
    for a in 2001:db8::1 2001:db8::77; do ip -6 addr add $a/128 dev lo nodad; done
    """
  static let redirect = """
    iptables -t nat -A OUTPUT -s 192.0.2.77 -p tcp --dport 9000 -j REDIRECT --to-ports 8888
    ip6tables -t nat -A OUTPUT -s 2001:db8::77 -p tcp --dport 9000 -j REDIRECT --to-ports 8888
    """
  static let tproxy = """
    ip rule add fwmark 1 lookup 100; ip route add local default dev lo table 100
    ip -6 rule add fwmark 1 lookup 100; ip -6 route add local default dev lo table 100
    iptables -t mangle -A OUTPUT -s 192.0.2.77 -p tcp --dport 9000 -j MARK --set-mark 1
    ip6tables -t mangle -A OUTPUT -s 2001:db8::77 -p tcp --dport 9000 -j MARK --set-mark 1
    iptables -t mangle -A PREROUTING -s 192.0.2.77 -p tcp --dport 9000 -j TPROXY --on-port 8888 --on-ip 127.0.0.1
    ip6tables -t mangle -A PREROUTING -s 2001:db8::77 -p tcp --dport 9000 -j TPROXY --on-port 8888 --on-ip ::1
    """

  static let canRedirect: Bool = {
    guard isRoot, let unshare = try? tool("unshare", package: "util-linux"), let shell = try? tool("sh") else {
      return false
    }
    let script = "set -e\n\(addresses)\n\(redirect)\n\(tproxy)"
    return (try? Program(unshare, ["-n", shell, "-c", script]).finish().status) == 0
  }()
}

/// SPEC S9.1: the kernel's REDIRECT and TPROXY as producers. The clients have no preload, as a static program has none.
///
@Suite(
  .disabled(if: sanitized, "a sanitized shim cannot be preloaded"),
  .enabled(if: Rules.canRedirect, "needs root, a network namespace, and iptables with REDIRECT and TPROXY"))
struct KernelProducerTests {
  private static func policy(_ name: String, _ port: Int, accepts: String, filter: String = "") -> String {
    """
    version: 1
    providers:
      - name: \(name)
        endpoints: ["127.0.0.1:\(port)", "[::1]:\(port)"]
        accepts: \(accepts)
        context: [ {sockaddr_storage: remote}, {sockaddr_storage: local} ]
    filters:
    \(filter.isEmpty ? "  []" : filter)
    """
  }

  /// Runs a shell script in a namespace with these rules, an origin at port 9000, and the services; each in the
  /// background with its lines in a file.
  /// - Returns: The script's lines, then all of the services'.
  private func run(
    _ stage: Stage, _ rules: String, services: [(name: String, port: Int, options: String)], _ script: String,
    _ command: String? = nil
  ) throws -> [String] {
    let start = services.map { service in
      let file = "\(stage.folder)/\(service.name)"
      return """
        \(products.path)/\(command ?? "ProbeService \(service.name)") :: \(service.port) \(service.options) > \(file) & pids="$pids $!"
        until grep -qs listening \(file); do :; done
        """
    }
    let origin = "\(stage.folder)/origin"
    let whole = """
      set -e
      \(Rules.addresses)
      \(rules)
      LD_PRELOAD= \(products.path)/ProbeOrigin :: 9000 > \(origin) & pids="$!"
      until grep -qs listening \(origin); do :; done
      \(start.joined(separator: "\n"))
      client() { LD_PRELOAD= /usr/bin/python3 \(program("exchange.py")) "$@"; }
      set +e
      \(script)
      kill $pids; wait
      cat \(services.map { "\(stage.folder)/\($0.name)" }.joined(separator: " "))
      """
    let shell = try stage.shimmed(tool("unshare", package: "util-linux"), ["-n", tool("sh"), "-c", whole])
    return try shell.finish().lines.filter { !$0.hasPrefix("listening") }
  }

  private static let both = "client 192.0.2.77 192.0.2.1 9000; client 2001:db8::77 2001:db8::1 9000"
  private static func flows(_ name: String, _ records: Int = 128) -> [String] {
    ["192.0.2.1:9000", "[2001:db8::1]:9000"].map { "\(name) flow \($0) records \(records) context 256" }
  }

  @Test("S9.1: REDIRECT, accepted through the hook and past it", arguments: ["", "--raw"])
  func redirected(options: String) throws {
    let stage = try Stage()
    try stage.load(Self.policy("contoso", 8888, accepts: "redirect"), name: "contoso")
    let lines = try run(stage, Rules.redirect, services: [("contoso", 8888, options)], Self.both)
    #expect(lines == ["ok", "ok"] + Self.flows("contoso"))
  }

  @Test("S9.1: TPROXY, accepted through the hook and past it", arguments: ["", "--raw"])
  func transparent(options: String) throws {
    let stage = try Stage()
    try stage.load(Self.policy("contoso", 8888, accepts: "tproxy"), name: "contoso")
    let lines = try run(stage, Rules.tproxy, services: [("contoso", 8888, "--transparent \(options)")], Self.both)
    #expect(lines == ["ok", "ok"] + Self.flows("contoso"))
  }

  /// The records go on from there: the next service is found by a filter, in the first one's process.
  @Test(
    "S4.1, S9.1: kernel -> A -> B -> origin",
    arguments: [("redirect", Rules.redirect, ""), ("tproxy", Rules.tproxy, "--transparent")])
  func chain(accepts: String, rules: String, options: String) throws {
    let stage = try Stage()
    try stage.load(Self.policy("contoso", 8888, accepts: accepts), name: "contoso")
    let filter = "  - {name: all, action: redirect, provider: fabrikam, conditions: {ip_remote_port: 9000}}"
    try stage.load(Self.policy("fabrikam", 8889, accepts: "preload", filter: filter), name: "fabrikam")
    let lines = try run(
      stage, rules, services: [("contoso", 8888, options), ("fabrikam", 8889, "")],
      "client 192.0.2.77 192.0.2.1 9000 3; client 2001:db8::77 2001:db8::1 9000")
    let expected = { (name: String, records: Int) in
      Array(repeating: Self.flows(name, records)[0], count: 3) + [Self.flows(name, records)[1]]
    }
    #expect(lines == Array(repeating: "ok", count: 4) + expected("contoso", 128) + expected("fabrikam", 192))
  }

  /// Without `accepts`, dialled as it came, or by another program's rule: not redirected, as far as the engine knows.
  @Test("S2.10: what nobody redirected to this service", arguments: ["redirect", "tproxy", "preload"])
  func notRedirected(accepts: String) throws {
    let stage = try Stage()
    try stage.load(Self.policy("contoso", 8888, accepts: accepts), name: "contoso")
    let direct = "client 127.0.0.1 127.0.0.1 8888; client ::1 ::1 8888"
    let more = accepts == "redirect" ? "" : "; \(Self.both)"
    let options = accepts == "tproxy" ? "--transparent" : ""
    let lines = try run(stage, Rules.redirect, services: [("contoso", 8888, options)], direct + more)
    let count = accepts == "redirect" ? 2 : 4
    #expect(
      lines == Array(repeating: "no echo", count: count) + Array(repeating: "contoso records EINVAL 0", count: count))
  }

  @Test("S2.10: a transparent service that is dialled itself") func dialledItself() throws {
    let stage = try Stage()
    try stage.load(Self.policy("contoso", 8888, accepts: "tproxy"), name: "contoso")
    let direct = "client 192.0.2.77 192.0.2.1 8888; client 2001:db8::77 2001:db8::1 8888"
    let lines = try run(stage, Rules.tproxy, services: [("contoso", 8888, "--transparent")], direct)
    #expect(lines == ["no echo", "no echo", "contoso records EINVAL 0", "contoso records EINVAL 0"])
  }

  /// The engine does not know the listener, and the socket is not transparent.
  @Test("S2.10: another listener of a process that is a service of TPROXY") func otherListener() throws {
    let stage = try Stage()
    try stage.load(Self.policy("contoso", 8888, accepts: "tproxy"), name: "contoso")
    let service = stage.keep(
      try stage.shimmed(
        tool("unshare", package: "util-linux"),
        [
          "-n", tool("sh"), "-c",
          """
          ip link set lo up; /usr/bin/python3 \(program("two_listeners.py")) | while read line; do
            echo "$line"; case $line in listening*) LD_PRELOAD= /usr/bin/python3 -c 'import socket
          socket.create_connection(("127.0.0.1", 9999))' & esac; done
          """,
        ]))
    #expect(try service.finish().lines == ["listening 8888", "records EINVAL"])
  }

  /// The second service accepts and asks nothing: the flow is there from the accept on.
  @Test("S9.1: what wfpctl shows of such a flow", arguments: ["ProbeService contoso", "ProbeOrigin"])
  func shown(service: String) throws {
    let stage = try Stage()
    try stage.load(Self.policy("contoso", 8888, accepts: "redirect"), name: "contoso")
    let hold = """
      /usr/bin/python3 -c 'import socket, sys
      s = socket.create_connection(("192.0.2.1", 9000), source_address=("192.0.2.77", 0)); s.sendall(b"x"); s.recv(1)
      print(s.getsockname()[1], flush=True); sys.stdin.read()' < \(stage.folder)/hold > \(stage.folder)/port & client=$!
      """
    let script = """
      mkfifo \(stage.folder)/hold
      LD_PRELOAD= \(hold)
      exec 4> \(stage.folder)/hold
      until [ -s \(stage.folder)/port ]; do :; done
      LD_PRELOAD= \(products.path)/wfpctl flows --json
      exec 4>&-; wait $client
      """
    let lines = try run(stage, Rules.redirect, services: [("contoso", 8888, "")], script, service)
    let text = lines.prefix { !$0.hasPrefix("contoso") && !$0.hasPrefix("accepted") }.joined(separator: "\n")
    let answer = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let flow = try #require((answer["flows"] as? [[String: Any]])?.first { $0["state"] as? String == "claimed" })
    #expect(flow["destination"] as? String == "192.0.2.1:9000" && flow["endpoint"] as? String == "127.0.0.1:8888")
    #expect((flow["source"] as? String)?.hasPrefix("192.0.2.77:") == true)
    #expect((flow["application"] as? [String: Any])?["pid"] as? Int == 0, "a kernel's rule knows no process")
  }
}
