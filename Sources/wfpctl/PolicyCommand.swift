import ArgumentParser
import FilterEngine
import Policy

struct PolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Checks, loads and shows policies.", subcommands: [Load.self])

  struct Load: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Loads a policy file as a set, in place of that set.")

    @OptionGroup var engine: EngineOption
    @Argument(help: "Policy file.") var file: String
    @Option(name: .customLong("name"), help: "Name of the set (default: the file's name without its extension).")
    var name: String?

    func run() throws {
      try PolicyFile.load(file, name: name, engine: engine.path)
    }
  }
}
