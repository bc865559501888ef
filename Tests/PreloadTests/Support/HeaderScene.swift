import Foundation
import Testing

/// A redirect service (the ioctl probe) at an endpoint that accepts PROXY headers, and a sender of one.
struct HeaderScene {
  static let v4 = HeaderBytes(from: "192.0.2.7", 40001, to: "198.51.100.9", 443)
  static let v6 = HeaderBytes(from: "2001:db8::7", 40002, to: "2001:db8:1::9", 8443)
  /// What the policy of these tests makes of them.
  static let contexts = [
    "020001bbc63364090000000000000000" + "02009c41c00002070000000000000000",
    "0a0020fb" + "00000000" + "20010db8000100000000000000000009" + "00000000" + "0a009c42" + "00000000"
      + "20010db8000000000000000000000007" + "00000000",
  ]
  static let whole = "send all"

  let stage: Stage
  let calls: Calls
  private let host: String

  /// - Parameter commands: Of the ioctl probe.
  init(_ commands: [String], host: String = "127.0.0.1", accepts: String = "proxy-v2", more: String = "") throws {
    stage = try Stage()
    self.host = host
    calls = try Calls(stage, commands, host: host)
    if commands.first == "defer" { _ = try calls.program.line("ok") }
    let address = host.contains(":") ? "[\(host)]" : host
    try stage.load(
      """
      version: 1
      providers:
        - name: contoso
          endpoints: ["\(address):\(calls.port)"]
          accepts: \(accepts)
          context: [ {sockaddr: remote}, {sockaddr: local} ]
      \(more)
      """, name: "contoso")
  }

  /// A sender of `bytes` and then `hello`, without the shim. In its commands `N` is the header's length, `all` the whole.
  func send(_ bytes: [UInt8], _ commands: [String] = ["send all"], to port: UInt16? = nil, shimmed: Bool = false) throws
    -> Program
  {
    let file = stage.folder + "/bytes-\(UUID().uuidString)"
    let content = bytes + Array("hello".utf8)
    try Data(content).write(to: URL(fileURLWithPath: file))
    let numbers = ["all": "0 \(content.count)", "N": "\(bytes.count)", "END": "\(content.count)"]
    let spelled = commands.map { command in
      command.split(separator: " ").map { numbers[String($0)] ?? String($0) }.joined(separator: " ")
    }
    let arguments = [host, "\(port ?? calls.port)", file] + spelled
    if shimmed { return try stage.shimmed("ProbeSender", arguments) }
    return stage.keep(try Program("ProbeSender", arguments))
  }

  /// The results of the commands behind `defer` and `accept`.
  func results(sourceLocation: SourceLocation = #_sourceLocation) throws -> [String] {
    let results = try calls.results(sourceLocation: sourceLocation)
    let setup = calls.commands.prefix { $0 == "defer" || $0.hasPrefix("accept") }.count
    try #require(results.prefix(setup).allSatisfy { $0 == "ok" }, "\(results)", sourceLocation: sourceLocation)
    return Array(results.dropFirst(setup))
  }

  /// One connection, its bytes there before it is accepted unless `deferred` is false.
  static func run(
    _ commands: [String], _ bytes: [UInt8], _ sending: [String] = [whole], host: String = "127.0.0.1",
    deferred: Bool = true, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [String] {
    let scene = try HeaderScene((deferred ? ["defer"] : []) + ["accept f"] + commands, host: host)
    let sender = try scene.send(bytes, sending)
    let results = try scene.results(sourceLocation: sourceLocation)
    _ = sender
    return results
  }
}
