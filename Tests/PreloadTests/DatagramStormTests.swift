import Foundation
import Testing

/// SPEC S8.3: many destinations, many flows, loss and another order. Every context and every source is compared; the
/// counts are exact, since the service says which datagrams it leaves unanswered (every tenth).
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct DatagramStormTests {
  /// The storm probe, its service before it.
  private func storm(_ arguments: String..., seconds: Double = 300) throws -> [String] {
    let stage = try Stage()
    let service = try stage.shimmed("ProbeStorm", ["serve"])
    try stage.load(stage.datagramPolicy("contoso", port: try service.port(), redirecting: [5353]), name: "contoso")
    let (status, lines) = try stage.shimmed("ProbeStorm", arguments).finish(seconds: seconds)
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
    #expect(try storm("send", "5353", "1", "100", "2000") == expected(2000, flows: 100))
  }

  /// A thousand flows. `make soak-udp` sends a million datagrams.
  @Test("S8.3: a thousand flows, loss and another order") func thousandFlows() throws {
    let count = ProcessInfo.processInfo.environment["WFPSHIM_TEST_DATAGRAMS"].flatMap { Int($0) } ?? 20_000
    let lines = try storm("send", "5353", "10", "100", "\(count)", seconds: 3000)
    if count != 20_000 { print(lines.joined(separator: "\n")) }
    #expect(lines == expected(count, flows: 1000))
  }

  /// A flow is published once or twice then, but to every thread the socket is one that may send.
  @Test("S8.3: threads that send to a new destination at one moment") func race() throws {
    for _ in 0..<5 {
      let lines = try storm("race", "5353", "1", "2")
      #expect(lines == ["failed 0 answered 2 wrong source 0 context 0"])
    }
    let lines = try storm("race", "5353", "8", "500")
    #expect(lines == ["failed 0 answered 4000 wrong source 0 context 0"])
  }

  @Test("S8.3: sockets that live for one datagram, as a resolver's") func shortLives() throws {
    let stage = try Stage()
    let service = try stage.relay("contoso", redirecting: [9])
    let one = ["new a 4", "sendto a 192.0.2.1 9 x", "close a"]
    let results = try stage.datagrams((0..<3000).flatMap { _ in one })
    #expect(results == (0..<3000).flatMap { _ in ["ok 0", "ok 1", "ok 0"] })
    _ = try service.line("contoso flow 192.0.2.1:9 records 128")
  }
}
