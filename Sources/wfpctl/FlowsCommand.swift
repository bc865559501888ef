import ArgumentParser
import FilterEngine

struct FlowsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flows", abstract: "Shows the redirected connections, each with its lineage.")

  @ParentCommand var root: WfpControl
  @OptionGroup var engine: EngineOption
  @Flag(help: "As JSON.") var json = false

  func run() throws {
    try reporting {
      let engine = try FilterEngine(path: engine.path ?? root.engine.path)
      let report = FlowReport(flows: engine.flows(), sets: try engine.sets())
      if json {
        print(try report.json.text())
      } else if !report.flows.isEmpty {
        print(report.text)
      }
    }
  }
}
