import ArgumentParser
import FilterEngine
import RedirectCore

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Shows the engine, how full it is, and what has happened since it was made.")

  @ParentCommand var root: WfpControl
  @OptionGroup var engine: EngineOption
  @Flag(help: "As JSON.") var json = false
  @Flag(name: .customLong("openmetrics"), help: "As OpenMetrics text, for Prometheus.") var openMetrics = false

  func validate() throws {
    if json && openMetrics { throw ValidationError("--json and --openmetrics exclude each other") }
  }

  func run() throws {
    try reporting {
      let engine = try FilterEngine(path: engine.path ?? root.engine.path)
      let status = try engine.status()
      if openMetrics { return print(StatusMetrics(status: status).text) }
      let report = StatusReport(status: status)
      print(json ? try report.json.text() : report.text)
    }
  }
}

/// What `status` prints.
struct StatusReport {
  let status: EngineStatus

  private var filters: Int { status.sets.reduce(0) { $0 + $1.set.filters.count } }

  /// Those of each provider.
  static let perProvider: [Count] = [.published, .claimed, .expired, .lost, .withdrawn, .refused, .loops]

  var json: JSON {
    .object([
      "version": .number(1),
      "engine": .object([
        "path": .string(status.path), "version": .number(UInt64(status.version)), "created": .time(status.created),
      ]),
      "policy": .object([
        "generation": .number(status.generation), "sets": .array(status.sets.map { .string($0.set.name) }),
        "filters": .number(UInt64(filters)),
      ]),
      "flows": .object([
        "live": .number(UInt64(status.liveFlows)), "busy": .number(UInt64(status.busySlots)),
        "capacity": .number(UInt64(status.capacity)), "limit": .number(UInt64(status.limit)),
      ]),
      "counts": json(status.counts, Count.allCases),
      "providers": .object(
        Dictionary(
          status.providers.map { ($0.name, json($0.counts, StatusReport.perProvider)) }, uniquingKeysWith: { $1 })),
    ])
  }

  private func json(_ counts: EngineStatus.Counts, _ which: [Count]) -> JSON {
    .object(Dictionary(uniqueKeysWithValues: which.map { ("\($0)", .number(counts[$0])) }))
  }

  var text: String {
    let sets = status.sets.map(\.set.name).joined(separator: ", ")
    var lines = [
      "engine     \(status.path)  version \(status.version)  made \(timestamp(status.created))",
      "policy     generation \(status.generation)  \(filters) filters  sets \(sets.isEmpty ? "none" : sets)",
      "flows      \(status.liveFlows) live  \(status.capacity) slots  at most \(status.limit)",
      "counts     \(text(status.counts, Count.allCases))",
    ]
    lines += status.providers.map { "  \($0.name)  \(text($0.counts, StatusReport.perProvider))" }
    return lines.joined(separator: "\n")
  }

  private func text(_ counts: EngineStatus.Counts, _ which: [Count]) -> String {
    which.map { "\($0) \(counts[$0])" }.joined(separator: "  ")
  }
}
