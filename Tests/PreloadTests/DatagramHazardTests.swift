import Foundation
import Testing

/// Hazards that other programs of this kind met with UDP (H22 to H27; H21, Fast Open, is SocketTests').
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct DatagramHazardTests {
  @Test("H22: sendmmsg and recvmmsg of several datagrams, in a chain") func several() throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho()
    let a = try stage.relay("contoso", redirecting: [port], weight: 9, arguments: ["--several"])
    let b = try stage.relay("fabrikam", redirecting: [port], weight: 5, arguments: ["--several"])
    for (kind, host) in [("4", "127.0.0.1"), ("6", "::1"), ("dual", "::1")] {
      let results = try stage.datagrams(["new a \(kind)", "odd a several \(host) \(port)"])
      #expect(results.last == "several: 3 3 5 7 one/3 three/5 seventh/7")
    }
    #expect(try a.stop().count(containing: "records 128") == 3)
    #expect(try b.stop().count(containing: "records 192") == 3)
  }

  /// H27: the key of a flow is more than a source port.
  @Test("H27: one port of a service for TCP and UDP, one port of the origin") func bothProtocols() throws {
    let stage = try Stage()
    let (tcpOrigin, port) = try stage.origin("127.0.0.1")
    let udpOrigin = stage.keep(try Program("ProbeRelay", ["origin", "127.0.0.1", "\(port)", "--echo"]))
    _ = try udpOrigin.port()
    let (tcp, udp, own) = try stage.relayBeside("contoso", host: "127.0.0.1")
    let policy = stage.datagramPolicy(
      "contoso", port: own, redirecting: [port], protocols: "[tcp, udp]", endpoints: "\"127.0.0.1:\(own)\"")
    try stage.load(policy, name: "contoso")
    for i in 0..<3 {
      try stage.expect([
        ("new a 4", "ok 0"), ("sendto a 127.0.0.1 \(port) \(i)", "ok 1"), ("recvfrom a", "\(i) from 127.0.0.1:\(port)"),
      ])
      #expect(try stage.exchange(port).good)
    }
    #expect(try tcp.stop().count(containing: "flow 127.0.0.1:\(port) records 128") == 3)
    #expect(try udp.stop().count(containing: "flow 127.0.0.1:\(port) records 128") == 3)
    #expect(try tcpOrigin.stop().count(containing: "accepted") == 3)
    #expect(try udpOrigin.stop().count(containing: "got") == 3)
  }

  @Test("H27: a port that another socket had a moment ago") func reuse() throws {
    let stage = try Stage()
    let (_, first) = try stage.datagramEcho()
    let (_, second) = try stage.datagramEcho()
    let service = try stage.relay("contoso", redirecting: [first, second])
    let own = try stage.freePort()
    for host in ["127.0.0.1", "0.0.0.0"] {
      var script: [(command: String, result: String)] = []
      for (i, port) in [first, second, first, second].enumerated() {
        script += [
          ("new a 4", "ok 0"), ("bind a \(host) \(own)", "ok 0"), ("sendto a 127.0.0.1 \(port) \(i)", "ok 1"),
          ("recvfrom a", "\(i) from 127.0.0.1:\(port)"), ("sendmsg a 127.0.0.1 \(port) \(i)", "ok 1"),
          ("recvmsg a", "\(i) from 127.0.0.1:\(port)"), ("close a", "ok 0"),
        ]
      }
      try stage.expect(script)
    }
    let expected = [first, second, first, second].map { "contoso flow 127.0.0.1:\($0) records 128 context 256" }
    #expect(try Array(service.stop().dropFirst()) == expected + expected)
  }

  @Test("H27: one source port on two addresses") func twoSources() throws {
    let stage = try Stage()
    let (_, first) = try stage.datagramEcho()
    let (_, second) = try stage.datagramEcho()
    let service = try stage.relay("contoso", redirecting: [first, second])
    let own = try stage.freePort()
    var script: [(command: String, result: String)] = []
    for (name, host) in [("a", "127.0.0.3"), ("b", "127.0.0.4")] {
      script += [("new \(name) 4", "ok 0"), ("bind \(name) \(host) \(own)", "ok 0")]
    }
    for (name, port) in [("a", first), ("b", second), ("a", first), ("b", second)] {
      script += [
        ("sendto \(name) 127.0.0.1 \(port) \(name)", "ok 1"), ("recvfrom \(name)", "\(name) from 127.0.0.1:\(port)"),
      ]
    }
    try stage.expect(script)
    #expect(
      try Array(service.stop().dropFirst())
        == [first, second].map { "contoso flow 127.0.0.1:\($0) records 128 context 256" })
  }

  /// The limit that the log names: such a socket has no addresses to tell its flows apart.
  @Test("S8.3: a socket bound to one host has one redirected destination") func boundToHost() throws {
    let stage = try Stage()
    let (_, first) = try stage.datagramEcho()
    let (_, second) = try stage.datagramEcho()
    _ = try stage.relay("contoso", redirecting: [first, second])
    try stage.expect([
      ("new a 4", "ok 0"), ("bind a 127.0.0.1 0", "ok 0"), ("sendto a 127.0.0.1 \(first) x", "ok 1"),
      ("recvfrom a", "x from 127.0.0.1:\(first)"), ("sendto a 127.0.0.1 \(second) y", "EADDRNOTAVAIL"),
      ("sendto a 127.0.0.1 \(first) z", "ok 1"), ("recvfrom a", "z from 127.0.0.1:\(first)"),
    ])
    #expect(stage.diagnostics.count(containing: "another redirected destination") == 1)
  }

  /// udp(7): a connected socket may send elsewhere, and hears its peer alone.
  @Test("H24: connected, and sent elsewhere") func connectedAndAddressed() throws {
    let stage = try Stage()
    let (_, first) = try stage.datagramEcho()
    let (other, second) = try stage.datagramEcho()
    let service = try stage.relay("contoso", redirecting: [first, second])
    try stage.expect([
      ("new a 4", "ok 0"), ("connect a 127.0.0.1 \(first)", "ok 0"), ("send a one", "ok 3"),
      ("recvfrom a", "one from 127.0.0.1:\(first)"), ("sendto a 127.0.0.1 \(second) two", "ok 3"),
      ("send a three", "ok 5"), ("recvfrom a", "three from 127.0.0.1:\(first)"), ("peer a", "127.0.0.1:\(first)"),
    ])
    _ = try other.line("got two")
    #expect(
      try Array(service.stop().dropFirst())
        == [first, second].map { "contoso flow 127.0.0.1:\($0) records 128 context 256" })
  }

  /// Each namespace has ports and loopback of its own, and here both have the same.
  @Test("H27: two network namespaces, one engine", .enabled(if: canUnshareNetwork, "needs a network namespace"))
  func namespaces() throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho("127.0.0.1")
    let service = try stage.relay("contoso", redirecting: [port], host: "127.0.0.1")
    let own = try stage.freePort()
    let client = ["new a 4", "bind a 127.0.0.1 \(own)", "sendto a 127.0.0.1 \(port) x", "recvfrom a"]
    let results = ["ok 0", "ok 0", "ok 1", "x from 127.0.0.1:\(port)"]
    #expect(try stage.datagrams(client) == results)
    // The same with nobody at the endpoint there, and then with a service that has the same address.
    func inside(_ command: String) throws -> [String] {
      let script = "ip link set lo up && \(command)"
      let program = try stage.shimmed(tool("unshare", package: "util-linux"), ["-n", tool("sh"), "-c", script])
      return try program.finish().lines
    }
    let probe = products.appending(path: "ProbeDatagram").path
    let quoted = client.map { "'\($0)'" }.joined(separator: " ")
    #expect(try inside("\(probe) \(quoted)").prefix(3) == ["ok 0", "ok 0", "ECONNREFUSED"])
    let relay = products.appending(path: "ProbeRelay").path
    let endpoint = try #require(service.output.first?.split(separator: " ").last)
    let lines = try inside(
      """
      mkfifo \(stage.folder)/said; \(relay) inner 127.0.0.1 \(endpoint) --no-set > \(stage.folder)/said &
      inner=$!
      exec 3< \(stage.folder)/said; read line <&3
      \(relay) origin 127.0.0.1 \(port) --echo > \(stage.folder)/echo &
      echo=$!; while ! grep -qs listening \(stage.folder)/echo; do :; done
      \(probe) \(quoted); read line <&3; echo "$line"; kill $inner $echo
      """)
    #expect(Array(lines.prefix(5)) == results + ["inner flow 127.0.0.1:\(port) records 128 context 256"], "\(lines)")
    #expect(try service.stop().count(containing: "flow") == 1)
  }

  /// H20: the kernel spreads flows over the workers of one port, each flow to one of them; that one gets context and records.
  @Test("H20, S8.2: workers that share a port") func workers() throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho()
    let first = try stage.relay("contoso", redirecting: [port], host: "127.0.0.1", arguments: ["--share"])
    let own = try #require(first.output.first?.split(separator: " ").last.map(String.init))
    let second = try stage.shimmed("ProbeRelay", ["contoso", "127.0.0.1", own, "--share"])
    _ = try second.line("listening")
    var script: [(command: String, result: String)] = []
    for i in 0..<60 {
      script += [("new a 4", "ok 0"), ("sendto a 127.0.0.1 \(port) \(i)", "ok \("\(i)".count)")]
      script += [("recvfrom a", "\(i) from 127.0.0.1:\(port)"), ("close a", "ok 0")]
    }
    try stage.expect(script)
    let counts = try [first, second].map {
      try $0.stop().count(containing: "contoso flow 127.0.0.1:\(port) records 128 context 256")
    }
    #expect(counts[0] + counts[1] == 60 && counts[0] > 0 && counts[1] > 0, "\(counts)")
  }

  /// udp(7): EAGAIN is also what the engine says to itself when a policy changed; this one is the application's.
  @Test(
    "S8.1: no port is left", .enabled(if: canUnshareNetwork, "needs a network namespace"), arguments: [false, true])
  func noPort(isShimmed: Bool) throws {
    let stage = try Stage()
    try stage.load(stage.datagramPolicy("contoso", port: 7000, redirecting: [9]), name: "contoso")
    let names = ["a", "b", "c", "d", "e"]
    let client = names.flatMap { ["'new \($0) 4'", "'connect \($0) 127.0.0.1 9'"] } + ["'send a x'"]
    let relay = products.appending(path: "ProbeRelay").path
    let script = """
      ip link set lo up && echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range
      mkfifo \(stage.folder)/said; \(relay) contoso 127.0.0.1 7000 > \(stage.folder)/said &
      exec 3< \(stage.folder)/said; read line <&3
      \(isShimmed ? "" : "LD_PRELOAD= ")\(products.appending(path: "ProbeDatagram").path) \(client.joined(separator: " "))
      \(isShimmed ? "read line <&3; echo $line" : ":"); kill $!
      """
    let program = try stage.shimmed(tool("unshare", package: "util-linux"), ["-n", tool("sh"), "-c", script])
    let results = try program.finish().lines.filter { $0 != "ok 0" }
    let flow = "contoso flow 127.0.0.1:9 records 128 context 256"
    #expect(results == (isShimmed ? ["EAGAIN", "ok 1", flow] : ["EAGAIN", "ok 1"]))
  }

  static let canUnshareNetwork: Bool = {
    guard isRoot, let unshare = try? tool("unshare", package: "util-linux"), let ip = try? tool("ip") else {
      return false
    }
    return (try? Program(unshare, ["-n", ip, "link", "set", "lo", "up"]).finish().status) == 0
  }()
}
