import ArgumentParser
import FilterEngine
import Policy

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract:
      "Says what the policy in force makes of a connect, and what each filter says of it, in the order in which "
      + "they are asked.",
    discussion: "Nothing is connected. Whether a service listens is asked of the kernel, as a connect asks it.")

  @ParentCommand var root: WfpControl
  @OptionGroup var engine: EngineOption
  @OptionGroup var options: ConnectOptions

  func run() throws {
    try reporting {
      let engine = try FilterEngine(path: engine.path ?? root.engine.path)
      try options.explain(try engine.sets())
    }
  }
}

extension ConnectOptions {
  func explain(_ sets: [LoadedSet]) throws {
    let decision = try Decision(self, sets: sets)
    print(json ? try decision.json.text() : decision.text)
    try decision.check()
  }
}

extension PolicyCommand {
  struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says what policy files would make of a connect. Needs no engine and changes none.",
      discussion: "With --expect the exit code tells, so that a policy can have tests.")

    @OptionGroup var options: ConnectOptions
    @Argument(help: "Policy files.") var files: [String]

    func run() throws {
      try reporting {
        var sets: [LoadedSet] = []
        var next: UInt64 = 1
        for file in files {
          let set = try PolicySet(
            text: try PolicyFile.read(file), file: file, name: PolicyFile.setName(file), userID: userID(named:))
          sets.append(LoadedSet(set, loaded: 0, firstFilterID: next))
          next += UInt64(set.filters.count)
        }
        try options.explain(sets)
      }
    }
  }
}
