import Foundation
import Testing

/// Listeners and accepted sockets that come through exec and fork, and their numbers when they are used again: SPEC
/// S2.13, S4.3, S10.2, DESIGN D1, D6.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct InheritanceTests {
  let stage: Stage
  let origin: (program: Program, port: UInt16)

  init() throws {
    stage = try Stage()
    origin = try stage.origin()
  }

  private var service: String { products.appending(path: "ProbeService").path }

  /// A launcher that starts the service probe with a socket as descriptor 3.
  private func launch(_ how: String, launcherTakesPart: Bool, _ arguments: [String] = []) throws -> Program {
    let environment = stage.environment.merging(["LAUNCH_PRELOAD": shim]) { $1 }
    let launcher = try Program(
      "ProbeLaunch", [how, "127.0.0.1", service, "contoso", "fd", "3"] + arguments,
      preload: launcherTakesPart ? shim : nil, environment: environment)
    let port = try stage.keep(launcher).port()
    try stage.load(stage.policy("contoso", port: port, redirecting: [origin.port]), name: "contoso")
    return launcher
  }

  private func expect(_ count: Int, flowsOf program: Program, sourceLocation: SourceLocation = #_sourceLocation) throws
  {
    let said = try program.stop()
    #expect(
      said.count(containing: " flow 127.0.0.1:\(origin.port) records 128 ") == count, "\(said)",
      sourceLocation: sourceLocation)
    #expect(
      try origin.program.stop().count(containing: "accepted") == count, "each once", sourceLocation: sourceLocation)
  }

  @Test("S2.13, H20: socket activation, Accept=no", arguments: [true, false])
  func listenerThroughExec(launcherTakesPart: Bool) throws {
    let service = try launch("listener", launcherTakesPart: launcherTakesPart)
    #expect(try stage.exchange(origin.port, arguments: ["--count", "20", "--parallel", "4"]).good)
    try expect(20, flowsOf: service)
  }

  /// The launcher has claimed the flow, or nobody has; what sets no records is not sent to itself all the same (S4.3).
  @Test(
    "S2.13, S4.3, D6: socket activation, Accept=yes", arguments: [true, false], [[], ["--no-set"]])
  func connectionThroughExec(launcherTakesPart: Bool, arguments: [String]) throws {
    let service = try launch("each", launcherTakesPart: launcherTakesPart, arguments)
    for _ in 0..<2 { #expect(try stage.exchange(origin.port).good) }
    let (status, said) = try service.finish()
    #expect(status == 0, "\(said)")
    try expect(2, flowsOf: service)
  }

  /// What is connected is connected, though nobody listens any more where a new connection would go: in a moment that is
  /// known, although the services that were seen to accept still live (docs/decisions/0003).
  @Test("S7.3, S10.2: a repeated connect when the listener is gone") func repeatedConnect() throws {
    let service = try launch("each", launcherTakesPart: false)
    let clients = try (0..<2).map { _ in
      let client = try stage.shimmed("ProbeSockets", ["again", "127.0.0.1", "\(origin.port)", "1", "--hold"])
      _ = try client.line("holding")
      return client
    }
    _ = try service.line("closed")
    let port = try #require(service.output.first?.split(separator: " ").last.flatMap { UInt16($0) })
    for (client, filter) in zip(clients, ["", "    permitIfCalloutUnregistered: true"]) {
      try stage.load(
        stage.policy("contoso", port: port, redirecting: [origin.port], filter: filter), name: "contoso")
      let wanted = filter.isEmpty ? "failed connect ECONNREFUSED" : "ok 1 failed 0 peer 127.0.0.1:\(origin.port)"
      var said = ""
      for _ in 0..<200 where said != wanted { said = try stage.exchange(origin.port).said }
      #expect(said == wanted)
      client.signal(SIGUSR1)
      #expect(try client.finish().lines.suffix(2) == ["again EISCONN", "echo"])
    }
    #expect(try service.stop().count(containing: " flow ") == 2)
    #expect(try origin.program.stop().count(containing: "accepted") == 3)
  }

  /// A service that never calls listen and connects before it accepts: it serves the endpoint nevertheless.
  @Test("S4.3: started with its listener, it connects first") func connectsFirst() throws {
    let port = try stage.freePort()
    let service = try activate(port, ["--dial", "\(origin.port)"])
    try stage.load(stage.policy("contoso", port: port, redirecting: [origin.port]), name: "contoso")
    #expect(try stage.exchange(origin.port).good)
    #expect(try service.line("dialled") == "dialled echo")
    #expect(try service.stop().count(containing: " flow ") == 1)
  }

  /// systemd-socket-activate(1), which starts the service at the first connection.
  private func activate(_ port: UInt16, _ arguments: [String] = [], each: Bool = false) throws -> Program {
    let settings = stage.environment.merging(["LD_PRELOAD": shim]) { $1 }.flatMap { ["-E", "\($0.key)=\($0.value)"] }
    let activator = try Program(
      tool("systemd-socket-activate", package: "systemd"),
      (each ? ["--accept"] : []) + ["-l", "127.0.0.1:\(port)"] + settings + [service, "contoso", "fd", "3"] + arguments)
    _ = try stage.keep(activator).line("Listening on")
    return activator
  }

  @Test("S2.13, S10.2, H20: systemd-socket-activate", arguments: [true, false]) func systemd(each: Bool) throws {
    let port = try stage.freePort()
    let service = try activate(port, each: each)
    try stage.load(stage.policy("contoso", port: port, redirecting: [origin.port]), name: "contoso")
    for _ in 0..<3 { #expect(try stage.exchange(origin.port).good) }
    for _ in 0..<3 { _ = try service.line(" flow ") }
    try expect(3, flowsOf: service)
  }

  /// Four streams at the same time, so that each of four workers has one; the owner of the listener lives, or not.
  @Test("S2.13, S10.2, H20: pre-forked workers", arguments: [[], ["--leave"]])
  func preFork(arguments: [String]) throws {
    let service = try stage.service(
      "contoso", redirecting: [origin.port], arguments: ["--workers", "4", "--steady"] + arguments)
    let workers = try (0..<4).map { _ in try #require(pid_t(service.line("worker ").dropFirst(7))) }
    defer { for worker in workers { kill(worker, SIGKILL) } }
    let streams = try (0..<4).map { _ in try stage.shimmed("ProbeStream", ["127.0.0.1", "\(origin.port)", "--hold"]) }
    for stream in streams { _ = try stream.line("holding") }
    let said = service.output.filter { $0.contains(" flow ") }
    let names = Set(said.compactMap { $0.split(separator: " ").first })
    #expect(said.count == 4 && names == ["contoso-1", "contoso-2", "contoso-3", "contoso-4"], "\(said)")
    for stream in streams {
      stream.signal(SIGUSR1)
      #expect(try stream.finish().lines.last == "ok 64")
    }
    #expect(try stage.exchange(origin.port, arguments: ["--count", "8", "--parallel", "2"]).good)
    #expect(try origin.program.stop().count(containing: "accepted") == 12)
  }

  /// The kernel spreads the connections; when one of the three is gone the others have them all.
  @Test("S2.13, S10.2, H20: SO_REUSEPORT") func sharedPort() throws {
    let port = try stage.freePort()
    let services = try ["a", "b", "c"].map { name in
      let service = try stage.shimmed("ProbeService", [name, "127.0.0.1", "\(port)", "--share"])
      _ = try service.port()
      return service
    }
    try stage.load(stage.policy("contoso", port: port, redirecting: [origin.port]), name: "contoso")
    #expect(try stage.exchange(origin.port, arguments: ["--count", "60", "--parallel", "4"]).good)
    let first = try services[0].stop().count(containing: "a flow 127.0.0.1:\(origin.port) records 128 ")
    #expect(try stage.exchange(origin.port, arguments: ["--count", "30", "--parallel", "4"]).good)
    let others = try services.dropFirst().map { try $0.stop().count(containing: " flow ") }
    #expect(first > 0 && others.allSatisfy { $0 > 0 } && first + others.reduce(0, +) == 90, "\(first) \(others)")
    #expect(try origin.program.stop().count(containing: "accepted") == 90)
  }

  /// Each connection gets the number of the one before: another destination, then a connection that is none of ours,
  /// then a first destination again.
  @Test("S2.13, D1, H17, H44: a descriptor's number is used again") func sameNumber() throws {
    let other = try stage.origin()
    let service = try stage.service("contoso", redirecting: [origin.port, other.port], arguments: ["--steady"])
    let own = try #require(service.output.first?.split(separator: " ").last.flatMap { UInt16($0) })
    #expect(try stage.exchange(origin.port).good)
    #expect(try stage.exchange(other.port).good)
    #expect(try !stage.exchange(own).good)
    #expect(try stage.exchange(origin.port).good)
    let said = try service.stop().dropFirst()
    let numbers = said.filter { $0.hasPrefix("contoso fd ") }
    #expect(numbers.count == 4 && Set(numbers).count == 1, "\(numbers)")
    let answers = said.filter { !$0.hasPrefix("contoso fd ") }
    let flow = { (port: UInt16) in "contoso flow 127.0.0.1:\(port) records 128 context 256" }
    #expect(answers == [flow(origin.port), flow(other.port), "contoso records EINVAL 0", flow(origin.port)])
  }

  /// A service that closes every descriptor after it was started, and then begins.
  @Test("H1, S10.1: close_range, then listen, accept and query") func closedAll() throws {
    let service = try stage.service("contoso", redirecting: [origin.port], arguments: ["--close"])
    #expect(try stage.exchange(origin.port, arguments: ["--count", "5"]).good)
    try expect(5, flowsOf: service)
  }
}
