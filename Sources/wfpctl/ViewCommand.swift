import ArgumentParser
import Glibc

struct ViewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "view", abstract: "Shows the redirected connections on a page of this machine's own.",
    discussion:
      "Starts wfpctl-view, a program of its own, with the options given here; where that is installed, `wfpctl "
      + "view --help` shows them.")

  @ParentCommand var root: WfpControl
  @Argument(parsing: .captureForPassthrough, help: "Options of wfpctl-view.")
  var options: [String] = []

  private static let name = "wfpctl-view"

  func run() throws {
    let own = Preload.realPath("/proc/self/exe") ?? CommandLine.arguments[0]
    let folder = own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let candidates = ["\(folder)/\(Self.name)", "\(folder)/../libexec/wfpshim/\(Self.name)"]
    let program = candidates.first { unsafe access($0, X_OK) == 0 }
    if program == nil, ["-h", "--help"].contains(options.first) { throw CleanExit.helpRequest(self) }
    try reporting {
      guard let program else {
        throw Failure(
          "\(candidates.joined(separator: ", ")): no such program; `make install` installs it after `make view`")
      }
      let engine = root.engine.path.map { ["--engine", $0] } ?? []
      let words = ["wfpctl view", "--wfpctl", own] + engine + options
      var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
      _ = unsafe execv(program, &arguments)
      throw Failure("\(program): not executable: \(reason(errno))", exitCode: 126)
    }
  }
}
