import ArgumentParser
import FilterEngine
import Glibc

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a program that takes part: its connections are classified, and it may be a redirect service.",
    discussion: "A policy that is loaded stays loaded when the program ends.")

  @ParentCommand var root: WfpControl
  @OptionGroup var launch: LaunchOptions

  func run() throws {
    if launch.asksForHelp { throw CleanExit.helpRequest(self) }
    let words = try launch.words()
    try reporting {
      _ = try launch.prepare(root.engine.path)
      try execute(words[0], words)
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
