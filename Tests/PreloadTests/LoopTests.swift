import Foundation
import Testing

/// What stops loops when services set no records: SPEC S4.3, S4.4. No loop here is endless: the services close what
/// comes after their limit, and say so.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct LoopTests {
  /// How the services of a test are built.
  enum Model: String, CaseIterable, CustomTestStringConvertible {
    case threads, workers, forkEach
    var arguments: [String] {
      switch self {
      case .threads: []
      case .workers: ["--workers", "3"]
      case .forkEach: ["--fork-each"]
      }
    }
    var testDescription: String { rawValue }
  }

  /// S4.3: a service that sets nothing never meets itself, pre-forked workers neither (H20).
  @Test(arguments: [Model.threads, .workers]) func aloneWithoutRecords(model: Model) throws {
    try alone(model)
  }

  /// S4.3: a child that serves one connection serves the endpoint, though it closed its copy of the listener.
  @Test func aloneWithoutRecordsInChildren() throws {
    try alone(.forkEach)
  }

  private func alone(_ model: Model) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let a = try stage.unruly("contoso", redirecting: [origin.port], arguments: model.arguments)
    let (good, said) = try stage.exchange(origin.port, arguments: ["--count", "20", "--parallel", "4"])
    #expect(good, "\(said)")
    #expect(try origin.program.stop().count(containing: "accepted") == 20)
    #expect(try a.stop().count(containing: "contoso flow 127.0.0.1:\(origin.port)") == 20)
    #expect(stage.diagnostics.count(containing: "loop") == 0)
  }

  /// S4.3: it listens, and dials before it has accepted anything.
  @Test func dialsFirst() throws {
    let stage = try Stage()
    let (origin, port) = (try stage.origin(), try stage.freePort())
    try stage.load(stage.policy("contoso", port: port, redirecting: [origin.port]), name: "contoso")
    let service = try stage.shimmed(tool("python3"), [program("listens_first.py"), "\(port)", "\(origin.port)"])
    #expect(try service.line() == "connected")
    try service.stop()
    #expect(try origin.program.stop().count(containing: "accepted") == 1)
  }

  /// S4.3, H28: by whatever local address it dials the destination on.
  @Test(arguments: ["127.0.0.2", "::1", "::ffff:127.0.0.1", "::ffff:127.0.0.9"]) func dialsAnotherAddress(host: String)
    throws
  {
    let stage = try Stage()
    let origin = try stage.origin()
    let a = try stage.unruly("contoso", redirecting: [origin.port], arguments: ["--dial", host])
    let (good, said) = try stage.exchange(origin.port)
    #expect(good, "\(said)")
    #expect(try a.stop().dropFirst().count == 1)
    #expect(try origin.program.stop().count(containing: "accepted") == 1)
  }

  /// S4.3, H28: it dials its own endpoint, which its own filter matches, by each local address: the connection is an
  /// ordinary one, with nothing to query.
  @Test(arguments: ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"]) func dialsItself(host: String) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let a = try stage.shimmed("ProbeUnruly", ["contoso", "::", "0", "--self", host])
    let port = try a.port()
    try stage.load(stage.policy("contoso", port: port, redirecting: [origin.port, port]), name: "contoso")
    #expect(try !stage.exchange(origin.port).good)
    let said = try a.stop().dropFirst()
    #expect(said.count == 2)
    #expect(said.count(containing: "contoso flow") == 1)
    #expect(said.count(containing: "contoso query EINVAL") == 1)  // S2.10
  }

  /// S4.4: two services that both set nothing: refused at the hop limit, with one diagnostic that names them.
  @Test(arguments: [nil, 1, 2, 7, 64], [Model.threads]) func bothWithoutRecords(limit: Int?, model: Model) throws {
    try bothWithoutRecords(limit: limit, model)
  }

  /// S4.4, H20: the same of services with pre-forked workers.
  @Test func bothWithoutRecordsInWorkers() throws { try bothWithoutRecords(limit: nil, .workers) }

  /// S4.4: the same of services that fork for each connection: parent and child share the accepted socket, and it
  /// lives on when the parent has closed its descriptor (DESIGN D1).
  @Test func bothWithoutRecordsInChildren() throws {
    try bothWithoutRecords(limit: nil, .forkEach)
  }

  private func bothWithoutRecords(limit: Int?, _ model: Model) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let options = limit.map { "options: { hopLimit: \($0) }" } ?? ""
    let a = try stage.unruly(
      "contoso", redirecting: [origin.port], weight: 9, arguments: model.arguments + ["--limit", "50"], filter: options)
    let b = try stage.unruly(
      "fabrikam", redirecting: [origin.port], weight: 5, arguments: model.arguments + ["--limit", "50"], filter: options
    )
    #expect(try !stage.exchange(origin.port).good)
    let (seenByA, seenByB) = (try a.stop(), try b.stop())
    let refused = (seenByA + seenByB).filter { $0.contains("connect 127.0.0.1:\(origin.port) ELOOP") }
    #expect(refused.count == 1)
    // The last of them was refused, so it is not among the flows that went on.
    #expect((seenByA + seenByB).count(containing: " flow ") == (limit ?? 16) - 1)
    #expect((seenByA + seenByB).count(containing: " limit") == 0)
    let loops = stage.diagnostics.filter { $0.contains("loop") }
    #expect(loops.count == 1)
    let names = (limit == 1) ? ["to-contoso->contoso"] : ["to-contoso->contoso", "to-fabrikam->fabrikam"]
    for name in names + ["ELOOP", "127.0.0.1:\(origin.port)"] { #expect(loops.first?.contains(name) == true) }
    #expect(try origin.program.stop().count(containing: "accepted") == 0)
  }

  /// S4.4: one that sets nothing between two that do.
  @Test func oneInTheMiddle() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let limit = ["--limit", "50"]
    let a = try stage.unruly("contoso", redirecting: [origin.port], weight: 9, arguments: ["--set"] + limit)
    let b = try stage.unruly("fabrikam", redirecting: [origin.port], weight: 5, arguments: limit)
    let c = try stage.unruly("northwind", redirecting: [origin.port], weight: 3, arguments: ["--set"] + limit)
    #expect(try !stage.exchange(origin.port).good)
    let seen = try a.stop() + b.stop() + c.stop()
    #expect(seen.count(containing: "ELOOP") == 1)
    #expect(seen.count(containing: " flow ") == 15)
    #expect(seen.count(containing: " limit") == 0)
    let loops = stage.diagnostics.filter { $0.contains("loop") }
    #expect(loops.count == 1)
    for name in ["contoso", "fabrikam", "to-contoso", "to-fabrikam"] { #expect(loops.first?.contains(name) == true) }
  }

  /// S4.4: the guard stops loops, not services: while A relays to a destination it connects there on its own account,
  /// without records. B is asked, and A too, since it is a connection of nobody's.
  @Test func secondConnection() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let a = try stage.unruly("contoso", redirecting: [origin.port], weight: 9, arguments: ["--set", "--again", "1"])
    let b = try stage.unruly("fabrikam", redirecting: [origin.port], weight: 5, arguments: ["--set"])
    for _ in 0..<5 {
      let (good, said) = try stage.exchange(origin.port)
      #expect(good, "\(said)")
    }
    #expect(try a.line("again") == "contoso again ok")
    #expect(try (a.stop() + b.stop()).count(containing: " connect ") == 0)
    #expect(stage.diagnostics.count(containing: "loop") == 0)
  }

  /// S4.4, H28: the same many at a time, of a service that never sets records.
  @Test func manySecondConnections() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let a = try stage.unruly("contoso", redirecting: [origin.port], arguments: ["--again", "60"])
    let (good, said) = try stage.exchange(origin.port, arguments: ["--count", "60", "--parallel", "20"])
    #expect(good, "\(said)")
    // A connection that the service has made may still wait to be accepted.
    for _ in 1...120 { _ = try origin.program.line("accepted") }
    #expect(try a.stop().count(containing: "again ok") == 60)
    #expect(try origin.program.stop().count(containing: "accepted") == 120)
    #expect(stage.diagnostics.count(containing: "loop") == 0)
  }
}
