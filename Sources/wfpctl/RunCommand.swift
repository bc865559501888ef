import ArgumentParser
import FilterEngine
import Glibc

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a program that takes part: its connections are classified, and it may be a redirect service.",
    discussion: "A policy that is loaded stays loaded when the program ends.")

  @ParentCommand var root: WfpControl
  // Not an EngineOption: ArgumentParser would take the root's for it, which ends where the passthrough begins.
  @Option(name: .customLong("engine"), help: EngineOption.help)
  var engine: String?
  @Option(name: .customLong("policy"), help: ArgumentHelp("Policy file to load first.", valueName: "file"))
  var policies: [String] = []
  static let libraryHelp = ArgumentHelp(
    "libwfpshim.so (default: $WFPSHIM_LIBRARY, else beside wfpctl, else in ../lib).", valueName: "path")
  @Option(name: .customLong("library"), help: RunCommand.libraryHelp)
  var library: String?
  @Argument(parsing: .captureForPassthrough, help: "The program and its arguments.")
  var command: [String] = []

  func run() throws {
    if ["-h", "--help"].contains(command.first) { throw CleanExit.helpRequest(self) }
    let words = command.first == "--" ? Array(command.dropFirst()) : command
    guard let program = words.first, !program.isEmpty else { throw ValidationError("Missing the program to run.") }
    try reporting {
      let path = engine ?? root.engine.path
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
    throw number == ENOENT || number == EACCES && !exists(program)
      ? Failure("\(program): not found", exitCode: 127)
      : Failure("\(program): not executable: \(reason(number))", exitCode: 126)
  }

  /// execvp says EACCES also for a name that is nowhere, when a folder of PATH may not be searched.
  private func exists(_ program: String) -> Bool {
    if program.contains("/") { return true }
    let folders = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? "/bin:/usr/bin"
    return folders.split(separator: ":", omittingEmptySubsequences: false).contains { folder in
      unsafe access("\(folder.isEmpty ? "." : folder)/\(program)", F_OK) == 0
    }
  }
}
