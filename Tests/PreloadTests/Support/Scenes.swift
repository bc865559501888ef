import Foundation
import Testing

extension Stage {
  /// A redirect service with bad habits (probe `unruly`) on a free port, and the policy that sends `ports` to it.
  func unruly(
    _ name: String, redirecting ports: [UInt16], weight: Int = 100, arguments: [String] = [], filter: String = ""
  ) throws -> Program {
    let service = try shimmed("ProbeUnruly", [name, "::", "0"] + arguments)
    let port = try service.port()
    try load(policy(name, port: port, redirecting: ports, weight: weight, filter: filter), name: name)
    return service
  }

  /// A port on which nobody listens, and which no connection of another test takes: below the ephemeral ones.
  func freePort() throws -> UInt16 {
    for _ in 0..<2000 {
      let port = UInt16(truncatingIfNeeded: 10_000 + nextPort.add(1) % 20_000)
      let program = try Program("ProbeSockets", ["free", "::", "\(port)", "1"])
      if try program.finish().status == 0 { return port }
    }
    throw CocoaError(.featureUnsupported)
  }

  /// One exchange of the client probe with `port`.
  /// - Returns: Its last line, `ok 1 failed 0 peer ...` when it went well; the line before when it did not.
  func exchange(_ port: UInt16, host: String = "127.0.0.1", arguments: [String] = []) throws -> (
    good: Bool, said: String
  ) {
    let (status, lines) = try shimmed("ProbeClient", [host, "\(port)"] + arguments).finish()
    return (status == 0, (status == 0 ? lines.last : lines.first) ?? "")
  }

  /// The flows that the engine holds, as wfpctl shows them.
  func flows() throws -> [FlowLine] {
    let text = try wfpctl("flows", "--json").joined(separator: "\n")
    return try JSONDecoder().decode(FlowList.self, from: Data(text.utf8)).flows
  }
}

/// The part of `wfpctl flows --json` that these tests look at.
struct FlowList: Decodable { var flows: [FlowLine] }

struct FlowLine: Decodable {
  struct Application: Decodable {
    var path: String?
    var pid: Int
  }
  struct Service: Decodable { var provider: String? }
  struct Context: Decodable {
    struct Field: Decodable {
      var field: String
      var value: String
    }
    var decoded: [Field]
  }
  struct Hop: Decodable {
    var provider: String?
    var filter: String?
  }
  var state: String
  var application: Application
  var client: Application
  var service: Service
  var source: String?
  var destination: String?
  var local: String?
  var lineage: [Hop]
  var context: Context

  var providers: [String] { lineage.map { $0.provider ?? "?" } }
}

extension Sequence<String> {
  func count(containing text: String) -> Int { reduce(0) { $1.contains(text) ? $0 + 1 : $0 } }
}

/// Where `freePort` looks next; test runs at the same time begin elsewhere.
private let nextPort = Counter(Int(getpid()) * 389)

final class Counter: @unchecked Sendable {  // `value` is under its lock
  private let lock = NSLock()
  private var value: Int

  init(_ value: Int) { self.value = value }

  func add(_ amount: Int) -> Int {
    lock.withLock {
      value += amount
      return value
    }
  }
}

/// All orders of a list.
func permutations<Element>(_ list: [Element]) -> [[Element]] {
  if list.count < 2 { return [list] }
  return list.indices.flatMap { i -> [[Element]] in
    var rest = list
    let first = rest.remove(at: i)
    return permutations(rest).map { [first] + $0 }
  }
}
