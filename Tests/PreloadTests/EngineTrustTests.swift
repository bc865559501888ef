import Foundation
import Testing

/// An engine that must not be believed, and one that is replaced: SPEC S10.3, S10.4, S10.5. The policy blocks, so a
/// connect that goes through shows that no filter was in force.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct EngineTrustTests {
  enum Damage: String, CaseIterable, CustomTestStringConvertible {
    case directoryForGroup, directoryForAll, directoryLink, directoryOwner
    case fileForGroup, fileForAll, fileSetuid, fileLink, fileOwner
    case isDirectory, isPipe, empty, cut, otherMagic, otherVersion
    var testDescription: String { rawValue }
    var needsRoot: Bool { self == .directoryOwner || self == .fileOwner }
  }

  private func blocking(_ origin: UInt16) throws -> Stage {
    let stage = try Stage()
    try stage.load(
      stage.filters(stage.filter("no", "block", conditions: "{ ip_remote_port: \(origin) }")), name: "corporate")
    return stage
  }

  /// - Returns: The engine's path to be used.
  private func apply(_ damage: Damage, _ stage: Stage) throws -> String {
    let files = FileManager.default
    func overwrite(_ offset: off_t, _ byte: UInt8) throws {
      let file = open(stage.engine, O_RDWR)
      defer { close(file) }
      var byte = byte
      try #require(pwrite(file, &byte, 1, offset) == 1)
    }
    switch damage {
    case .directoryForGroup: chmod(stage.folder, 0o750)
    case .directoryForAll: chmod(stage.folder, 0o755)
    case .directoryLink:
      try files.createSymbolicLink(atPath: stage.folder + "/link", withDestinationPath: stage.folder)
      return stage.folder + "/link/engine"
    case .directoryOwner: chown(stage.folder, 1, 1)
    case .fileForGroup: chmod(stage.engine, 0o640)
    case .fileForAll: chmod(stage.engine, 0o606)
    case .fileSetuid: chmod(stage.engine, 0o4600)
    case .fileLink:
      try files.createSymbolicLink(atPath: stage.folder + "/link", withDestinationPath: stage.engine)
      return stage.folder + "/link"
    case .fileOwner: chown(stage.engine, 1, 1)
    case .isDirectory, .isPipe, .empty:
      try files.removeItem(atPath: stage.engine)
      if damage == .isDirectory { mkdir(stage.engine, 0o600) }
      if damage == .isPipe { mkfifo(stage.engine, 0o600) }
      if damage == .empty { close(open(stage.engine, O_CREAT | O_RDWR, 0o600)) }
    case .cut: truncate(stage.engine, 100_000)
    case .otherMagic: try overwrite(0, 0x21)
    case .otherVersion: try overwrite(8, 0x7f)
    }
    return stage.engine
  }

  /// S10.4: no filters and one diagnostic, however many connects; S10.3: connects fail where the engine is required.
  @Test(arguments: Damage.allCases) func damagedEngine(damage: Damage) throws {
    if damage.needsRoot && geteuid() != 0 { return }
    let service = try Stage()
    let origin = try service.origin()
    let stage = try blocking(origin.port)
    #expect(try stage.exchange(origin.port).said == "failed connect EACCES")
    #expect(stage.diagnostics.count == 1)
    let path = try apply(damage, stage)
    let log = service.folder + "/log"  // in a folder whose mode is as it was
    let settings = ["WFPSHIM_ENGINE": path, "WFPSHIM_LOG": log]
    let client = try stage.shimmed(
      "ProbeClient", ["127.0.0.1", "\(origin.port)", "--count", "8", "--parallel", "2"], environment: settings)
    let (status, lines) = try client.finish()
    #expect(status == 0 && lines.last?.hasPrefix("ok 8 ") == true)
    #expect(service.diagnostics.count == 1)
    #expect(service.diagnostics.first?.contains("refused") == true && service.diagnostics.first?.contains(path) == true)
    let required = try stage.shimmed(
      "ProbeClient", ["127.0.0.1", "\(origin.port)", "--count", "3"],
      environment: settings.merging(["WFPSHIM_REQUIRED": "1"]) { $1 })
    let failed = try required.finish().lines
    #expect(failed.count(containing: "failed connect ") == 3)
    #expect(failed.last?.hasPrefix("ok 0 failed 3") == true)
    #expect(service.diagnostics.count == 2)
    #expect(try origin.program.stop().count(containing: "accepted") == 8)
  }

  /// What a file in force may say of its parts, and where: the number of segments, and the place of the policy.
  enum Lie: CaseIterable {
    case moreSegments, policyBehindTheEnd, policyThatWraps

    var change: (at: off_t, words: [UInt64]) {
      switch self {
      case .moreSegments: (528_384, [6])
      case .policyBehindTheEnd: (72, [0x400_0000, 0x1000])
      case .policyThatWraps: (72, [UInt64.max - 0xfff, 0x2000])
      }
    }
  }

  /// S10.1, DESIGN D3: a touch beyond the end of the file would be SIGBUS, and one beside the mapping SIGSEGV.
  @Test(arguments: Lie.allCases) func lyingEngine(lie: Lie) throws {
    let ground = try Stage()
    let origin = try ground.origin()
    let stage = try blocking(origin.port)
    let file = open(stage.engine, O_RDWR)
    let (at, words) = lie.change
    try #require(pwrite(file, words, words.count * 8, at) == words.count * 8)
    close(file)
    let said = try stage.exchange(origin.port).said
    #expect(said == (lie == .moreSegments ? "failed connect EACCES" : "ok 1 failed 0 peer 127.0.0.1:\(origin.port)"))
  }

  /// S10.4: made good again, a process that runs already takes part.
  @Test func repaired() throws {
    let ground = try Stage()
    let origin = try ground.origin()
    let stage = try blocking(origin.port)
    chmod(stage.engine, 0o644)
    let traffic = try stage.shimmed("ProbeTraffic", ["127.0.0.1", "\(origin.port)", "--parallel", "1"])
    _ = try traffic.line("going")
    chmod(stage.engine, 0o600)
    #expect(try traffic.line("wrong") == "wrong connect EACCES")
    try traffic.stop()
  }

  /// S4.1, S10.2: an engine that appears while many threads connect is in force for all of them: none goes around it
  /// because another thread is just attaching.
  @Test func appearsUnderLoad() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    var passed: [String] = []
    for _ in 0..<20 {
      try? FileManager.default.removeItem(atPath: stage.engine)
      let burst = try stage.shimmed("ProbeSockets", ["burst", "127.0.0.1", "\(origin.port)", "1", "--hold"])
      _ = try burst.line("holding")
      try stage.load(
        stage.filters(stage.filter("no", "block", conditions: "{ ip_remote_port: \(origin.port) }")), name: "corporate")
      burst.signal(SIGUSR1)
      let said = try burst.finish().lines.last ?? ""
      if said != "blocked 32 passed 0 of 32" { passed.append(said) }
    }
    #expect(passed.isEmpty, "\(passed)")
  }

  /// S10.5, H47: another engine takes the name by rename. Programs started afterwards use it; those that run neither crash
  /// nor stop, and follow.
  @Test func replaced() throws {
    let ground = try Stage()
    let origin = try ground.origin()
    let stage = try Stage()
    let service = try stage.service("contoso", redirecting: [origin.port])
    let traffic = try stage.shimmed("ProbeTraffic", ["127.0.0.1", "\(origin.port)", "--parallel", "1"])
    _ = try traffic.line("going")
    _ = try service.line("flow")
    let block = stage.filters(stage.filter("no", "block", conditions: "{ ip_remote_port: \(origin.port) }"))
    try block.write(toFile: stage.folder + "/next.yaml", atomically: true, encoding: .utf8)
    try stage.wfpctl("--engine", stage.folder + "/next", "policy", "load", stage.folder + "/next.yaml")
    try #require(rename(stage.folder + "/next", stage.engine) == 0)
    #expect(try stage.exchange(origin.port).said == "failed connect EACCES")
    #expect(try traffic.line("wrong") == "wrong connect EACCES")
    // Each process looks for itself: a flow between two that have not both seen it yet is cut, not sent around.
    #expect(try #require(traffic.stop().last).contains(" refused 0 "))
  }
}
