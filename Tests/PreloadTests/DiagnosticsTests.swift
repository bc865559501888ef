import Foundation
import Testing

/// SPEC S10.1: what is logged, and where.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct DiagnosticsTests {
  /// - Returns: The program's own output after `count` connects that a filter blocks.
  private func blocked(_ stage: Stage, count: Int, log: String?) throws -> [String] {
    let port = try stage.freePort()
    try stage.load(stage.filters(stage.filter("no", "block", conditions: "{ ip_remote_port: \(port) }")), name: "no")
    var environment = stage.environment
    environment["WFPSHIM_LOG"] = log
    let arguments = ["127.0.0.1", "\(port)", "--count", "\(count)", "--parallel", "4"]
    let client = try Program("ProbeClient", arguments, preload: shim, environment: environment)
    return try stage.keep(client).finish().lines
  }

  @Test(
    "S10.1: nothing is printed unasked, one line where it was asked for", arguments: [nil, "stderr", "fd:1", "fd:77"])
  func whereAsked(log: String?) throws {
    let said = try blocked(try Stage(), count: 1, log: log)
    let ours = said.filter { $0.hasPrefix("wfpshim[") }
    #expect(ours.count == (log == "stderr" || log == "fd:1" ? 1 : 0), "\(said)")
    #expect(said.filter { !$0.hasPrefix("wfpshim[") } == ["failed connect EACCES", "ok 0 failed 1 peer none"])
  }

  /// At most 20 lines a second: it would take 100 s to write all of these.
  @Test("S10.1: the log is rate limited") func rate() throws {
    let stage = try Stage()
    let said = try blocked(stage, count: 2000, log: stage.log)
    #expect(said.count == 2001)
    #expect(stage.diagnostics.count >= 20 && stage.diagnostics.count < 2000, "\(stage.diagnostics.count)")
  }
}
