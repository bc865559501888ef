import ArgumentParser
import FilterEngine
import Glibc

struct FlowsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flows", abstract: "Shows the redirected connections, each with its lineage.",
    discussion: "With --follow one line for each that begins, changes or ends, until it is interrupted; with --json "
      + "besides, one JSON object a line.")

  @ParentCommand var root: WfpControl
  @OptionGroup var engine: EngineOption
  @Flag(help: "As JSON.") var json = false
  @Flag(help: "Goes on and shows what changes.") var follow = false
  @Flag(help: "As a picture: each connection as a chain of boxes (SVG).") var svg = false
  @Flag(help: "All that is known of each, also on a terminal, which gets a table otherwise.") var details = false
  @Option(help: ArgumentHelp("How often to look, in milliseconds.", valueName: "ms")) var interval: UInt32 = 500
  @Option(
    name: .customLong("filter"),
    help: ArgumentHelp(
      "Only flows of which this holds: one of \(FlowFilter.keys.joined(separator: ", ")), '=', and a pattern with shell "
        + "wildcards. All of several must hold.", valueName: "key=pattern"))
  var filters: [FlowFilter] = []

  func validate() throws {
    if svg && (json || follow) { throw ValidationError("--svg excludes --json and --follow") }
    if interval < 10 { throw ValidationError("--interval is less than 10 ms") }
  }

  func run() throws {
    try reporting {
      let engine = try FilterEngine(path: engine.path ?? root.engine.path)
      if follow { return try watch(engine) }
      let report = try report(engine)
      if svg {
        print(FlowPicture(flows: report.flows).svg)
      } else if json {
        print(try report.json.text())
      } else if !report.flows.isEmpty, Terminal.isOutput, !details {
        print(FlowTable(flows: report.flows, width: Terminal.width).text)
      } else if !report.flows.isEmpty {
        print(report.text)
      }
    }
  }

  private func report(_ engine: borrowing FilterEngine) throws -> FlowReport {
    let flows = engine.flows().filter { flow in filters.allSatisfy { $0.holds(flow) } }
    return FlowReport(flows: flows, sets: try engine.sets())
  }

  /// Until it is interrupted, or nobody reads.
  private func watch(_ engine: borrowing FilterEngine) throws {
    var watch = FlowWatch()
    while true {
      let report = try report(engine)
      for (event, flow) in watch.changes(report.flows) {
        print(json ? try report.json(event, flow).line() : FlowWatch.line(event, flow))
      }
      if fflush(nil) != 0 { throw ExitCode(1) }
      wait()
    }
  }

  /// Until the next look, or the end of whoever read.
  private func wait() {
    var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
    if unsafe poll(&output, 1, Int32(clamping: interval)) > 0 { Self.exit(withError: ExitCode(1)) }
  }
}
