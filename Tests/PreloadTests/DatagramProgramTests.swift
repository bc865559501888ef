import Foundation
import Testing

/// Programs that nobody changed, over UDP, through A and through A -> B: SPEC S4.1, S8, hazard H23.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct DatagramProgramTests {
  /// Services on one port for TCP and UDP each, in front of `port`.
  private struct Path {
    let stage: Stage
    let udp: [Program]
    let tcp: [Program]

    init(_ stage: Stage, _ port: UInt16, services: Int) throws {
      self.stage = stage
      var (udp, tcp): ([Program], [Program]) = ([], [])
      for name in ["contoso", "fabrikam"].prefix(services) {
        let (listener, relay, own) = try stage.relayBeside(name)
        let policy = stage.datagramPolicy(
          name, port: own, redirecting: [port], weight: name == "contoso" ? 9 : 5, protocols: "[tcp, udp]")
        try stage.load(policy, name: name)
        tcp.append(listener)
        udp.append(relay)
      }
      (self.udp, self.tcp) = (udp, tcp)
    }

    /// How many flows each service has seen, with the records of its place on the path.
    func expect(udp: ClosedRange<Int>, tcp: Int, sourceLocation: SourceLocation = #_sourceLocation) throws {
      for (i, (relay, listener)) in zip(self.udp, self.tcp).enumerated() {
        let seen = try relay.stop().filter { $0.contains("flow") }
        #expect(udp.contains(seen.count), "\(seen)", sourceLocation: sourceLocation)
        #expect(seen.allSatisfy { $0.contains("records \(i == 0 ? 128 : 192)") }, sourceLocation: sourceLocation)
        #expect(try listener.stop().count(containing: "flow") == tcp, sourceLocation: sourceLocation)
      }
    }
  }

  /// BIND's server with a zone whose TXT answer does not fit into a datagram.
  private func nameServer(_ stage: Stage) throws -> UInt16 {
    let port = try stage.freePort()
    let strings = (0..<60).map { "large TXT \"\(100 + $0)\(String(repeating: "x", count: 97))\"" }.joined(
      separator: "\n")
    let zone = """
      $TTL 60
      @ SOA ns hostmaster 1 60 60 60 60
      @ NS ns
      ns A 127.0.0.1
      www A 192.0.2.80
      other A 192.0.2.81
      \(strings)

      """
    let configuration = """
      options { directory "\(stage.folder)"; pid-file none; session-keyfile none; managed-keys-directory "\(stage.folder)";
        listen-on port \(port) { 127.0.0.1; }; listen-on-v6 port \(port) { ::1; }; recursion no; dnssec-validation no;
        answer-cookie yes; };
      controls {};
      zone "example.test" { type primary; file "zone"; };

      """
    try zone.write(toFile: stage.folder + "/zone", atomically: true, encoding: .utf8)
    try configuration.write(toFile: stage.folder + "/named.conf", atomically: true, encoding: .utf8)
    let server = try Program(tool("named", package: "bind9"), ["-g", "-n", "1", "-c", stage.folder + "/named.conf"])
    _ = try stage.keep(server).line("running")
    return port
  }

  private func dig(_ stage: Stage, _ port: UInt16, _ arguments: [String], host: String = "127.0.0.1") throws -> String {
    let all = ["@\(host)", "-p", "\(port)", "+tries=1", "+time=20"] + arguments
    return try stage.shimmed(tool("dig", package: "bind9-dnsutils"), all).finish().lines.joined(separator: "\n")
  }

  @Test("S8, H23: dig with cookies, a cut answer, and TCP after it", arguments: [1, 2], ["127.0.0.1", "::1"])
  func dig(services: Int, host: String) throws {
    let stage = try Stage()
    let port = try nameServer(stage)
    let path = try Path(stage, port, services: services)
    let plain = try dig(stage, port, ["www.example.test", "A"], host: host)
    #expect(plain.contains("192.0.2.80") && plain.contains("status: NOERROR"), "\(plain)")
    #expect(plain.contains("(good)"), "RFC 7873: the server's cookie came back")
    #expect(plain.contains("SERVER: \(host)#\(port)(\(host)) (UDP)"))
    let cut = try dig(stage, port, ["+ignore", "+bufsize=512", "large.example.test", "TXT"], host: host)
    #expect(cut.contains(" tc") && cut.contains("(UDP)"), "\(cut)")
    let whole = try dig(stage, port, ["+bufsize=512", "large.example.test", "TXT"], host: host)
    #expect(whole.contains("ANSWER: 60") && whole.contains("(TCP)"), "\(whole)")
    let tcp = try dig(stage, port, ["+tcp", "www.example.test", "A"], host: host)
    #expect(tcp.contains("192.0.2.80") && tcp.contains("(TCP)"))
    let unmarked = try dig(stage, port, ["+noedns", "+nocookie", "other.example.test", "A"], host: host)
    #expect(unmarked.contains("192.0.2.81"))
    try path.expect(udp: 4...4, tcp: 2)
  }

  @Test("S8, H23: dnspython, which compares the source of an answer", arguments: [1, 2]) func dnspython(services: Int)
    throws
  {
    let stage = try Stage()
    let port = try nameServer(stage)
    let path = try Path(stage, port, services: services)
    let python = try stage.shimmed(
      "/usr/bin/python3", [program("dns_query.py"), "127.0.0.1", "\(port)"])
    let (status, lines) = try python.finish()
    #expect(status == 0)
    #expect(
      lines == [
        "www.example.test. A 1 192.0.2.80", "www.example.test. A 1 192.0.2.80",
        "large.example.test. TXT 60 \"100\(String(repeating: "x", count: 97))\"", "www.example.test. A 1 192.0.2.80",
        "other.example.test. A 1 192.0.2.81",
      ], "\(lines)")
    try path.expect(udp: 3...3, tcp: 2)
  }

  /// ngtcp2's client and server: HTTP/3 over QUIC.
  @Test("S8, H22: QUIC", arguments: [1, 2], ["127.0.0.1", "::1"]) func quic(services: Int, host: String) throws {
    let stage = try Stage()
    let body = try Body(stage, size: 300_000)
    let port = try stage.freePort()
    let (key, certificate) = (stage.folder + "/key.pem", stage.folder + "/certificate.pem")
    let made = try Program(
      tool("openssl"),
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
        "/CN=localhost", "-keyout", key, "-out", certificate,
      ])
    try #require(try made.finish().status == 0)
    let server = try Program(
      tool("gtlsserver", package: "ngtcp2-server"), [host, "\(port)", key, certificate, "-d", stage.folder])
    _ = stage.keep(server)
    try waitForDatagrams(host, port, server)
    let path = try Path(stage, port, services: services)
    let folder = stage.folder + "/got"
    try makeFolders(stage.folder, ["got"])
    let client = try stage.shimmed(
      tool("gtlsclient", package: "ngtcp2-client"),
      [
        host, "\(port)", "https://localhost/body", "--download", folder, "--exit-on-all-streams-close", "--timeout=20s",
      ])
    let (status, lines) = try client.finish()
    #expect(status == 0, "\(lines.suffix(5))")
    #expect((try? Body.hash(of: folder + "/body")) == body.hash)
    try path.expect(udp: 1...1, tcp: 0)
  }

  /// Until the kernel has a socket there: it lists them. (A bind that tries would be in the server's way.)
  private func waitForDatagrams(_ host: String, _ port: UInt16, _ server: Program) throws {
    let table = host.contains(":") ? "/proc/net/udp6" : "/proc/net/udp"
    let wanted = String(format: ":%04X ", port)
    for _ in 0..<10_000 {
      if try String(contentsOfFile: table, encoding: .utf8).contains(wanted) { return }
      usleep(1000)
    }
    Issue.record("nobody at \(host), \(port): \(server.output)")
  }
}
