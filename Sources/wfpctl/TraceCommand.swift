import ArgumentParser
import CEngine
import FilterEngine
import Glibc
import Policy

struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Runs a program as 'run' does, and tells each connect, accept and redirect control code of it.",
    discussion:
      "Of the programs that it starts as well, until it ends. One line an event on standard error: when, who, "
      + "what, where it went and by which filter, lineage, error, how long it took. A service that sets records too late, or not at "
      + "all, is told so. The exit code is the program's.")

  @ParentCommand var root: WfpControl
  @Flag(help: "One JSON object a line.") var json = false
  @Option(name: .shortAndLong, help: ArgumentHelp("Where the lines go.", valueName: "file")) var output: String?
  @OptionGroup var launch: LaunchOptions

  func run() throws {
    if launch.asksForHelp { throw CleanExit.helpRequest(self) }
    let words = try launch.words()
    try reporting {
      let engine = try launch.prepare(root.engine.path)
      var lines = try LineWriter(output)
      var file = try TraceFile()
      _ = unsafe setenv("WFPSHIM_TRACE", file.path, 1)
      let began = wfp_now(CLOCK_REALTIME)
      var child = try ChildProcess(words[0], words)
      var status: ChildProcess.End?
      repeat {
        // What it wrote before it ended is there when its end is known.
        status = child.wait(milliseconds: 50)
        let events = file.events(engine)
        if events.isEmpty { continue }
        let filters = names(of: try engine.sets())
        for event in events {
          let report = TraceReport(event: event, filters: filters)
          lines.write(json ? try report.json.line() : report.text(since: began))
        }
      } while status == nil
      if let failure = lines.failure { writeError(failure) }
      throw ExitCode(status?.exitCode ?? 1)
    }
  }

  private func names(of sets: [LoadedSet]) -> [UInt64: String] {
    Dictionary(arbitrationOrder(sets).map { ($0.id, $0.filter.name) }) { first, _ in first }
  }
}

/// Lines on standard error or in a file, each there when it was written. When nobody takes them any more, the program that is
/// traced goes on all the same.
private struct LineWriter: ~Copyable {
  private let descriptor: Int32
  private let path: String
  /// Why nothing more is written.
  private(set) var failure: String?

  init(_ path: String?) throws {
    self.path = path ?? "standard error"
    descriptor = path.map { unsafe open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666) } ?? STDERR_FILENO
    if descriptor < 0 { throw Failure("\(self.path): \(reason(errno))") }
  }

  deinit { if descriptor != STDERR_FILENO { close(descriptor) } }

  mutating func write(_ line: String) {
    if failure != nil || writeAll(line + "\n", to: descriptor) { return }
    failure = "\(path): \(reason(errno)); the rest of the trace is not shown"
  }
}
