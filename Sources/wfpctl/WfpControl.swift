import ArgumentParser

@main
struct WfpControl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wfpctl", abstract: "Manages connection redirection: policies, flows, and programs that take part.",
    subcommands: [PolicyCommand.self])
}

struct EngineOption: ParsableArguments {
  @Option(name: .customLong("engine"), help: "Engine file (default: $WFPSHIM_ENGINE, else the user's own).")
  var path: String?
}
