import Foundation
import Testing

/// kill -9 in the middle: SPEC S10.5, H39. The rest works on, and later connects succeed.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct KillTests {
  /// app -> A -> B -> origin, with streams held in the middle.
  struct Scene {
    let stage: Stage
    let origin: (program: Program, port: UInt16)
    var services: [Program]
    let ports: [UInt16]

    init() throws {
      stage = try Stage()
      origin = try stage.origin()
      services = []
      var ports: [UInt16] = []
      for (position, name) in ["contoso", "fabrikam"].enumerated() {
        ports.append(try stage.freePort())
        let service = try stage.shimmed("ProbeService", [name, "::", "\(ports[position])"])
        _ = try service.port()
        let text = stage.policy(name, port: ports[position], redirecting: [origin.port], weight: 9 - position)
        try stage.load(text, name: name)
        services.append(service)
      }
      self.ports = ports
    }

    func stream() throws -> Program {
      let stream = try stage.shimmed("ProbeStream", ["127.0.0.1", "\(origin.port)", "--size", "200000", "--hold"])
      _ = try stream.line("holding")
      return stream
    }

    func end(_ stream: Program) throws -> String {
      stream.signal(SIGUSR1)
      return try stream.finish().lines.last ?? ""
    }
  }

  /// The application dies; its neighbour's stream goes on. Then as many again as the table has slots nearby.
  @Test func application() throws {
    let scene = try Scene()
    let neighbour = try scene.stream()
    for _ in 0..<10 { try scene.stream().stop(SIGKILL) }
    #expect(try scene.end(neighbour) == "ok 200000")
    let (good, said) = try scene.stage.exchange(scene.origin.port, arguments: ["--count", "200", "--parallel", "20"])
    #expect(good, "\(said)")
    for service in scene.services { #expect(try service.stop().count(containing: "flow") == 211) }
  }

  /// A service dies: its clients' streams are cut, not redirected anew; when it is back all is as before.
  @Test(arguments: [0, 1]) func service(which: Int) throws {
    var scene = try Scene()
    let stream = try scene.stream()
    try scene.services[which].stop(SIGKILL)
    #expect(try scene.end(stream).hasPrefix("failed "))
    // A is away: refused. B is away: A's connect is, and A ends the connection.
    let (good, said) = try scene.stage.exchange(scene.origin.port)
    #expect(!good)
    if which == 0 { #expect(said == "failed connect ECONNREFUSED") }
    if which == 1 { #expect(try scene.services[0].line(" connect ").hasSuffix("ECONNREFUSED")) }
    let name = ["contoso", "fabrikam"][which]
    scene.services[which] = try scene.stage.shimmed("ProbeService", [name, "::", "\(scene.ports[which])"])
    _ = try scene.services[which].port()
    let (again, words) = try scene.stage.exchange(scene.origin.port, arguments: ["--count", "50", "--parallel", "5"])
    #expect(again, "\(words)")
    #expect(try scene.services[which].stop().count(containing: "flow") == 50)
    #expect(try scene.origin.program.stop().count(containing: "accepted") == 51)
  }

  /// Many applications die at any instruction of connecting; no slot is lost to the next ones.
  @Test func anyInstruction() throws {
    let scene = try Scene()
    for round in 0..<40 {
      let traffic = try scene.stage.shimmed("ProbeTraffic", ["127.0.0.1", "\(scene.origin.port)"])
      if round.isMultiple(of: 4) { _ = try traffic.line("going") }
      // Else wherever it has got to by now: starting, connecting, or at the first exchange.
      for _ in 0..<(round * 40) { sched_yield() }
      try traffic.stop(SIGKILL)
    }
    let (good, said) = try scene.stage.exchange(scene.origin.port, arguments: ["--count", "300", "--parallel", "20"])
    #expect(good, "\(said)")
    let flows = scene.services.map { $0.output.count(containing: "records 128") }
    #expect(flows[0] >= 300 && flows[1] == 0)
  }

  /// H39: more connections than the table has slots (4,096), while others live and others were killed: slots of flows
  /// that are over serve again, and the engine file does not grow.
  @Test func slotsServeAgain() throws {
    let stage = try Stage()
    let (origin, elsewhere) = (try stage.origin(), try stage.origin())
    let service = try stage.shimmed("ProbeOrigin", ["::", "0", "--silent"])  // accepts and claims, and answers itself
    try stage.load(stage.policy("contoso", port: try service.port(), redirecting: [elsewhere.port]), name: "contoso")
    var size = stat()
    stat(stage.engine, &size)
    let before = size.st_size
    let held = try (0..<5).map { _ in try stage.shimmed("ProbeStream", ["127.0.0.1", "\(elsewhere.port)", "--hold"]) }
    for stream in held { _ = try stream.line("holding") }
    try held[0].stop(SIGKILL)
    let storm = try stage.shimmed("ProbeSockets", ["storm", "127.0.0.1", "\(elsewhere.port)", "\(origin.port)"])
    let lines = try storm.finish().lines
    #expect(lines == ["good 5000"])
    stat(stage.engine, &size)
    #expect(size.st_size == before)
    #expect(try stage.flows().filter { $0.application.pid != Int(storm.pid) }.count == 4)
    for stream in held.dropFirst() {
      stream.signal(SIGUSR1)
      #expect(try stream.finish().lines.last == "ok 64")
    }
    #expect(try elsewhere.program.stop().count(containing: "accepted") == 0)
  }

  /// A manager that holds the engine's lock, or dies with it, holds up no connect and no later manager.
  @Test func manager() throws {
    let scene = try Scene()
    let engine = open(scene.stage.engine, O_RDWR | O_CLOEXEC)
    try #require(engine >= 0)
    defer { close(engine) }
    try #require(flock(engine, LOCK_EX) == 0)
    let arguments = ["policy", "unload", "contoso"]
    let waiting = scene.stage.keep(try Program("wfpctl", arguments, environment: scene.stage.environment))
    let deadline = Date(timeIntervalSinceNow: 30)
    while !waits(waiting.pid) && Date() < deadline { sched_yield() }
    #expect(waits(waiting.pid))
    #expect(try scene.stage.exchange(scene.origin.port).good)
    try waiting.stop(SIGKILL)
    flock(engine, LOCK_UN)
    #expect(try scene.stage.exchange(scene.origin.port).good)
    for service in scene.services { #expect(service.output.count(containing: "flow") == 2) }
    try scene.stage.wfpctl("policy", "unload", "contoso")
    #expect(try scene.stage.exchange(scene.origin.port).good)
    #expect(try scene.services[0].stop().count(containing: "flow") == 2)
    #expect(try scene.services[1].stop().count(containing: "flow") == 3)
  }

  /// Managers killed at any point of a load: the policy in force is the old one or the new one, whole.
  @Test func managerAtAnyPoint() throws {
    let scene = try Scene()
    let file = scene.stage.folder + "/contoso.yaml"
    for round in 0..<40 {
      let arguments = ["policy", "load", file, "--name", "contoso"]
      let loading = scene.stage.keep(try Program("wfpctl", arguments, environment: scene.stage.environment))
      for _ in 0..<(round * 400) { sched_yield() }
      try loading.stop(SIGKILL)
      if round.isMultiple(of: 8) { #expect(try scene.stage.exchange(scene.origin.port).good) }
    }
    try scene.stage.wfpctl("policy", "load", file, "--name", "contoso")
    #expect(try scene.stage.exchange(scene.origin.port, arguments: ["--count", "20"]).good)
    for service in scene.services { #expect(try service.stop().count(containing: "flow") == 25) }
  }

  /// Whether the process waits for a file lock.
  private func waits(_ pid: pid_t) -> Bool {
    let locks = (try? String(contentsOfFile: "/proc/locks", encoding: .utf8)) ?? ""
    return locks.split(separator: "\n").contains { $0.contains("->") && $0.contains(" \(pid) ") }
  }
}
