import Foundation
import Testing

/// SPEC S2.9, S10.3, S10.4: an engine that is there and cannot be believed.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct RefusedEngineTests {
  enum Fault: String, CaseIterable {
    case mode0644, mode0660, mode0400, mode0700, directory0755, directory0750
    case magic, olderVersion, newerVersion, owner, flowOffset, noSegments, manySegments, cut, empty, text, link,
      linkedDirectory, folder, fifo
  }

  /// Makes a good engine, then spoils it.
  /// - Returns: The path by which it is to be used.
  private func spoil(_ stage: Stage, _ fault: Fault) throws -> String {
    try stage.load(Calls.policy("contoso", port: 5, ports: [4], context: nil), name: "contoso")
    let file = stage.engine
    let moved = stage.folder + "/moved"
    switch fault {
    case .mode0644: chmod(file, 0o644)
    case .mode0660: chmod(file, 0o660)
    case .mode0400: chmod(file, 0o400)
    case .mode0700: chmod(file, 0o700)
    case .directory0755: chmod(stage.folder, 0o755)
    case .directory0750: chmod(stage.folder, 0o750)
    case .magic: try write(file, at: 0, [0x58])
    case .olderVersion: try write(file, at: 8, [try version(file) - 1])
    case .newerVersion: try write(file, at: 8, [try version(file) + 1])
    case .owner: try write(file, at: 16, [0x39, 0x30])
    case .flowOffset: try write(file, at: 88, [0, 0x10, 0, 0])
    case .noSegments: try write(file, at: 112, [0])
    case .manySegments: try write(file, at: 112, [9])
    case .cut: truncate(file, 600_000)
    case .empty: truncate(file, 0)
    case .text:
      try Data("this is no engine".utf8).write(to: URL(fileURLWithPath: file))
      chmod(file, 0o600)
    case .link:
      rename(file, moved)
      symlink(moved, file)
    case .linkedDirectory:
      symlink(stage.folder, stage.folder + "/link")
      return stage.folder + "/link/engine"
    case .folder:
      rename(file, moved)
      mkdir(file, 0o600)
    case .fifo:
      rename(file, moved)
      mkfifo(file, 0o600)
    }
    return file
  }

  private func version(_ file: String) throws -> UInt8 {
    try Data(contentsOf: URL(fileURLWithPath: file), options: .mappedIfSafe)[8]
  }

  private func write(_ path: String, at offset: UInt64, _ bytes: [UInt8]) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.seek(toOffset: offset)
    try file.write(contentsOf: Data(bytes))
    try file.close()
  }

  private func probe(_ stage: Stage, _ engine: String, _ commands: [String]) throws -> [String] {
    let program = try stage.shimmed("ProbeIoctl", ["127.0.0.1"] + commands, environment: ["WFPSHIM_ENGINE": engine])
    let (status, lines) = try program.finish()
    try #require(status == 0, "\(lines)")
    return Array(lines.dropFirst())
  }

  @Test("S2.9: ENETDOWN, after S2.5 to S2.8 and before S2.10", arguments: Fault.allCases)
  func refused(fault: Fault) throws {
    let rows = [
      Row("S2.9", "R accepted", "-1 ENETDOWN 0 same"), Row("S2.9", "C accepted 0", "-1 ENETDOWN 0 same"),
      Row("S2.9", "C dialled 4", "-1 ENETDOWN 0 same"), Row("S2.9", "C udp-connected", "-1 ENETDOWN 0 same"),
      Row("S2.4 first", "C accepted out=null", "-1 EFAULT kept -"),
      Row("S2.5 first", "R accepted 3", "-1 EINVAL 0 same"),
      Row("S2.6 first", "C unix", "-1 EOPNOTSUPP 0 same"), Row("S2.8 first", "R tcp", "-1 ENOTCONN 0 same"),
      Row("S2.8 first", "C listener", "-1 ENOTCONN 0 same"),
    ]
    let stage = try Stage()
    let engine = try spoil(stage, fault)
    let results = try probe(stage, engine, rows.map(\.call))
    for (row, result) in zip(rows, results) { #expect(result == row.expected, "\(row) with \(fault)") }
    // S10.3: one diagnostic of the program, however often it is asked; S10.1: none on its output.
    #expect(
      stage.diagnostics.filter { $0.contains("refused") && $0.contains("engine") }.count == 1, "\(stage.diagnostics)")
    chmod(stage.folder, 0o700)
  }

  @Test("S2.9 from eight threads at once") func threads() throws {
    let stage = try Stage()
    let engine = try spoil(stage, .mode0644)
    let results = try probe(stage, engine, ["new s udp-connected", "threads C s", "threads R s 0"])
    #expect(results.dropFirst().allSatisfy { $0.contains("-1 ENETDOWN 0 same") }, "\(results)")
    #expect(Array(results.dropFirst()) == ["-1 ENETDOWN 0 same", "-1 ENETDOWN 0 same"])
  }

  @Test("S10.3: connects go where they were dialled, with WFPSHIM_REQUIRED=1 they fail") func required() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let engine = try spoil(stage, .magic)
    let arguments = ["127.0.0.1", "new a tcp", "connect a 127.0.0.1 \(origin.port)"]
    let free = try stage.shimmed("ProbeIoctl", arguments, environment: ["WFPSHIM_ENGINE": engine])
    #expect(try free.finish().lines.last == "connected")
    let bound = try stage.shimmed(
      "ProbeIoctl", arguments, environment: ["WFPSHIM_ENGINE": engine, "WFPSHIM_REQUIRED": "1"])
    #expect(try bound.finish().lines.last == "ENETDOWN")
    #expect(stage.diagnostics.count == 2, "\(stage.diagnostics)")
  }

  @Test("S4.1, S2.9: an engine that is mended is taken") func mended() throws {
    let stage = try Stage()
    let script = try Calls(stage, ["C accepted", "accept flow", "C flow"])
    #expect(try script.program.line() == "-1 EINVAL 0 same")  // no engine yet
    try script.redirect()
    try #require(try script.peer().line() == "connected")
    #expect(try script.results() == ["-1 EINVAL 0 same", "ok", "0 - 256 wrote"])
  }
}
