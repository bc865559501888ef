import Foundation
import Testing

/// `wfpctl status`: what happened is counted once, under the provider to which it happened (SPEC S10).
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct StatusTests {
  private struct Status: Decodable {
    struct Engine: Decodable { var path: String, version: Int }
    struct Flows: Decodable { var live: Int, capacity: Int, limit: Int }
    struct Policy: Decodable { var sets: [String], filters: Int }
    var engine: Engine, flows: Flows, policy: Policy
    var counts: [String: Int], providers: [String: [String: Int]]
  }

  private func status(_ stage: Stage) throws -> Status {
    let text = try stage.wfpctl("status", "--json").joined(separator: "\n")
    return try JSONDecoder().decode(Status.self, from: Data(text.utf8))
  }

  @Test("S10: published, claimed, refused, blocked, and where the engine is") func outcomes() throws {
    let stage = try Stage()
    let (_, port) = try stage.origin()
    let (gone, denied) = (try stage.freePort(), try stage.freePort())
    let before = try status(stage)
    #expect(before.engine.path == stage.engine && before.counts.values.allSatisfy { $0 == 0 })
    let filters = "  - {name: deny, action: block, conditions: {ip_remote_port: \(denied)}}"
    let service = try stage.service("contoso", redirecting: [port], filter: filters)
    let lost = """
      version: 1
      providers: [{name: fabrikam, endpoints: ["127.0.0.1:\(gone)"]}]
      filters: [{name: lost, action: redirect, provider: fabrikam, conditions: {ip_remote_port: \(gone)}}]
      """
    try stage.load(lost, name: "fabrikam")
    #expect(try stage.exchange(port, arguments: ["--count", "5"]).good)
    for _ in 0..<2 { #expect(try stage.exchange(gone).said == "failed connect ECONNREFUSED") }
    for _ in 0..<3 { #expect(try stage.exchange(denied).said == "failed connect EACCES") }
    try service.stop()

    let after = try status(stage)
    #expect(after.policy.sets == ["contoso", "fabrikam"] && after.policy.filters == 3)
    #expect(after.flows.capacity == 4096 && after.flows.limit >= 100_000)
    let counted = [
      "published": 5, "claimed": 5, "refused": 2, "blocked": 3, "loops": 0, "full": 0, "evicted": 0, "lost": 0,
    ]
    for (name, count) in counted { #expect(after.counts[name] == count, "\(name)") }
    #expect(after.providers["contoso"]?["published"] == 5 && after.providers["contoso"]?["refused"] == 0)
    #expect(after.providers["fabrikam"]?["refused"] == 2 && after.providers["fabrikam"]?["published"] == 0)
    let text = try stage.wfpctl("status").joined(separator: "\n")
    #expect(text.contains("published 5  claimed 5") && text.contains("  fabrikam  published 0"))
  }

  @Test("S4.4: loops that were stopped") func loops() throws {
    let stage = try Stage()
    let (_, port) = try stage.origin()
    _ = try stage.service("contoso", redirecting: [port], weight: 9, arguments: ["--no-set"])
    _ = try stage.service("fabrikam", redirecting: [port], arguments: ["--no-set"])
    #expect(try !stage.exchange(port).good)
    let counts = try status(stage)
    #expect(counts.counts["loops"] == 1 && counts.counts["published"] == 16)
    #expect(counts.providers.values.reduce(0) { $0 + ($1["loops"] ?? 0) } == 1)
  }

  @Test("S10.5: flows that are over are counted when their slots serve again") func expired() throws {
    let stage = try Stage()
    let (origin, elsewhere) = (try stage.origin(), try stage.origin())
    let service = try stage.shimmed("ProbeOrigin", ["::", "0", "--silent"])
    try stage.load(stage.policy("contoso", port: try service.port(), redirecting: [elsewhere.port]), name: "contoso")
    let storm = try stage.shimmed("ProbeSockets", ["storm", "127.0.0.1", "\(elsewhere.port)", "\(origin.port)"])
    #expect(try storm.finish().lines == ["good 5000"])
    let counts = try status(stage).counts
    #expect(counts["published"] == 5000 && counts["claimed"] == 5000 && counts["full"] == 0)
    #expect((counts["expired"] ?? 0) >= 5000 - 4096, "\(counts)")
  }
}
