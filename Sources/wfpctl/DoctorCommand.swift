import ArgumentParser
import FilterEngine

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Says whether this host has what the preload needs, and what of a program will be redirected.",
    discussion: "Changes nothing. Exits with 1 when there is a problem.")

  @ParentCommand var root: WfpControl
  @OptionGroup var engine: EngineOption
  @Option(help: ArgumentHelp("libwfpshim.so, as for run.", valueName: "path")) var library: String?
  @Flag(help: "As JSON.") var json = false
  @Argument(help: ArgumentHelp("The program to look at.", valueName: "program")) var program: String?

  func run() throws {
    try reporting {
      let path = engine.path ?? root.engine.path ?? FilterEngine.pathInForce()
      var findings = HostCheck(engine: path, library: library).findings
      if let program { findings += ProgramCheck(program).findings }
      let answer = JSON.object(["version": .number(1), "findings": .array(findings.map(\.json))])
      print(json ? try answer.text() : findings.map(\.line).joined(separator: "\n"))
      if findings.contains(where: { $0.kind == .problem }) { throw ExitCode(1) }
    }
  }
}
