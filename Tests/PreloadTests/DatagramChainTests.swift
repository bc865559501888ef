import Foundation
import Testing

/// SPEC S4 for UDP: services that know nothing of each other on one path.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct DatagramChainTests {
  static let habits = [[], ["--connected"], ["--shared"], ["--several"], ["--options", "late"]]

  /// S4.1: app -> A -> B -> origin, whichever started first and whichever is heavier, each once.
  @Test("S4.1, S8.2: two services, each flow once", arguments: [(100, 50), (50, 100), (70, 70)], habits)
  func twoServices(weights: (Int, Int), habit: [String]) throws {
    let stage = try Stage()
    let (origin, port) = try stage.datagramEcho()
    let a = try stage.relay("contoso", redirecting: [port], weight: weights.0, arguments: habit)
    let b = try stage.relay("fabrikam", redirecting: [port], weight: weights.1, arguments: habit)
    var script: [(command: String, result: String)] = []
    for (name, kind, host, shown) in [
      ("a", "4", "127.0.0.1", "127.0.0.1"), ("b", "dual", "::1", "[::1]"),
      ("c", "dual", "::ffff:127.0.0.1", "[::ffff:127.0.0.1]"),
    ] {
      script.append(("new \(name) \(kind)", "ok 0"))
      for i in 0..<3 {
        script.append(("sendto \(name) \(host) \(port) \(name)\(i)", "ok 2"))
        script.append(("recvfrom \(name)", "\(name)\(i) from \(shown):\(port)"))
      }
    }
    try stage.expect(script)
    let (seenByA, seenByB) = (try a.stop().filter { $0.contains("flow") }, try b.stop().filter { $0.contains("flow") })
    #expect(seenByA.count == 3 && seenByB.count == 3)
    let aFirst = weights.0 >= weights.1
    #expect(seenByA.allSatisfy { $0.contains(aFirst ? "records 128" : "records 192") }, "\(seenByA)")
    #expect(seenByB.allSatisfy { $0.contains(aFirst ? "records 192" : "records 128") }, "\(seenByB)")
    #expect(try origin.stop().count(containing: "got") == 9)
  }

  /// S8.2: records are needed with the first datagram only; with each they do no harm.
  @Test("S8.2: records with every datagram") func always() throws {
    let stage = try Stage()
    let (origin, port) = try stage.datagramEcho()
    let a = try stage.relay("contoso", redirecting: [port], weight: 9, arguments: ["--always"])
    let b = try stage.relay("fabrikam", redirecting: [port], weight: 5, arguments: ["--always"])
    var script: [(command: String, result: String)] = [("new a 4", "ok 0")]
    for i in 0..<5 {
      script += [("sendto a 127.0.0.1 \(port) \(i)", "ok 1"), ("recvmsg a", "\(i) from 127.0.0.1:\(port)")]
    }
    try stage.expect(script)
    #expect(try a.stop().count(containing: "flow") == 1)
    #expect(try b.stop().dropFirst().allSatisfy { $0.contains("records 192") })
    #expect(try origin.stop().count(containing: "got") == 5)
  }

  /// S4.3: before it has taken a single flow, and whether it set its options before its bind or after.
  @Test("S4.3: a service is never redirected to itself", arguments: ["early", "late"]) func itself(options: String)
    throws
  {
    let stage = try Stage()
    let (origin, port) = try stage.datagramEcho()
    let a = try stage.shimmed(
      "ProbeRelay", ["contoso", "127.0.0.1", "0", "--no-set", "--options", options, "--greet", "\(port)"])
    let own = try a.port()
    try stage.load(stage.datagramPolicy("contoso", port: own, redirecting: [port]), name: "contoso")
    a.signal(SIGUSR1)
    #expect(try a.line("greeted") == "greeted greeting")
    try stage.expect([
      ("new a 4", "ok 0"), ("sendto a 127.0.0.1 \(port) x", "ok 1"), ("recvfrom a", "x from 127.0.0.1:\(port)"),
    ])
    #expect(try a.stop().count(containing: "flow") == 1)
    #expect(try origin.stop().filter { $0.hasPrefix("got") } == ["got greeting", "got x"])
  }

  /// S4.4: also where one socket takes all that goes to a destination: nothing goes round for ever.
  @Test("S4.4: both drop the records: ELOOP at the limit", arguments: [[], ["--shared"], ["--connected"]], [nil, 5])
  func bothWithoutRecords(habit: [String], limit: Int?) throws {
    let stage = try Stage()
    let (origin, port) = try stage.datagramEcho()
    let options = limit.map { "options: { hopLimit: \($0) }" } ?? ""
    let a = try stage.relay(
      "contoso", redirecting: [port], weight: 9, arguments: ["--no-set"] + habit, filter: options)
    let b = try stage.relay(
      "fabrikam", redirecting: [port], weight: 5, arguments: ["--no-set"] + habit, filter: options)
    _ = try stage.datagrams(["new a 4", "sendto a 127.0.0.1 \(port) x"])
    let last = (limit ?? 16).isMultiple(of: 2) ? b : a
    if !habit.contains("--connected") {
      #expect(try last.line("ELOOP").hasSuffix("send 127.0.0.1:\(port) ELOOP"))
    } else {
      _ = try last.line("records \(64 + 64 * (limit ?? 16))")
    }
    _ = try stage.datagrams(["new a 4", "sendto a 127.0.0.1 \(port) y"])
    let seen = try a.stop().count(containing: "flow") + b.stop().count(containing: "flow")
    #expect(seen >= limit ?? 16 && seen <= (limit ?? 16) + 2, "\(seen)")
    #expect(stage.diagnostics.count(containing: "loop") >= 1)
    #expect(try origin.stop().count(containing: "got") == 0)
  }

  /// S4.4: one that drops them beside one that keeps them.
  @Test("S4.4: one drops the records") func oneWithoutRecords() throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho()
    let a = try stage.relay("contoso", redirecting: [port], weight: 9, arguments: ["--no-set"])
    let b = try stage.relay("fabrikam", redirecting: [port], weight: 5)
    _ = try stage.datagrams(["new a 4", "sendto a 127.0.0.1 \(port) x"])
    #expect(try b.line("ELOOP").hasSuffix("send 127.0.0.1:\(port) ELOOP"))
    #expect(try a.stop().count(containing: "flow") == 8)
    #expect(try b.stop().count(containing: "flow") == 8)
  }
}
