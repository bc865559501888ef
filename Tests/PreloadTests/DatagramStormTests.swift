import Foundation
import Testing

/// SPEC S8.3: many destinations, many flows, loss and another order. Every context and every source is compared; the
/// counts are exact, since the service says which datagrams it leaves unanswered (every tenth).
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct DatagramStormTests {
  private func storm(sockets: Int, destinations: Int, count: Int, seconds: Double = 300) throws -> [String] {
    let stage = try Stage()
    let service = try stage.shimmed("ProbeStorm", ["serve"])
    let policy = stage.datagramPolicy("contoso", port: try service.port(), redirecting: [5353])
      .replacing(#/, "\[::1\]:\d+"/#, with: "")
    try stage.load(policy, name: "contoso")
    let client = try stage.shimmed("ProbeStorm", ["send", "5353", "\(sockets)", "\(destinations)", "\(count)"])
    let (status, lines) = try client.finish(seconds: seconds)
    #expect(status == 0)
    #expect(stage.diagnostics.isEmpty, "\(stage.diagnostics)")
    return lines
  }

  private func expected(_ count: Int, flows: Int) -> [String] {
    let answers = count - count / 10
    return [
      "sent \(count) failed 0 answered \(answers) of \(answers) twice 0 wrong socket 0 source 0 context 0",
      "service received \(count) contexts \(flows) strays 0",
    ]
  }

  @Test("S8.3, H23: one socket, a hundred destinations, one service") func oneSocket() throws {
    #expect(try storm(sockets: 1, destinations: 100, count: 2000) == expected(2000, flows: 100))
  }

  /// A thousand flows. `make soak-udp` sends a million datagrams.
  @Test("S8.3: a thousand flows, loss and another order") func thousandFlows() throws {
    let count = ProcessInfo.processInfo.environment["WFPSHIM_TEST_DATAGRAMS"].flatMap { Int($0) } ?? 20_000
    let lines = try storm(sockets: 10, destinations: 100, count: count, seconds: 3000)
    if count != 20_000 { print(lines.joined(separator: "\n")) }
    #expect(lines == expected(count, flows: 1000))
  }

  @Test("S8.3: sockets that live for one datagram, as a resolver's") func shortLives() throws {
    let stage = try Stage()
    _ = try stage.relay("contoso", redirecting: [9])
    let one = ["new a 4", "sendto a 192.0.2.1 9 x", "close a"]
    let results = try stage.datagrams((0..<3000).flatMap { _ in one })
    #expect(results == (0..<3000).flatMap { _ in ["ok 0", "ok 1", "ok 0"] })
  }
}
