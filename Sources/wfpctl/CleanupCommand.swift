import ArgumentParser
import FilterEngine

struct CleanupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cleanup",
    abstract: "Removes an engine that nobody uses any more, of whatever version.",
    discussion:
      "It stays, and the exit code is 1, while a program has it mapped, or while a policy is loaded and --policies "
      + "is not given.")

  @ParentCommand var root: WfpControl
  @OptionGroup var engine: EngineOption
  @Flag(help: "Removes the policies that are loaded with it.") var policies = false
  @Flag(name: .customLong("dry-run"), help: "Says what it would do.") var isDryRun = false

  func run() throws {
    try reporting {
      let path = engine.path ?? root.engine.path
      guard let remains = try EngineRemains(path: path) else {
        return print("\(path ?? FilterEngine.pathInForce()): no engine")
      }
      let users = remains.users
      guard users.isEmpty else {
        let list = users.map { "\n  \($0.path)  pid \($0.pid)" }.joined()
        throw Failure("\(remains.path): in use by \(users.count) programs; expected none:\(list)")
      }
      if let sets = loaded(remains.path), !sets.isEmpty, !policies {
        throw Failure(
          "\(remains.path): policies are loaded: \(sets.joined(separator: ", ")); `--policies` removes them as well")
      }
      print("\(remains.path): \(isDryRun ? "nobody uses it" : "removed")")
      if !isDryRun { try remains.remove() }
    }
  }

  /// - Returns: `nil`: it cannot be read, as it is of another version or damaged.
  private func loaded(_ path: String) -> [String]? {
    guard let engine = try? FilterEngine(path: path) else { return nil }
    return try? engine.sets().map(\.set.name)
  }
}
