import Foundation
import Testing

/// SPEC S3.1, S3.2, S3.4 and S4: which records are on a socket, shown by where its connect goes and by what the next
/// service is told.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct SetEffectTests {
  /// Hexadecimal digits of a records blob's hops: 64 bytes each behind a header of 64 (wfp_layout.h).
  private func hops(_ blob: String) -> [String] {
    let digits = Array(blob)
    return stride(from: 128, to: digits.count, by: 128).map { String(digits[$0..<min($0 + 128, digits.count)]) }
  }

  /// contoso accepts connections to port 4 and runs `commands`, in which ORIGIN is a port that both contoso's and
  /// fabrikam's filters match. Its own process is never redirected to it; fabrikam takes what it connects there.
  /// - Returns: The results, and the hops that fabrikam was told of the one connection.
  private func chain(_ commands: [String], peers: Int) throws -> (results: [String], told: [String]) {
    let stage = try Stage()
    let origin = try stage.origin()
    let next = try Calls(stage, ["accept flow", "R flow hex"])
    try next.redirect("fabrikam", ports: [origin.port], weight: 50)
    let script = try Calls(stage, commands.map { $0.replacingOccurrences(of: "ORIGIN", with: "\(origin.port)") })
    try script.redirect("contoso", ports: [Calls.dialled, origin.port])
    for _ in 0..<peers { try #require(try script.peer().line() == "connected") }
    let results = try script.results()
    let told = try #require(try next.results().last?.split(separator: " ").last)
    return (results, hops(String(told)))
  }

  @Test("S3.1: the last set wins; S3.2: a bad blob leaves it") func lastSetWins() throws {
    let (results, told) = try chain(
      [
        "accept f", "accept g", "R f keep", "hex", "new s tcp", "S s", "R g keep", "hex", "S s", "S s in=flip:66",
        "S s in=cut:1", "S s in=zeros:128", "S s inat=null", "S s 4 out=heap", "connect s 127.0.0.1 ORIGIN",
      ], peers: 2)
    let (first, second) = (hops(results[3]), hops(results[7]))
    #expect(first.count == 1 && second.count == 1 && first != second)
    #expect(results[5] == "0 - 0 -" && results[8] == "0 - 0 -")
    #expect(results[9...11].allSatisfy { $0 == "-1 EINVAL 0 -" })
    #expect(results[12] == "-1 EFAULT kept -" && results[13] == "-1 EINVAL 0 same" && results[14] == "connected")
    #expect(told.count == 2 && told.first == second.first)
  }

  @Test("S3.1: without a set there is no history") func noSet() throws {
    let (results, told) = try chain(
      ["accept f", "R f keep", "hex", "new s tcp", "S s in=flip:0", "connect s 127.0.0.1 ORIGIN"], peers: 1)
    #expect(results[4] == "-1 EINVAL 0 -" && results[5] == "connected")
    #expect(told.count == 1 && told != hops(results[2]))
  }

  @Test("S3.1: set after bind, through a duplicate that is closed then") func afterBind() throws {
    let (results, told) = try chain(
      [
        "accept f", "R f keep", "hex", "new s tcp", "bind s 127.0.0.1", "dup s t", "S s", "close s",
        "connect t 127.0.0.1 ORIGIN",
      ], peers: 1)
    #expect(results[6] == "0 - 0 -" && results[8] == "connected")
    #expect(told.count == 2 && told.first == hops(results[2]).first)
  }

  @Test("S3.4: set when the accepted socket is closed and its client gone") func afterClose() throws {
    let (results, told) = try chain(
      ["accept f", "R f keep", "hex", "peer f r", "close f", "new s tcp", "S s", "connect s 127.0.0.1 ORIGIN"], peers: 1
    )
    #expect(results[6] == "0 - 0 -" && results[7] == "connected")
    #expect(told.count == 2 && told.first == hops(results[2]).first)
  }

  /// The 60 s and more: after the slot has served others, by a process whose clock is two hours ahead.
  @Test("S3.4: a record long after its connection") func hoursLater() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let next = try Calls(stage, ["accept flow", "R flow"])
    try next.redirect("fabrikam", ports: [origin.port], weight: 50)
    let script = try Calls(stage, ["accept f", "R f keep", "hex", "peer f f", "close f", "drain 4400"])
    try script.redirect("contoso", ports: [Calls.dialled, origin.port])
    let peer = try script.peer()
    try #require(try peer.line() == "connected")
    _ = try script.program.line("end")
    try #require(try script.peer("--churn", "4400").finish().status == 0)
    let blob = try script.results()[2]
    let faketime = try #require(NeighbourTests.neighbours.first { $0.name == "libfaketime" }?.path)
    let later = try stage.keep(
      Program(
        "ProbeIoctl", ["127.0.0.1", "new s tcp", "S s in=hex:\(blob)", "connect s 127.0.0.1 \(origin.port)"],
        preload: "\(faketime):\(shim)", environment: stage.environment.merging(["FAKETIME": "+2h"]) { $1 }))
    #expect(try Array(later.finish().lines.dropFirst()) == ["ok", "0 - 0 -", "connected"])
    #expect(try next.results() == ["ok", "0 - 192 wrote"])
  }

  @Test("S3.4: set here, connected by another process") func otherProcess() throws {
    let (results, told) = try chain(
      ["accept f", "R f keep", "hex", "new s tcp", "S s", "pass connect s 127.0.0.1 ORIGIN"], peers: 1)
    #expect(results[5] == "connected")
    #expect(told.count == 2 && told.first == hops(results[2]).first)
  }

  /// S4, states 1 and 0: another program, which serves nothing, connects the socket.
  @Test("S4: REDIRECTED_BY_SELF is let go, NOT_REDIRECTED is redirected", arguments: [true, false])
  func bySelf(set: Bool) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let call = set ? "S s" : "S s in=flip:80"
    let commands = [
      "accept f", "R f keep", "new s tcp", call, "exec connect s 127.0.0.1 \(origin.port)",
      set ? "R s" : "accept again", set ? "C s" : "R again",
    ]
    let script = try Calls(stage, commands)
    try script.redirect("contoso", ports: [Calls.dialled, origin.port])
    try #require(try script.peer().line() == "connected")
    let results = try script.results()
    #expect(results[3] == (set ? "0 - 0 -" : "-1 EINVAL 0 -") && results[4] == "connected")
    #expect(results[6] == (set ? "-1 EINVAL 0 same" : "0 - 128 wrote"))
    if set {
      #expect(try origin.program.line("accepted").hasPrefix("accepted "))
    } else {
      #expect(!origin.program.output.contains { $0.hasPrefix("accepted") })
    }
  }
}
