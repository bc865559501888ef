import Foundation
import Testing

extension Stage {
  /// A policy with one provider on 127.0.0.1 and ::1, and one filter for UDP.
  func datagramPolicy(
    _ name: String, port: UInt16, redirecting ports: [UInt16], weight: Int = 100, protocols: String = "udp",
    endpoints: String? = nil, filter: String = ""
  ) -> String {
    """
    version: 1
    providers:
      - name: \(name)
        endpoints: [\(endpoints ?? "\"127.0.0.1:\(port)\", \"[::1]:\(port)\"")]
        context: [ {sockaddr_storage: remote}, {sockaddr_storage: local} ]
    filters:
      - name: to-\(name)
        action: redirect
        provider: \(name)
        weight: \(weight)
        conditions: { ip_protocol: \(protocols), ip_remote_port: [\(ports.map(String.init).joined(separator: ", "))] }
    \(filter)
    """
  }

  /// A redirect service for UDP (the relay probe) on a free port, and the policy that sends datagrams to `ports` to it.
  func relay(
    _ name: String, redirecting ports: [UInt16], host: String = "::", weight: Int = 100, arguments: [String] = [],
    filter: String = ""
  ) throws -> Program {
    let relay = try shimmed("ProbeRelay", [name, host, "0"] + arguments)
    let port = try relay.port()
    try load(datagramPolicy(name, port: port, redirecting: ports, weight: weight, filter: filter), name: name)
    return relay
  }

  /// A listener of TCP (the service probe), and a relay of UDP on its port.
  func relayBeside(_ name: String, host: String = "::") throws -> (tcp: Program, udp: Program, port: UInt16) {
    for _ in 0..<20 {
      let listener = try shimmed("ProbeService", [name, host, "0"])
      let port = try listener.port()
      let relay = try shimmed("ProbeRelay", [name, host, "\(port)"])
      if try relay.line().hasPrefix("listening") { return (listener, relay, port) }
    }
    throw CocoaError(.featureUnsupported)  // each time somebody had the port for UDP
  }

  /// A server that sends datagrams back, without the shim.
  func datagramEcho(_ host: String = "::") throws -> (program: Program, port: UInt16) {
    let program = keep(try Program("ProbeRelay", ["origin", host, "0", "--echo"]))
    return (program, try program.port())
  }

  /// Runs a script of the datagram probe to its end.
  /// - Returns: One result a command.
  func datagrams(
    _ commands: [String], shimmed isShimmed: Bool = true, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [String] {
    let program =
      isShimmed ? try shimmed("ProbeDatagram", commands) : keep(try Program("ProbeDatagram", commands))
    let (status, lines) = try program.finish(sourceLocation: sourceLocation)
    try #require(status == 0 && lines.count == commands.count, "\(lines)", sourceLocation: sourceLocation)
    return lines
  }

  /// Runs a script of `(command, its result)`.
  func expect(
    _ script: [(command: String, result: String)], shimmed: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let results = try datagrams(script.map(\.command), shimmed: shimmed, sourceLocation: sourceLocation)
    for ((command, expected), result) in zip(script, results) {
      #expect(result == expected, "\(command)", sourceLocation: sourceLocation)
    }
  }
}

/// A redirect service that a script of the datagram probe is: socket `a`, its options set by the script's first part.
struct DatagramService {
  /// Nobody is there: what is sent to it goes to the service or to nobody.
  static let dialled = "192.0.2.1 9"
  static let both = ["set a 0 70 1", "set a 0 60 1"]

  let stage: Stage
  private let program: Program
  private let count: Int
  let port: UInt16

  /// Starts the service and loads the policy. It then waits for `run`.
  init(options: [String] = both, _ commands: [String], filter: String = "") throws {
    stage = try Stage()
    count = commands.count
    // SO_REUSEADDR, for `accept`, after the bind: before it the kernel would give a port that somebody else has.
    let setup = ["new a 4"] + options + ["bind a 127.0.0.1 0", "set a 1 2 1", "listening a", "hold"]
    program = try stage.shimmed("ProbeDatagram", setup + commands)
    port = try program.port()
    let policy = stage.datagramPolicy("contoso", port: port, redirecting: [9], filter: filter)
    try stage.load(policy, name: "contoso")
    _ = try program.line("holding")
  }

  /// Lets the commands run.
  /// - Returns: Their results, sources left out: they are the flows' own addresses.
  func run(sourceLocation: SourceLocation = #_sourceLocation) throws -> [String] {
    program.signal(SIGUSR1)
    let (status, lines) = try program.finish(sourceLocation: sourceLocation)
    try #require(status == 0, "\(lines)", sourceLocation: sourceLocation)
    return lines.suffix(count).map { $0.replacing(#/ from \S+/#, with: "") }
  }

  /// One client that sends each text from the same socket, and then the service's commands.
  static func run(
    options: [String] = both, sending texts: [String], _ commands: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [String] {
    let service = try DatagramService(options: options, commands)
    let sent = try service.stage.datagrams(["new a 4"] + texts.map { "sendto a \(dialled) \($0)" })
    #expect(sent.allSatisfy { $0.hasPrefix("ok") }, "\(sent)", sourceLocation: sourceLocation)
    return try service.run(sourceLocation: sourceLocation)
  }
}
