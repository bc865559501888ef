import ArgumentParser
import FilterEngine
import Foundation

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures on this machine what the preload costs a program.",
    discussion:
      "Microseconds, the median of rounds in which a process without the preload and one with it take turns. An "
      + "engine of its own; connections on 127.0.0.1.")

  @ParentCommand var root: WfpControl
  @Option(help: ArgumentHelp("Rounds.", valueName: "number")) var rounds = 7
  @Option(help: ArgumentHelp("Connections of a round, or programs that are started.", valueName: "number"))
  var count = 500
  @Option(help: ArgumentHelp("libwfpshim.so, as for run.", valueName: "path")) var library: String?
  @Flag(help: "As JSON.") var json = false

  func validate() throws {
    if !(1...1000).contains(rounds) || !(1...100_000).contains(count) {
      throw ValidationError("--rounds is from 1 to 1000, --count from 1 to 100000")
    }
  }

  private struct Row {
    let what: String
    let without: UInt64, with: UInt64
  }

  func run() throws {
    try reporting {
      let library = try Preload.library(given: library)
      let folder = URL.temporaryDirectory.appending(path: "wfpctl-bench-\(UUID().uuidString)")
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
      defer { try? FileManager.default.removeItem(at: folder) }
      let rows = try measure(["LD_PRELOAD": library, "WFPSHIM_ENGINE": folder.path + "/engine"])
      if json {
        let values = rows.map { row in
          JSON.object([
            "what": .string(row.what), "withoutNanoseconds": .number(row.without), "withNanoseconds": .number(row.with),
          ])
        }
        print(try JSON.object(["version": .number(1), "rows": .array(values)]).text())
      } else {
        for row in rows { print(text(row)) }
      }
    }
  }

  private func text(_ row: Row) -> String {
    func microseconds(_ value: UInt64) -> String { String(format: "%8.1f", Double(value) / 1000) }
    let ratio = String(format: "%.2f", Double(row.with) / Double(max(1, row.without)))
    return "\(microseconds(row.without)) us without, \(microseconds(row.with)) us with, \(ratio)  \(row.what)"
  }

  /// - Parameter preloaded: What the environment of a process under the preload has besides.
  private func measure(_ preloaded: [String: String]) throws -> [Row] {
    let engine = try FilterEngine(path: preloaded["WFPSHIM_ENGINE"])
    let origin = try BenchPeer(["bench-peer", "accept"], [:])
    let service = try BenchPeer(["bench-peer", "accept"], preloaded)
    defer { for peer in [origin, service] { peer.end() } }
    let (port, endpoint) = (try origin.number(), try service.number())
    let dialled = port == 9 ? 10 : 9  // nobody needs to listen where a redirected connection was dialled
    try engine.loadSet(
      name: "bench",
      text: """
        version: 1
        providers: [{name: bench, endpoints: ["127.0.0.1:\(endpoint)"], context: [{sockaddr_storage: remote}]}]
        filters: [{name: bench, action: redirect, provider: bench, conditions: {ip_remote_port: \(dialled)}}]
        """, file: "the bench's policy")
    func ask(_ words: [String], _ environment: [String: String]) throws -> UInt64 {
      let peer = try BenchPeer(["bench-peer"] + words + ["--count", "\(count)"], environment)
      defer { peer.end() }
      return try peer.number()
    }
    func row(_ what: String, _ without: [String], _ with: [String], isStart: Bool = false) throws -> Row {
      var values: [(UInt64, UInt64)] = []
      for _ in 0..<rounds {
        let first = try ask(without, [:])
        values.append((first, try ask(with, isStart ? [:] : preloaded)))
      }
      return Row(what: what, without: median(values.map(\.0)), with: median(values.map(\.1)))
    }
    let preload = preloaded.map { "\($0.key)=\($0.value)" }.sorted()
    return [
      try row("start and end of /bin/true", ["start"], ["start"] + preload, isStart: true),
      try row("connect that no filter names", ["connect", "\(port)"], ["connect", "\(port)"]),
      try row("connect that is redirected, to one that is not", ["connect", "\(port)"], ["connect", "\(dialled)"]),
    ]
  }
}

func median(_ values: [UInt64]) -> UInt64 { values.isEmpty ? 0 : values.sorted()[values.count / 2] }

/// This program once more, as one that is measured or that the measured one connects to.
private struct BenchPeer {
  private let process = Process()
  private let output = Pipe()
  private let input = Pipe()

  init(_ words: [String], _ environment: [String: String]) throws {
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = words
    process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "LD_PRELOAD" }.merging(environment) {
      $1
    }
    process.standardOutput = output
    process.standardInput = input
    try process.run()
  }

  /// The line that it prints.
  func number() throws -> UInt64 {
    let text = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard let number = UInt64(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw Failure("a process of the bench has failed; expected a number from it, not '\(text)'")
    }
    return number
  }

  func end() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}
