import Foundation
import Testing

/// `wfpctl flows --follow`: a connection from its connect to its end.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct FollowTests {
  @Test("S10.5: each flow is new once and ends once", arguments: [false, true]) func life(json: Bool) throws {
    let stage = try Stage()
    let (_, port) = try stage.origin()
    let service = try stage.service("contoso", redirecting: [port])
    let arguments =
      ["flows", "--follow", "--interval", "10", "--filter", "provider=contoso"] + (json ? ["--json"] : [])
    let following = stage.keep(try Program("wfpctl", arguments, environment: stage.environment))
    let stream = try stage.shimmed("ProbeStream", ["127.0.0.1", "\(port)", "--hold"])
    _ = try stream.line("holding")
    // The flow of the application; beside it the service's socket to the origin, which carries the records.
    let mark = json ? "\"pid\":\(stream.pid)," : "ProbeStream[\(stream.pid)]"
    _ = try following.line(json ? "\"event\":\"new\"" : "new     ")
    _ = try following.line(mark)
    stream.signal(SIGUSR1)
    _ = try stream.finish()
    _ = try service.stop()
    let ended = json ? "\"event\":\"ended\"" : "ended   "
    _ = try following.line(ended)
    _ = try following.line(ended)
    let lines = try following.stop()
    let ids = json ? #/"id":"([^"]+)"/# : #/^\w+ +(\S+) /#
    func flows(_ event: String) -> [String] {
      lines.filter { $0.contains(event) }.compactMap { (try? ids.firstMatch(in: $0)).map { String($0.output.1) } }
    }
    let begun = flows(json ? "\"event\":\"new\"" : "new     ")
    #expect(begun.count == 2 && Set(begun).count == 2 && Set(flows(ended)) == Set(begun) && flows(ended).count == 2)
    #expect(lines.allSatisfy { $0.contains("127.0.0.1:\(port)") })
  }
}
