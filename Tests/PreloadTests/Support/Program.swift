import Foundation
import Spawn
import Testing

/// A program that a test started: its lines as they come, its end, and no process left behind. Started with
/// posix_spawn and close-on-exec pipes, so that programs which run at the same time do not hold each other's ends.
final class Program: @unchecked Sendable {  // state is under `condition`
  private let condition = NSCondition()
  private var lines: [String] = []
  private var partial = Data()
  private var outputEnded = false
  private var exitStatus: Int32?
  private var consumed = 0
  let name: String
  private(set) var pid: pid_t = 0
  private var pipe: Int32 = -1

  /// - Parameters:
  ///   - path: Absolute, or a product's name.
  ///   - preload: LD_PRELOAD; nil for none.
  ///   - input: What stands on standard input; /dev/null when nil.
  init(
    _ path: String, _ arguments: [String] = [], preload: String? = nil, environment: [String: String] = [:],
    input: String? = nil, directory: String? = nil
  ) throws {
    name = path
    let file = path.hasPrefix("/") ? path : products.appending(path: path).path
    var variables = [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "LC_ALL": "C",
    ]
    if let preload { variables["LD_PRELOAD"] = preload }
    variables.merge(environment) { $1 }

    var argv = ([file] + arguments).map { strdup($0) } + [nil]
    var envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (argv + envp).forEach { free($0) } }
    var reading: Int32 = -1
    let error = spawn_program(file, &argv, &envp, directory, input, input?.utf8.count ?? 0, &pid, &reading)
    try #require(error == 0, "\(file): \(String(cString: strerror(error)))")
    let descriptor = reading
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    pipe = descriptor
    Thread.detachNewThread { [self] in read(from: descriptor) }
    Thread.detachNewThread { [self] in reap() }
  }

  /// Takes over what comes, until the end.
  private func read(from descriptor: Int32) {
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while true {
      poll(&polled, 1, -1)
      condition.lock()
      drain(descriptor)
      let ended = outputEnded
      condition.broadcast()
      condition.unlock()
      if ended { break }
    }
  }

  /// Takes over what is in the pipe now. Under `condition`.
  private func drain(_ descriptor: Int32) {
    var buffer = [UInt8](repeating: 0, count: 65536)
    while !outputEnded {
      let count = Foundation.read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count < 0 && errno == EAGAIN { return }
      if count <= 0 {
        if !partial.isEmpty { lines.append(String(decoding: partial, as: UTF8.self)) }
        outputEnded = true
        close(descriptor)
        return
      }
      partial.append(contentsOf: buffer[0..<count])
      while let end = partial.firstIndex(of: 0x0a) {
        lines.append(String(decoding: partial[partial.startIndex..<end], as: UTF8.self))
        partial.removeSubrange(partial.startIndex...end)
      }
    }
  }

  private func reap() {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    condition.lock()
    exitStatus = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    condition.broadcast()
    condition.unlock()
  }

  /// Waits for the next line that has `text` in it, passing over others.
  func line(_ text: String = "", seconds: Double = patience, sourceLocation: SourceLocation = #_sourceLocation) throws
    -> String
  {
    condition.lock()
    defer { condition.unlock() }
    let deadline = Date(timeIntervalSinceNow: seconds)
    while true {
      while consumed < lines.count {
        consumed += 1
        if lines[consumed - 1].contains(text) || text.isEmpty { return lines[consumed - 1] }
      }
      let more = !outputEnded && condition.wait(until: deadline)
      try #require(
        more, "\(name): no line with «\(text)» in: \(lines.joined(separator: "\n"))", sourceLocation: sourceLocation)
    }
  }

  /// The port of a probe that says `listening PORT`.
  func port() throws -> UInt16 {
    let said = try line("listening ")
    return try #require(UInt16(said.split(separator: " ").last ?? ""))
  }

  /// Waits for the end.
  /// - Returns: Exit status (128 + signal when it was killed) and all lines.
  @discardableResult
  func finish(seconds: Double = 60, sourceLocation: SourceLocation = #_sourceLocation) throws -> (
    status: Int32, lines: [String]
  ) {
    condition.lock()
    let deadline = Date(timeIntervalSinceNow: seconds)
    while exitStatus == nil && condition.wait(until: deadline) {}
    // What it left in the pipe; a child that lives on may hold the pipe open.
    let soon = Date(timeIntervalSinceNow: 5)
    while exitStatus != nil && !outputEnded && condition.wait(until: soon) {}
    let (status, said) = (exitStatus, lines)
    condition.unlock()
    if status == nil { kill(pid, SIGKILL) }
    let known = try #require(
      status, "\(name) did not end in \(seconds) s: \(said.joined(separator: "\n"))", sourceLocation: sourceLocation)
    return (known, said)
  }

  /// Everything it has said until now: what it wrote before this is asked is in it.
  var output: [String] {
    condition.lock()
    defer { condition.unlock() }
    drain(pipe)
    return lines
  }

  /// Sends a signal to the program, if it still runs.
  func signal(_ number: Int32) {
    condition.lock()
    defer { condition.unlock() }
    if exitStatus == nil { kill(pid, number) }
  }

  /// Ends the program by its id and waits until it is gone.
  @discardableResult
  func stop(_ number: Int32 = SIGTERM, sourceLocation: SourceLocation = #_sourceLocation) throws -> [String] {
    signal(number)
    return try finish(sourceLocation: sourceLocation).lines
  }
}
