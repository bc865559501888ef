import Foundation
import Testing

/// Independent services on one path: SPEC S4, the eight stages.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct ChainTests {
  /// S4.1 for one service, S7.1: each family, blocking and not.
  @Test(arguments: ["127.0.0.1", "::1", "::ffff:127.0.0.1"], [[], ["--nonblocking"]])
  func oneService(host: String, mode: [String]) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.service("contoso", redirecting: [origin.port])
    let client = try stage.shimmed("ProbeClient", [host, "\(origin.port)"] + mode)
    let (status, lines) = try client.finish()
    #expect(status == 0)
    let shown = host.contains(":") ? "[\(host)]" : host
    #expect(lines.last == "ok 1 failed 0 peer \(shown):\(origin.port)")  // S7.2, transparent
    #expect(try service.line("flow") == "contoso flow \(shown):\(origin.port) records 128 context 256")
  }

  /// S4.1: app -> A -> B -> origin, whichever is heavier; each sees each connection once.
  @Test(arguments: [(100, 50), (50, 100), (70, 70)])
  func twoServices(weights: (Int, Int)) throws {
    let stage = try Stage()
    let origin = try stage.origin(arguments: ["--silent"])
    let a = try stage.service("contoso", redirecting: [origin.port], weight: weights.0)
    let b = try stage.service("fabrikam", redirecting: [origin.port], weight: weights.1)
    let client = try stage.shimmed("ProbeClient", ["127.0.0.1", "\(origin.port)", "--count", "20"])
    #expect(try client.finish().status == 0)
    let (seenByA, seenByB) = (try a.stop().filter { $0.contains("flow") }, try b.stop().filter { $0.contains("flow") })
    #expect(seenByA.count == 20 && seenByB.count == 20)
    // The first has one hop (128 bytes), the second two. Equal weights: by name.
    let aFirst = weights.0 >= weights.1
    #expect(seenByA.allSatisfy { $0.contains(aFirst ? "records 128" : "records 192") })
    #expect(seenByB.allSatisfy { $0.contains(aFirst ? "records 192" : "records 128") })
  }
}
