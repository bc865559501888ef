import ArgumentParser
import FilterEngine
import Glibc

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a program that takes part: its connections are classified, and it may be a redirect service.",
    discussion: "A policy that is loaded stays loaded when the program ends.")

  @ParentCommand var root: WfpControl
  @OptionGroup var engine: EngineOption
  @Option(name: .customLong("policy"), help: ArgumentHelp("Policy file to load first.", valueName: "file"))
  var policies: [String] = []
  @Option(
    name: .customLong("library"),
    help: ArgumentHelp(
      "libwfpshim.so (default: $WFPSHIM_LIBRARY, else beside wfpctl, else in ../lib).", valueName: "path"))
  var library: String?
  @Argument(parsing: .captureForPassthrough, help: "The program and its arguments.")
  var command: [String] = []

  func run() throws {
    let words = command.first == "--" ? Array(command.dropFirst()) : command
    guard let program = words.first, !program.isEmpty else { throw ValidationError("Missing the program to run.") }
    try reporting {
      let path = engine.path ?? root.engine.path
      let library = try Preload.library(given: library)
      let engine = try FilterEngine(path: path)
      for file in policies { try PolicyFile.load(file, name: nil, into: engine) }
      try Preload.add(library)
      if let path { _ = unsafe setenv("WFPSHIM_ENGINE", Preload.absolute(path), 1) }
      try execute(program, words)
    }
  }

  /// Returns only by an error: the shell's codes for a program that cannot run.
  private func execute(_ program: String, _ words: [String]) throws {
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
    _ = unsafe execvp(program, &arguments)
    let number = errno
    throw number == ENOENT
      ? Failure("\(program): not found", exitCode: 127)
      : Failure("\(program): not executable: \(reason(number))", exitCode: 126)
  }
}
