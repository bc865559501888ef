import Foundation
import Testing

/// What `wfpctl explain` says is what happens: the same connects, asked and made (SPEC S4.2, S11.3).
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct ExplainTests {
  private func explained(_ stage: Stage, _ host: String, _ port: UInt16, _ app: String) throws -> String {
    let to = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    let lines = try stage.wfpctl("explain", "--to", to, "--app", app)
    return try #require(lines.last)
  }

  @Test("S4.2, S10.2: redirected, refused, blocked, permitted, left alone") func asItHappens() throws {
    let stage = try Stage()
    let (origin, port) = try stage.origin()
    let other = try stage.origin()
    let dead = try stage.freePort()
    let policy = """
      version: 1
      providers:
        - {name: gone, endpoints: ["127.0.0.1:\(dead)", "[::1]:\(dead)"]}
      sublayers: [{name: first, weight: 50000}]
      filters:
        - {name: lost, action: redirect, provider: gone, conditions: {ip_remote_address: "127.0.0.2"}}
        - {name: deny, action: block, conditions: {ip_remote_address: "127.0.0.3", ale_app_id: "*/ProbeClient"}}
        - {name: deny-others, action: block, conditions: {ip_remote_address: "127.0.0.4", ale_app_id: "*/curl"}}
        - {name: allow, action: permit, weight: 9, sublayer: first, conditions: {ip_remote_address: "127.0.0.5"}}
        - {name: not-asked, action: block, sublayer: first, conditions: {ip_remote_address: "127.0.0.5"}}

      """
    try stage.load(policy, name: "test")
    let service = try stage.service("contoso", redirecting: [other.port], weight: 1)
    let app = resolved(products.appending(path: "ProbeClient").path)

    #expect(try explained(stage, "127.0.0.1", other.port, app).hasPrefix("redirected to contoso at 127.0.0.1:"))
    #expect(try explained(stage, "127.0.0.2", port, app).contains("redirected to gone, which is not listening"))
    #expect(try explained(stage, "127.0.0.3", port, app) == "blocked by deny: EACCES")
    #expect(try explained(stage, "127.0.0.4", port, app) == "left alone: no filter matches")
    #expect(try explained(stage, "127.0.0.5", port, app) == "left alone: permitted by allow")

    #expect(try stage.exchange(port, host: "127.0.0.2").said == "failed connect ECONNREFUSED")
    #expect(try stage.exchange(port, host: "127.0.0.3").said == "failed connect EACCES")
    #expect(try stage.exchange(port, host: "127.0.0.4").good)
    #expect(try stage.exchange(port, host: "127.0.0.5").good)
    #expect(try stage.exchange(other.port).good)
    #expect(try origin.stop().count(containing: "accepted") == 2)
    #expect(try service.stop().count(containing: "flow") == 1)
  }
}
