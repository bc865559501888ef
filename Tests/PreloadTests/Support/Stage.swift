import Foundation
import Testing

/// An engine of its own for a test, and the programs around it. The engine's folder goes with the stage.
final class Stage: @unchecked Sendable {  // `programs` is under its lock
  let folder: String
  private let lock = NSLock()
  private var programs: [Program] = []
  private var others: [String] = []
  var engine: String { folder + "/engine" }
  var log: String { folder + "/log" }

  init() throws {
    var template = Array("/tmp/wfpshim-test-XXXXXX".utf8CString)
    folder = try #require(mkdtemp(&template).map { String(cString: $0) })
  }

  deinit {
    programs.forEach { $0.signal(SIGKILL) }
    for path in [folder] + others { try? FileManager.default.removeItem(atPath: path) }
  }

  /// A further folder, which every user may search: this stage's own is private, because the engine is in it.
  func openFolder() throws -> String {
    var template = Array("/tmp/wfpshim-open-XXXXXX".utf8CString)
    let made = try #require(mkdtemp(&template).map { String(cString: $0) })
    lock.withLock { others.append(made) }
    try #require(chmod(made, 0o755) == 0)
    return made
  }

  /// Ends `program` with the stage at the latest.
  func keep(_ program: Program) -> Program {
    lock.withLock { programs.append(program) }
    return program
  }

  var environment: [String: String] { ["WFPSHIM_ENGINE": engine, "WFPSHIM_LOG": log] }

  /// A program under the shim.
  func shimmed(
    _ path: String, _ arguments: [String] = [], environment more: [String: String] = [:], input: String? = nil
  ) throws -> Program {
    keep(try Program(path, arguments, preload: shim, environment: environment.merging(more) { $1 }, input: input))
  }

  /// wfpctl on this stage's engine; must succeed.
  @discardableResult
  func wfpctl(_ arguments: String...) throws -> [String] {
    let (status, lines) = try Program("wfpctl", arguments, environment: environment).finish()
    try #require(status == 0, "wfpctl \(arguments): \(lines.joined(separator: "\n"))")
    return lines
  }

  /// Loads a policy text as set `name`.
  func load(_ policy: String, name: String) throws {
    let file = folder + "/\(name).yaml"
    try policy.write(toFile: file, atomically: true, encoding: .utf8)
    try wfpctl("policy", "load", file, "--name", name)
  }

  /// A redirect service (the probe) on a free port of `host`, and the policy that sends `ports` to it. The service runs
  /// before its policy is there.
  func service(
    _ name: String, redirecting ports: [UInt16], host: String = "::", weight: Int = 100, arguments: [String] = [],
    filter: String = ""
  ) throws -> Program {
    let service = try shimmed("ProbeService", [name, host, "0"] + arguments)
    let port = try service.port()
    try load(policy(name, port: port, redirecting: ports, weight: weight, filter: filter), name: name)
    return service
  }

  /// A policy with one provider on 127.0.0.1 and ::1, and one filter.
  func policy(
    _ name: String, port: UInt16, redirecting ports: [UInt16], weight: Int = 100, filter: String = ""
  ) -> String {
    """
    version: 1
    providers:
      - name: \(name)
        endpoints: ["127.0.0.1:\(port)", "[::1]:\(port)"]
        context: [ {sockaddr_storage: remote}, {sockaddr_storage: local} ]
    filters:
      - name: to-\(name)
        action: redirect
        provider: \(name)
        weight: \(weight)
        conditions: { ip_protocol: tcp, ip_remote_port: [\(ports.map(String.init).joined(separator: ", "))] }
    \(filter)
    """
  }

  /// An echo server without the shim.
  func origin(_ host: String = "::", arguments: [String] = []) throws -> (program: Program, port: UInt16) {
    let program = keep(try Program("ProbeOrigin", [host, "0"] + arguments))
    return (program, try program.port())
  }

  /// What WFPSHIM_LOG received.
  var diagnostics: [String] {
    ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
  }
}
