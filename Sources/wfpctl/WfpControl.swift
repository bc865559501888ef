import ArgumentParser

@main
struct WfpControl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wfpctl", abstract: "Manages connection redirection: policies, flows, and programs that take part.",
    version: "0.1.0",  // as tools/install says
    subcommands: [
      RunCommand.self, TraceCommand.self, StatusCommand.self, FlowsCommand.self, ExplainCommand.self,
      PolicyCommand.self, DoctorCommand.self, ViewCommand.self, CleanupCommand.self,
      BenchCommand.self, BenchPeerCommand.self,
    ])

  @OptionGroup var engine: EngineOption
}

/// Stands before or behind a command's name.
struct EngineOption: ParsableArguments {
  static let help = ArgumentHelp(
    "Engine file (default: $WFPSHIM_ENGINE, else the user's own).", valueName: "path")

  @Option(name: .customLong("engine"), help: EngineOption.help)
  var path: String?
}
