import Foundation
import Testing

/// Chains of services that do not know each other, started and loaded in any order: SPEC S4, S4.1.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct ChainOrderTests {
  private static let names = ["contoso", "fabrikam", "northwind"]

  /// S4.1: A -> B -> C, each exactly once, in every order of starting; the policies are loaded in the reverse order.
  @Test(arguments: permutations(names)) func threeServices(order: [String]) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    var services: [String: Program] = [:]
    for name in order { services[name] = try stage.shimmed("ProbeService", [name, "::", "0"]) }
    for name in order.reversed() {
      let port = try #require(try services[name]?.port())
      try stage.load(
        stage.policy(
          name, port: port, redirecting: [origin.port], weight: 100 - (Self.names.firstIndex(of: name) ?? 0)),
        name: name)
    }
    #expect(try stage.exchange(origin.port, arguments: ["--count", "5"]).good)
    for (position, name) in Self.names.enumerated() {
      let flows = try #require(try services[name]?.stop()).filter { $0.contains("flow") }
      #expect(flows.count == 5)
      // One hop more at each service; 64 bytes a hop.
      #expect(flows.allSatisfy { $0.contains(" records \(128 + 64 * position) ") })
    }
    #expect(try origin.program.stop().count(containing: "accepted") == 5)
  }

  /// S4.1: the policies are there before any service runs, and the services start in every order.
  @Test(arguments: permutations(names)) func policiesFirst(order: [String]) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    var ports: [String: UInt16] = [:]
    for (position, name) in Self.names.enumerated() {
      ports[name] = try stage.freePort()
      let text = try stage.policy(
        name, port: #require(ports[name]), redirecting: [origin.port], weight: 9 - position)
      try stage.load(text, name: name)
    }
    var services: [Program] = []
    for name in order {
      services.append(try stage.shimmed("ProbeService", [name, "::", "\(try #require(ports[name]))"]))
      _ = try services.last?.port()
    }
    #expect(try stage.exchange(origin.port).good)
    for service in services { #expect(try service.stop().count(containing: "flow") == 1) }
    #expect(try origin.program.stop().count(containing: "accepted") == 1)
  }

  /// S4.1, S2.16: eight services; the last one's records are 576 bytes, fewer than 1,024.
  @Test func eightServices() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let services = try (0..<8).map { try stage.service("vendor\($0)", redirecting: [origin.port], weight: 100 - $0) }
    #expect(try stage.exchange(origin.port, arguments: ["--count", "10", "--parallel", "5"]).good)
    for (position, service) in services.enumerated() {
      let flows = try service.stop().filter { $0.contains("flow") }
      #expect(flows.count == 10)
      #expect(flows.allSatisfy { $0.contains(" records \(128 + 64 * position) ") })
    }
    #expect(try origin.program.stop().count(containing: "accepted") == 10)
  }

  /// S4.1: the client was started before there was an engine, a policy or a service.
  @Test func clientBeforeEverything() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let traffic = try stage.shimmed("ProbeTraffic", ["127.0.0.1", "\(origin.port)", "--parallel", "2"])
    _ = try traffic.line("going")
    let a = try stage.service("contoso", redirecting: [origin.port], weight: 9)
    let b = try stage.service("fabrikam", redirecting: [origin.port], weight: 5)
    _ = try a.line("flow")
    _ = try b.line("records 192")
    let summary = try #require(try traffic.stop().last)
    #expect(summary.hasSuffix("refused 0 broken 0 wrong 0"))
  }

  /// S2.14, S4.5, S11.3: the application of the first hop is known at the second, to the engine and to filters.
  @Test func originalApplication() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let conditions = "{ ip_remote_port: \(origin.port), ale_original_app_id: \"*/ProbeStream\" }"
    let a = try stage.service("contoso", redirecting: [origin.port], weight: 9)
    let ports = try Self.names[1...].map { name in
      let service = try stage.shimmed("ProbeService", [name, "::", "0"])
      return (name, service, try service.port())
    }
    // fabrikam asks for the original application, northwind for the program that connects: only A's callers.
    try stage.load(stage.redirect("fabrikam", port: ports[0].2, conditions: conditions), name: "fabrikam")
    try stage.load(
      stage.redirect(
        "northwind", port: ports[1].2, conditions: "{ ip_remote_port: \(origin.port), ale_app_id: \"*/ProbeStream\" }"),
      name: "northwind")
    let stream = try stage.shimmed("ProbeStream", ["127.0.0.1", "\(origin.port)", "--hold"])
    _ = try stream.line("holding")
    let flows = try stage.flows().filter { $0.state != "carrying" }
    #expect(flows.map(\.providers) == [["contoso"], ["contoso", "fabrikam"]])
    #expect(
      flows.allSatisfy {
        $0.application.path?.hasSuffix("/ProbeStream") == true && $0.application.pid == Int(stream.pid)
      })
    #expect(flows.map { $0.client.path?.split(separator: "/").last } == ["ProbeStream", "ProbeService"])
    #expect(flows.allSatisfy { $0.destination == "127.0.0.1:\(origin.port)" })
    stream.signal(SIGUSR1)
    #expect(try stream.finish().status == 0)
    // Another application: its path is not that of the condition, at no hop.
    #expect(try stage.exchange(origin.port).good)
    #expect(try a.stop().count(containing: "flow") == 2)
    #expect(try ports[0].1.stop().count(containing: "flow") == 1)
    #expect(try ports[1].1.stop().count(containing: "flow") == 0)
  }
}
