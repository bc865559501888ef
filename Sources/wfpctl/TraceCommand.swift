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
  @Option(name: .customLong("engine"), help: EngineOption.help)
  var engine: String?
  @Option(name: .customLong("policy"), help: ArgumentHelp("Policy file to load first.", valueName: "file"))
  var policies: [String] = []
  @Option(name: .customLong("library"), help: RunCommand.libraryHelp)
  var library: String?
  @Flag(help: "One JSON object a line.") var json = false
  @Option(name: .shortAndLong, help: ArgumentHelp("Where the lines go.", valueName: "file")) var output: String?
  @Argument(parsing: .captureForPassthrough, help: "The program and its arguments.")
  var command: [String] = []

  func run() throws {
    if ["-h", "--help"].contains(command.first) { throw CleanExit.helpRequest(self) }
    let words = command.first == "--" ? Array(command.dropFirst()) : command
    guard let program = words.first, !program.isEmpty else { throw ValidationError("Missing the program to trace.") }
    try reporting {
      let path = engine ?? root.engine.path
      let library = try Preload.library(given: library)
      let engine = try FilterEngine(path: path)
      for file in policies { try PolicyFile.load(file, name: nil, into: engine) }
      try Preload.add(library)
      if let path { _ = unsafe setenv("WFPSHIM_ENGINE", Preload.absolute(path), 1) }
      let lines = try LineWriter(output)
      var file = try TraceFile()
      _ = unsafe setenv("WFPSHIM_TRACE", file.path, 1)
      let began = wfp_now(CLOCK_REALTIME)
      var child = try ChildProcess(program, words)
      var status: ChildProcess.End?
      repeat {
        // What it wrote before it ended is there when its end is known.
        status = child.wait(milliseconds: 50)
        let events = file.events(engine)
        if events.isEmpty { continue }
        let filters = names(of: try engine.sets())
        for event in events {
          let report = TraceReport(event: event, filters: filters)
          try lines.write(json ? try report.json.line() : report.text(since: began))
        }
      } while status == nil
      throw ExitCode(status?.exitCode ?? 1)
    }
  }

  private func names(of sets: [LoadedSet]) -> [UInt64: String] {
    Dictionary(arbitrationOrder(sets).map { ($0.id, $0.filter.name) }) { first, _ in first }
  }
}

/// Lines on standard error or in a file, each there when it was written.
private struct LineWriter: ~Copyable {
  private let descriptor: Int32
  private let path: String

  init(_ path: String?) throws {
    self.path = path ?? "standard error"
    descriptor = path.map { unsafe open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666) } ?? STDERR_FILENO
    if descriptor < 0 { throw Failure("\(self.path): \(reason(errno))") }
  }

  deinit { if descriptor != STDERR_FILENO { close(descriptor) } }

  func write(_ line: String) throws {
    var rest = Array((line + "\n").utf8)[...]
    while !rest.isEmpty {
      let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 { throw Failure("\(path): \(reason(errno))") }
      rest = rest.dropFirst(written)
    }
  }
}
