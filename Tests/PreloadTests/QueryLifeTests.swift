import Foundation
import Testing

/// SPEC S2.13, S2.14 and S2.16: who may query, through which descriptor, for how long, and what comes.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct QueryLifeTests {
  /// Asks once, then makes every other call: all must give what the first one gave.
  private func same(_ calls: [String], after setup: [String] = []) throws {
    let first = ["R flow hash", "C flow hash"]
    let results = try Calls.run(try Stage(), first + setup + calls)
    #expect(results[0].hasPrefix("0 - 128 wrote ") && results[1].hasPrefix("0 - 256 wrote "), "\(results)")
    for (call, result) in zip(calls, results.dropFirst(first.count + setup.count)) {
      #expect(result == results[call.contains("R ") ? 0 : 1], "\(call)")
    }
  }

  @Test("S2.13: queries do not consume") func repeatable() throws {
    try same(combine(["R flow hash", "C flow hash", "C flow hash", "R flow hash"]))
  }

  @Test("S2.13: eight threads") func threads() throws { try same(["threads R flow hash", "threads C flow hash"]) }

  @Test("S2.13, H17: dup, dup2, fcntl, with the first descriptor closed") func duplicates() throws {
    try same(
      combine(["R", "C"], ["a hash", "b hash", "c hash"]), after: ["dup flow a", "dup2 a b", "fcntl b c", "close flow"])
  }

  @Test("S2.13, H19: another process", arguments: ["fork", "exec", "pass", "pidfd"]) func elsewhere(how: String) throws
  {
    try same(["\(how) R flow hash", "\(how) C flow hash"])
  }

  @Test("S2.13: after the peer's FIN") func afterFin() throws {
    try same(["R flow hash", "C flow hash", "fork C flow hash"], after: ["peer flow f"])
  }

  @Test("S2.8, S2.13: after the peer's reset; a flow outlives it") func afterReset() throws {
    try same(["R flow hash", "C flow hash", "pass C flow hash"], after: ["peer flow r"])
  }

  @Test("S2.8: a flow that is asked for the first time after the reset was claimed at accept") func resetFirst() throws
  {
    let results = try Calls.run(try Stage(), ["peer flow r", "R flow", "C flow"])
    #expect(results == ["ECONNRESET", "0 - 128 wrote", "0 - 256 wrote"])
  }

  @Test("D6: accepted by a raw system call, claimed at the first query") func rawAccept() throws {
    let script = try Calls(try Stage(), ["raw-accept flow", "C flow", "R flow", "peer flow r", "C flow"])
    try script.redirect()
    let peer = try script.peer()
    try #require(try peer.line() == "connected")
    #expect(try script.results() == ["ok", "0 - 256 wrote", "0 - 128 wrote", "ECONNRESET", "0 - 256 wrote"])
  }

  @Test("D6: accepted by a raw call, first asked in another process", arguments: ["exec", "pass", "fork"])
  func rawAcceptElsewhere(how: String) throws {
    let script = try Calls(try Stage(), ["raw-accept flow", "\(how) C flow", "R flow"])
    try script.redirect()
    try #require(try script.peer().line() == "connected")
    #expect(try script.results() == ["ok", "0 - 256 wrote", "0 - 128 wrote"])
  }

  /// S2.8, S2.13, S10.5: a flow is over when its sockets are gone, not when somebody needs its slot.
  @Test("S2.13: a whole table of later flows does not end this one", arguments: ["", "f", "r"])
  func pressure(end: String) throws {
    let commands = ["accept flow"] + (end.isEmpty ? [] : ["peer flow \(end)"]) + ["drain 4400", "R flow", "C flow"]
    let stage = try Stage()
    let script = try Calls(stage, commands)
    try script.redirect()
    let first = try script.peer()
    try #require(try first.line() == "connected")
    _ = try script.program.line(end.isEmpty ? "ok" : end == "f" ? "end" : "RESET")
    let churn = try script.peer("--churn", "4400")
    let (status, lines) = try churn.finish()
    try #require(status == 0, "\(lines) \(stage.diagnostics.suffix(2))")
    #expect(lines == ["failed 0 -"])
    let results = try script.results()
    #expect(Array(results.suffix(2)) == ["0 - 128 wrote", "0 - 256 wrote"], "after «\(end)»")
  }

  /// S2.10: the two ends that are not the service's accepted socket.
  @Test("S2.10: the service's own outbound socket holds no flow") func outbound() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let results = try Calls.run(
      stage, ["R flow keep", "new s tcp", "S s", "R s", "C s", "connect s 127.0.0.1 \(origin.port)", "R s", "C s 0"])
    let expected = ["0 - 0 -", "-1 ENOTCONN 0 same", "-1 ENOTCONN 0 same", "connected", "-1 EINVAL 0 same"]
    #expect(Array(results.dropFirst(2)) == expected + ["-1 EINVAL 0 same"])
  }

  /// S2.14, D6: two services in turn; the second one asks.
  @Test("S2.14: all hops, but the own context only", arguments: [#"[ {text: "second"}, {zero: 2} ]"#, nil])
  func secondService(context: String?) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    _ = try stage.service("contoso", redirecting: [origin.port], weight: 200)
    let script = try Calls(stage, ["accept flow", "R flow", "C flow 0", "C flow hex"])
    try script.redirect("fabrikam", ports: [origin.port], context: context, weight: 100)
    try #require(try script.peer(to: origin.port).line() == "connected")
    let none = ["-1 EINVAL 0 same", "-1 EINVAL 0 same"]
    let own = context == nil ? none : ["-1 ENOBUFS 8 same", "0 - 8 wrote 7365636f6e640000"]
    #expect(try script.results() == ["ok", "0 - 192 wrote"] + own)
  }

  @Test("S2.14: the first of two services gets its own context") func firstService() throws {
    let stage = try Stage()
    let script = try Calls(stage, ["accept flow", "R flow", "C flow hex"])
    try script.redirect("contoso", context: #"[ {text: "first"} ]"#, weight: 200)
    let other = try stage.shimmed("ProbeService", ["fabrikam", "127.0.0.1", "0"])
    try stage.load(
      Calls.policy("fabrikam", port: try other.port(), ports: [Calls.dialled], context: Calls.context), name: "fabrikam"
    )
    try #require(try script.peer().line() == "connected")
    #expect(try script.results() == ["ok", "0 - 128 wrote", "0 - 5 wrote 6669727374"])
  }

  @Test("S2.16, S4.1: the records of eight services in a chain") func eightHops() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let services = try (1...8).map {
      try stage.service("service-\($0)", redirecting: [origin.port], weight: 100 - $0)
    }
    let client = try stage.shimmed("ProbeClient", ["127.0.0.1", "\(origin.port)"])
    #expect(try client.finish().status == 0)
    let sizes = try services.map { service -> Int in
      let words = try service.line("flow").split(separator: " ")
      return try #require(Int(words[4]))
    }
    #expect(sizes[0] <= 256 && sizes[7] <= 1024, "\(sizes)")
    #expect(sizes == sizes.sorted() && Set(sizes).count == 8, "every hop adds its record: \(sizes)")
  }

  /// S2.5, S2.11, S2.12, S2.16.
  @Test("S2.16: contexts of all sizes", arguments: [1, 2, 3, 4, 5, 127, 128, 129, 4096, 65535, 65536])
  func contextSize(size: Int) throws {
    let needed = max(size, 4)
    let fields = size > 1 ? "[ {u8: 7}, {zero: \(size - 1)} ]" : "[ {u8: 7} ]"
    let rows = [
      Row("S2.16", "C flow 0", "-1 ENOBUFS \(needed) same"), Row("S2.16", "C flow \(needed)", "0 - \(size) wrote"),
      Row("S2.16", "C flow 1048576", "0 - \(size) wrote"), Row("S2.16", "R flow", "0 - 128 wrote"),
      Row("S2.4", "C flow \(needed + 8192) out=late", "-1 EFAULT kept same"),
    ]
    let refused = needed > 4 ? "-1 ENOBUFS \(needed) same" : "-1 EINVAL 0 same"
    let less = Row("S2.11, S2.5", "C flow \(needed - 1)", refused)
    try Calls.check(rows + [less], context: fields)
  }

  @Test("S2.16: a context that is too large is refused where it is set") func tooLarge() throws {
    let stage = try Stage()
    let file = stage.folder + "/large.yaml"
    let text = Calls.policy("contoso", port: 5, ports: [4], context: "[ {zero: 65536}, {u8: 1} ]")
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    let (status, lines) = try Program("wfpctl", ["policy", "load", file], environment: stage.environment).finish()
    #expect(status != 0)
    #expect(lines.contains { $0.contains("large.yaml:") && $0.contains("65536") }, "\(lines)")
  }

  /// H27, S10.5: closed flows do not stand in the way of new ones.
  @Test("H27: one source port, used again and again") func onePort() throws {
    let (_, lines) = try churn(40, ["--one-port"])
    #expect(lines == ["failed 0 -"])
    #expect(lines == ["failed 0 -"] || lines == ["failed 100 ENOBUFS"])
  }

  @Test("S10.5, S2.16: the blocks of closed flows are used again") func largeContexts() throws {
    let (stage, lines) = try churn(100, [], context: "[ {zero: 65536} ]")
    #expect(lines == ["failed 0 -"])
    var status = stat()
    #expect(stat(stage.engine, &status) == 0 && status.st_size < 8 << 20, "\(status.st_size)")
  }

  private func churn(
    _ count: Int, _ arguments: [String], context: String = Calls.context
  ) throws -> (stage: Stage, lines: [String]) {
    let stage = try Stage()
    let script = try Calls(stage, ["drain \(count)"])
    try script.redirect(context: context)
    let peer = try stage.shimmed("ProbePeer", ["127.0.0.1", "\(Calls.dialled)", "--churn", "\(count)"] + arguments)
    let lines = try peer.finish().lines
    try script.program.stop()
    return (stage, lines)
  }
}
