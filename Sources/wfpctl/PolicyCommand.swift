import ArgumentParser
import FilterEngine
import Policy

struct PolicyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Checks, loads and shows policies.",
    subcommands: [Check.self, Diff.self, Load.self, Unload.self, Show.self, Test.self, Schema.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Checks policy files and says everything that is wrong with them. Changes nothing.")

    @Argument(help: "Policy files.") var files: [String]

    func run() throws {
      try reporting {
        var isGood = true
        for file in files {
          do {
            _ = try PolicySet(
              text: try PolicyFile.read(file), file: file, name: PolicyFile.setName(file), userID: userID(named:))
          } catch {
            writeError("\(error)")
            isGood = false
          }
        }
        if !isGood { throw ExitCode(1) }
      }
    }
  }

  struct Load: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Loads a policy file as a set, in place of the set of that name. Other sets stay.")

    @ParentCommand var parent: PolicyCommand
    @OptionGroup var engine: EngineOption
    @OptionGroup var source: PolicyFileArguments

    func run() throws {
      try reporting {
        try PolicyFile.load(source.file, name: source.name, into: FilterEngine(path: engine.path ?? parent.engine))
      }
    }
  }

  struct Unload: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Takes a set out of force.")

    @ParentCommand var parent: PolicyCommand
    @OptionGroup var engine: EngineOption
    @Argument(help: "Name of the set, or the file that it was loaded from.") var set: String

    func run() throws {
      try reporting {
        let engine = try FilterEngine(path: engine.path ?? parent.engine)
        do throws(EngineError) {
          try engine.unloadSet(set)
        } catch {
          // The file's name, as it was given to `load`.
          let name = PolicyFile.setName(set)
          guard error.code == .unknownSet, try engine.sets().contains(where: { $0.set.name == name }) else {
            throw error
          }
          try engine.unloadSet(name)
        }
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows the sets and providers in force, and the filters in the order in which they are asked.")

    @ParentCommand var parent: PolicyCommand
    @OptionGroup var engine: EngineOption
    @Flag(help: "As JSON.") var json = false

    func run() throws {
      try reporting {
        let engine = try FilterEngine(path: engine.path ?? parent.engine)
        let report = PolicyReport(sets: try engine.sets(), generation: engine.generation)
        print(json ? try report.json.text() : report.text)
      }
    }
  }

  struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints the JSON Schema of policy files, which editors can check and complete them with.")

    func run() {
      print(String(decoding: PackageResources.policy_schema_json, as: UTF8.self), terminator: "")
    }
  }

  @ParentCommand var root: WfpControl
  @OptionGroup var engineOption: EngineOption

  var engine: String? { engineOption.path ?? root.engine.path }
}
