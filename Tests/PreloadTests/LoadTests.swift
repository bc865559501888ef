import Foundation
import Testing

/// Many connections and many bytes through a chain, and changes in the middle of it: SPEC S4.1, S11.7, S10.2.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct LoadTests {
  /// S4.1: 1,000 connections, 50 at a time, through A -> B: none lost, none doubled.
  @Test func thousandConnections() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let a = try stage.service("contoso", redirecting: [origin.port], weight: 9)
    let b = try stage.service("fabrikam", redirecting: [origin.port], weight: 5)
    let (good, said) = try stage.exchange(origin.port, arguments: ["--count", "1000", "--parallel", "50"])
    #expect(good, "\(said)")
    #expect(said == "ok 1000 failed 0 peer 127.0.0.1:\(origin.port)")
    let (seenByA, seenByB) = (try a.stop(), try b.stop())
    #expect(seenByA.count(containing: "flow 127.0.0.1:\(origin.port) records 128 ") == 1000)
    #expect(seenByB.count(containing: "flow 127.0.0.1:\(origin.port) records 192 ") == 1000)
    #expect(seenByA.count == 1001 && seenByB.count == 1001)  // and `listening`
    #expect(try origin.program.stop().count(containing: "accepted") == 1000)
  }

  /// DESIGN P5's other side: 10 MB each way, at the same time, through two relays, with half-close at the end. H29: what
  /// a service sends to the destination itself gets there once.
  @Test(arguments: ["127.0.0.1", "::1"]) func longStreams(host: String) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let a = try stage.service("contoso", redirecting: [origin.port], weight: 9)
    let b = try stage.service("fabrikam", redirecting: [origin.port], weight: 5)
    let streams = try (0..<3).map { _ in
      try stage.shimmed("ProbeStream", [host, "\(origin.port)", "--size", "10000000"])
    }
    for stream in streams { #expect(try stream.finish().lines == ["ok 10000000"]) }
    #expect(try a.stop().count(containing: "flow") == 3)
    #expect(try b.stop().count(containing: "flow") == 3)
    #expect(try origin.program.stop().count(containing: "accepted") == 3)
  }

  /// S10.2, H30: while A is away its clients are refused and nothing goes around it; when it is back all go through again.
  @Test(arguments: [SIGTERM, SIGKILL]) func restart(signal: Int32) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let port = try stage.freePort()
    let a = try stage.shimmed("ProbeService", ["contoso", "::", "\(port)"])
    _ = try a.port()
    try stage.load(stage.policy("contoso", port: port, redirecting: [origin.port], weight: 9), name: "contoso")
    let b = try stage.service("fabrikam", redirecting: [origin.port], weight: 5)
    let traffic = try stage.shimmed("ProbeTraffic", ["127.0.0.1", "\(origin.port)", "--parallel", "2"])
    _ = try traffic.line("going")
    try a.stop(signal)
    _ = try traffic.line("refused")
    let second = try stage.shimmed("ProbeService", ["contoso", "::", "\(port)"])
    _ = try second.port()
    _ = try traffic.line("back")
    let summary = try #require(try traffic.stop().last)
    #expect(summary.hasSuffix("wrong 0"), "\(summary)")
    let (good, said) = try stage.exchange(origin.port, arguments: ["--count", "50", "--parallel", "5"])
    #expect(good, "\(said)")
    // Whatever came to B had been at A, and whatever came to the origin had been at B.
    let (seenByB, seenByOrigin) = (try b.stop(), try origin.program.stop())
    #expect(seenByB.count(containing: "records 128") == 0)
    #expect(seenByB.count(containing: "records 192") == seenByOrigin.count(containing: "accepted"))
    // Ten, but for one that the first service served and a thread counted late, and fifty.
    #expect(try second.stop().count(containing: "flow") >= 59)
  }

  /// S11.7: both sets are replaced again and again, their order turned round each time; each connection still meets
  /// each service once.
  @Test func reload() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let a = try stage.shimmed("ProbeService", ["contoso", "::", "0"])
    let b = try stage.shimmed("ProbeService", ["fabrikam", "::", "0"])
    let ports = (try a.port(), try b.port())
    func load(_ weights: (Int, Int)) throws {
      try stage.load(
        stage.policy("contoso", port: ports.0, redirecting: [origin.port], weight: weights.0), name: "contoso")
      try stage.load(
        stage.policy("fabrikam", port: ports.1, redirecting: [origin.port], weight: weights.1), name: "fabrikam")
    }
    try load((1, 2))
    let traffic = try stage.shimmed("ProbeTraffic", ["127.0.0.1", "\(origin.port)", "--parallel", "2"])
    _ = try traffic.line("going")
    for round in 0..<20 { try load(round.isMultiple(of: 2) ? (3, 2) : (1, 2)) }
    let summary = try #require(try traffic.stop().last)
    #expect(summary.hasSuffix(" refused 0 broken 0 wrong 0"), "\(summary)")
    let total = try #require(Int(summary.split(separator: " ")[1]))
    let (seenByA, seenByB) = (try a.stop(), try b.stop())
    #expect(seenByA.count(containing: "flow") == total)
    #expect(seenByB.count(containing: "flow") == total)
    // Both orders were in force while it ran.
    for seen in [seenByA, seenByB] {
      #expect(seen.count(containing: "records 128") > 0 && seen.count(containing: "records 192") > 0)
    }
    #expect(try origin.program.stop().count(containing: "accepted") == total)
  }

  /// S11.7: a set that was taken out leaves the other alone; without any set connections go direct.
  @Test func unload() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let a = try stage.service("contoso", redirecting: [origin.port], weight: 9)
    let b = try stage.service("fabrikam", redirecting: [origin.port], weight: 5)
    let traffic = try stage.shimmed("ProbeTraffic", ["127.0.0.1", "\(origin.port)", "--parallel", "2"])
    _ = try b.line("records 192")
    try stage.wfpctl("policy", "unload", "contoso")
    _ = try b.line("records 128")
    try stage.wfpctl("policy", "unload", "fabrikam")
    #expect(try #require(try traffic.stop().last).hasSuffix(" refused 0 broken 0 wrong 0"))
    let before = (a.output.count(containing: "flow"), b.output.count(containing: "flow"))
    #expect(try stage.exchange(origin.port, arguments: ["--count", "5"]).good)
    #expect(try a.stop().count(containing: "flow") == before.0)
    #expect(try b.stop().count(containing: "flow") == before.1)
  }
}
