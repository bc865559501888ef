import ArgumentParser
import FilterEngine
import Glibc

/// What `run` and `trace` have in common: a program that takes part, and the policies before it.
struct LaunchOptions: ParsableArguments {
  // Not an EngineOption: ArgumentParser would take the root's for it, which ends where the passthrough begins.
  @Option(name: .customLong("engine"), help: EngineOption.help)
  var engine: String?
  @Option(name: .customLong("policy"), help: ArgumentHelp("Policy file to load first.", valueName: "file"))
  var policies: [String] = []
  @Option(
    name: .customLong("library"),
    help: ArgumentHelp(
      "libwfpshim.so (default: $WFPSHIM_LIBRARY, else beside wfpctl, else in ../lib).", valueName: "path"))
  var library: String?
  @Argument(parsing: .captureForPassthrough, help: "The program and its arguments.")
  var command: [String] = []

  /// The passthrough takes these as well.
  var asksForHelp: Bool { ["-h", "--help"].contains(command.first) }

  /// The program and its arguments.
  func words() throws -> [String] {
    let words = command.first == "--" ? Array(command.dropFirst()) : command
    guard words.first?.isEmpty == false else { throw ValidationError("Missing the program to run.") }
    return words
  }

  /// Loads the policies, and makes this process's environment that of the program.
  /// - Parameter rootEngine: The engine that was named before the subcommand.
  func prepare(_ rootEngine: String?) throws -> FilterEngine {
    let path = engine ?? rootEngine
    let library = try Preload.library(given: library)
    let engine = try FilterEngine(path: path)
    for file in policies { try PolicyFile.load(file, name: nil, into: engine) }
    try Preload.add(library)
    if let path { _ = unsafe setenv("WFPSHIM_ENGINE", Preload.absolute(path), 1) }
    return engine
  }
}
