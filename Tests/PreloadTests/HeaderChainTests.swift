import Foundation
import Testing

/// S9.1, S9.2: a chain that goes on behind a PROXY header, and other people's senders.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct HeaderChainTests {
  /// An origin, a service (contoso) that takes headers and programs' connections, and one (fabrikam) that takes
  /// programs' alone. Filters send connections to the origin to both, contoso first.
  private struct Scene {
    let stage: Stage
    let origin: (program: Program, port: UInt16)
    let contoso, fabrikam: Program
    let port: UInt16

    init(contosoAccepts: String = "[preload, proxy-v2]") throws {
      stage = try Stage()
      origin = try stage.origin()
      contoso = try stage.shimmed("ProbeService", ["contoso", "127.0.0.1", "0"])
      port = try contoso.port()
      let policy = stage.policy("contoso", port: port, redirecting: [origin.port], weight: 100)
      try stage.load(
        policy.replacingOccurrences(of: "    context:", with: "    accepts: \(contosoAccepts)\n    context:"),
        name: "contoso")
      fabrikam = try stage.service("fabrikam", redirecting: [origin.port], weight: 50)
    }

    func send(_ header: HeaderBytes, _ commands: [String]) throws -> Program {
      let file = stage.folder + "/bytes"
      try Data(header.bytes + Array("hello".utf8)).write(to: URL(fileURLWithPath: file))
      let all = "send 0 \(header.bytes.count + 5)"
      return stage.keep(try Program("ProbeSender", ["127.0.0.1", "\(port)", file, all] + commands))
    }
  }

  @Test("S9.1, S3.1, S4: the chain of a header goes on; whose it was already is not asked again") func chain() throws {
    let scene = try Scene()
    let header = HeaderBytes(from: "192.0.2.7", 40001, to: "127.0.0.1", scene.origin.port)
      .carrying(CarriedApplication(), hops: [CarriedHopBytes()]).checked
    let sender = try scene.send(header, ["answer 5"])
    #expect(try sender.line("answer") == "answer hello")
    let flows = try scene.stage.flows().filter { $0.state != "carrying" }
    #expect(flows.map(\.providers) == [["northwind", "contoso"], ["northwind", "contoso", "fabrikam"]])
    #expect(flows.map(\.application.path) == ["/opt/elsewhere/app", "/opt/elsewhere/app"])
    #expect(flows.map(\.application.pid) == [4711, 4711])
    #expect(flows.first?.local == "192.0.2.7:40001" && flows.first?.destination == "127.0.0.1:\(scene.origin.port)")
    let to = "flow 127.0.0.1:\(scene.origin.port)"
    #expect(try scene.contoso.line("flow") == "contoso \(to) records 192 context 256")
    #expect(try scene.fabrikam.line("flow") == "fabrikam \(to) records 256 context 256")
  }

  @Test("S4.4, S9.1: hops that travelled count") func hopLimit() throws {
    let scene = try Scene()
    let hops = [CarriedHopBytes](repeating: CarriedHopBytes(), count: 15)
    let header = HeaderBytes(from: "192.0.2.7", 40001, to: "127.0.0.1", scene.origin.port)
      .carrying(CarriedApplication(), hops: hops)
    let sender = try scene.send(header, [])
    #expect(try scene.contoso.line("connect") == "contoso connect 127.0.0.1:\(scene.origin.port) ELOOP")
    _ = sender
  }

  @Test("S9.1: a service that takes both has programs too, and what they send is theirs, a header or not")
  func mixed() throws {
    let more = """
      filters:
        - {name: to-contoso, action: redirect, provider: contoso, conditions: {ip_remote_port: \(Calls.dialled)}}
      """
    let scene = try HeaderScene(
      ["defer", "accept f", "C f 0", "R f 0", "unread f", "accept g", "C g hex", "unread g"],
      accepts: "[preload, proxy-v2]", more: more)
    let bytes = HeaderScene.v4.bytes
    let program = try scene.send(bytes, to: Calls.dialled, shimmed: true)
    _ = try scene.calls.program.line("\(bytes.count + 5)")
    let sender = try scene.send(bytes)
    let results = try scene.calls.results()
    #expect(results[2...4] == ["-1 ENOBUFS 32 same", "-1 ENOBUFS 128 same", "\(bytes.count + 5)"], "\(results)")
    #expect(results[6...] == ["0 - 32 wrote \(HeaderScene.contexts[0])", "5"], "\(results)")
    _ = (program, sender)
  }

  @Test("S10.2, S9.1: for a program a service that takes headers alone is not there", arguments: [false, true])
  func headersAlone(permits: Bool) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.shimmed("ProbeService", ["contoso", "127.0.0.1", "0"])
    let port = try service.port()
    let policy = stage.policy("contoso", port: port, redirecting: [origin.port])
      .replacingOccurrences(of: "    context:", with: "    accepts: proxy-v2\n    context:")
      .replacingOccurrences(of: "    weight: 100", with: "    weight: 100\n    permitIfCalloutUnregistered: \(permits)")
    try stage.load(policy, name: "contoso")
    let (good, said) = try stage.exchange(origin.port)
    #expect(good == permits, "\(said)")
    if !permits { #expect(said.contains("ECONNREFUSED"), "\(said)") }
    #expect(try service.stop().count(containing: "contoso ") == 0)
  }

  @Test(
    "S9.2: HAProxy's send-proxy-v2 in front of a redirect service",
    arguments: ["send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id", "send-proxy-v2-ssl"])
  func haproxy(option: String) throws {
    let scene = try HeaderScene(["accept f", "C f hex", "R f 0", "recv f 5"])
    let front = try scene.stage.freePort()
    let file = scene.stage.folder + "/haproxy.cfg"
    try """
    defaults
      mode tcp
      timeout connect 30s
      timeout client 60s
      timeout server 60s
    listen front
      bind 127.0.0.1:\(front)
      unique-id-format %{+X}o\\ %ci:%cp_%rt
      server service 127.0.0.1:\(scene.calls.port) \(option)

    """.write(toFile: file, atomically: true, encoding: .utf8)
    let haproxy = scene.stage.keep(try Program(tool("haproxy"), ["-db", "-f", file]))
    let sender = try scene.send([], to: front)
    let own = try #require(UInt16(try sender.line("connected ").split(separator: " ").last ?? ""))
    func sockaddr(_ port: UInt16) -> String {
      (([2, 0] as [UInt8]) + big(port) + [127, 0, 0, 1] + .init(repeating: 0, count: 8))
        .map { String(format: "%02x", $0) }.joined()
    }
    #expect(
      try scene.results() == ["0 - 32 wrote \(sockaddr(front))\(sockaddr(own))", "-1 ENOBUFS 128 same", "hello"],
      "\(haproxy.output)")
  }
}
