import Foundation
import Testing

/// `wfpctl cleanup`: an engine that nobody uses goes, of whatever version; one in use stays.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct CleanupTests {
  private func cleanup(_ stage: Stage, _ arguments: String...) throws -> (status: Int32, said: String) {
    let (status, lines) = try Program("wfpctl", ["cleanup"] + arguments, environment: stage.environment).finish()
    return (status, lines.joined(separator: "\n"))
  }

  private func isThere(_ stage: Stage) -> Bool { access(stage.engine, F_OK) == 0 }

  @Test func nothingThere() throws {
    let stage = try Stage()
    let (status, said) = try cleanup(stage)
    #expect(status == 0 && said == "\(stage.engine): no engine" && !isThere(stage))
    let elsewhere = stage.folder + "/nowhere/engine"
    #expect(try Program("wfpctl", ["cleanup", "--engine", elsewhere]).finish().status == 0)
    #expect(access(stage.folder + "/nowhere", F_OK) != 0)
  }

  @Test func inUse() throws {
    let stage = try Stage()
    let (_, port) = try stage.origin()
    let service = try stage.service("contoso", redirecting: [port])
    #expect(try stage.exchange(port).good)
    let (status, said) = try cleanup(stage, "--policies")
    #expect(status == 1 && isThere(stage))
    #expect(said.contains("in use by 1 programs") && said.contains("/ProbeService  pid \(service.pid)"), "\(said)")
    try service.stop()

    let loaded = try cleanup(stage)
    #expect(loaded.status == 1 && loaded.said.contains("policies are loaded: contoso; `--policies`") && isThere(stage))
    let dry = try cleanup(stage, "--policies", "--dry-run")
    #expect(dry.status == 0 && dry.said == "\(stage.engine): nobody uses it" && isThere(stage))
    let done = try cleanup(stage, "--policies")
    #expect(done.status == 0 && done.said == "\(stage.engine): removed" && !isThere(stage))
    #expect(try stage.exchange(port).good)  // without an engine: straight to the origin
  }

  @Test("of another version: the last word of what `doctor` and `status` say") func otherVersion() throws {
    let stage = try Stage()
    try stage.wfpctl("status")
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: stage.engine))
    try file.seek(toOffset: 8)  // wfp_engine.version
    try file.write(contentsOf: Data([99, 0, 0, 0]))
    try file.close()
    try Data().write(to: URL(fileURLWithPath: stage.folder + "/.engine.new"))
    let refused = try Program("wfpctl", ["status"], environment: stage.environment).finish()
    #expect(refused.status == 1 && refused.lines.joined().contains("version 99"), "\(refused.lines)")
    #expect(refused.lines.joined().contains("wfpctl cleanup"), "\(refused.lines)")
    let (status, said) = try cleanup(stage)
    #expect(status == 0 && said.hasSuffix("removed") && !isThere(stage))
    #expect(access(stage.folder + "/.engine.new", F_OK) != 0)
    try stage.wfpctl("status")
  }

  @Test("what is no engine of ours is left alone") func foreign() throws {
    let stage = try Stage()
    try "text".write(toFile: stage.engine, atomically: true, encoding: .utf8)
    try #require(chmod(stage.engine, 0o644) == 0)
    let (status, said) = try cleanup(stage)
    #expect(status == 1 && said.contains("mode 0644") && isThere(stage))
  }
}
