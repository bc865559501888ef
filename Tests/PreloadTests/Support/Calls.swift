import Foundation
import Testing

/// One call of a control code and what it must give: `RETURN ERRNO BYTES BUFFER` (Tests/Probes/ioctl/call.c).
struct Row: CustomStringConvertible, Sendable {
  let clause: String
  let call: String
  let expected: String
  var description: String { "\(clause): \(call)" }

  init(_ clause: String, _ call: String, _ expected: String) {
    self.clause = clause
    self.call = call
    self.expected = expected
  }
}

/// A run of the ioctl probe, which is a redirect service and makes the calls of a script on what it accepted.
struct Calls {
  /// Filters redirect connections to this port to the probe. Nobody has to listen there.
  static let dialled: UInt16 = 4
  /// A context of 256 bytes that is the same every time.
  static let context = #"[ {text: "the context of contoso"}, {pad_to: 256} ]"#

  let stage: Stage
  let program: Program
  let port: UInt16
  let commands: [String]

  /// Starts the probe; its policy is not there yet.
  /// - Parameter preload: nil to run it without the shim.
  init(_ stage: Stage, _ commands: [String], host: String = "127.0.0.1", preload: String? = shim) throws {
    self.stage = stage
    self.commands = commands
    program = stage.keep(
      try Program("ProbeIoctl", ["--clean", host] + commands, preload: preload, environment: stage.environment))
    port = try program.port()
  }

  /// Loads the policy that sends connections to `ports` to the probe.
  /// - Parameters:
  ///   - context: A list of fields in YAML; nil for a provider that attaches none.
  ///   - more: Further top-level lines of the policy.
  func redirect(
    _ name: String = "contoso", ports: [UInt16] = [dialled], context: String? = context, weight: Int = 100,
    more: String = ""
  ) throws {
    try stage.load(
      Calls.policy(name, port: port, ports: ports, context: context, weight: weight, more: more), name: name)
  }

  static func policy(
    _ name: String, port: UInt16, ports: [UInt16], context: String?, weight: Int = 100, more: String = ""
  ) -> String {
    """
    version: 1
    providers:
      - name: \(name)
        endpoints: ["127.0.0.1:\(port)"]
    \(context.map { "    context: \($0)" } ?? "")
    filters:
      - name: to-\(name)
        action: redirect
        provider: \(name)
        weight: \(weight)
        conditions: { ip_protocol: tcp, ip_remote_port: [\(ports.map(String.init).joined(separator: ", "))] }
    \(more)
    """
  }

  /// A client whose connection is redirected.
  func peer(_ arguments: String..., to port: UInt16 = dialled) throws -> Program {
    try stage.shimmed("ProbePeer", ["127.0.0.1", "\(port)"] + arguments)
  }

  /// Waits for the end of the script.
  /// - Returns: One result a command.
  func results(sourceLocation: SourceLocation = #_sourceLocation) throws -> [String] {
    let (status, lines) = try program.finish(sourceLocation: sourceLocation)
    try #require(status == 0, "\(lines.suffix(3).joined(separator: "\n"))", sourceLocation: sourceLocation)
    let results = Array(lines.dropFirst())
    try #require(results.count == commands.count, "\(lines)", sourceLocation: sourceLocation)
    return results
  }

  /// Runs a script against one redirected connection, which variable `flow` of the script is.
  static func run(
    _ stage: Stage, _ commands: [String], context: String? = context, more: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [String] {
    let calls = try Calls(stage, ["accept flow"] + commands)
    try calls.redirect(context: context, more: more)
    let peer = try calls.peer()
    try #require(try peer.line() == "connected", sourceLocation: sourceLocation)
    let results = try calls.results(sourceLocation: sourceLocation)
    try #require(results.first == "ok", "the redirected connection arrived", sourceLocation: sourceLocation)
    try peer.finish(sourceLocation: sourceLocation)
    return Array(results.dropFirst())
  }

  /// Makes every call of a table on one redirected connection, `flow`, and compares.
  static func check(
    _ rows: [Row], context: String? = context, after commands: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let results = try run(
      try Stage(), commands + rows.map(\.call), context: context, sourceLocation: sourceLocation)
    for (row, result) in zip(rows, results.dropFirst(commands.count)) {
      #expect(result == row.expected, "\(row)", sourceLocation: sourceLocation)
    }
  }
}

/// Whether this process can make such a socket.
func canMake(_ family: Int32, _ type: Int32, _ protocolNumber: Int32) -> Bool {
  let descriptor = socket(family, type, protocolNumber)
  if descriptor >= 0 { close(descriptor) }
  return descriptor >= 0
}

/// Combines every kind with every other: `combine(["a", "b"], ["1", "2"])` is `a 1`, `a 2`, `b 1`, `b 2`.
func combine(_ lists: [String]...) -> [String] {
  lists.reduce([""]) { known, next in known.flatMap { head in next.map { head.isEmpty ? $0 : "\(head) \($0)" } } }
}
