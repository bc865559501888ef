import Foundation

/// What the page's table needs of a flow: the rest is asked for when the flow is looked at.
struct FlowSummary: Codable, Sendable {
  struct Hop: Codable, Sendable {
    let flow: String
    let provider: String?
    let inherited: Bool
  }

  let id: String
  let state: String
  let transport: String
  let application: String?
  let pid: UInt64
  let destination: String?
  let lineage: [Hop]
  /// Milliseconds since 1970 at which it was published.
  let published: Double
}

/// A line of `wfpctl flows --follow --json`, as far as it is looked at.
struct FlowEvent: Decodable {
  struct Application: Decodable {
    let path: String?
    let pid: UInt64
  }

  struct Flow: Decodable {
    let id: String
    let state: String
    let `protocol`: String
    let application: Application
    let destination: String?
    let lineage: [FlowSummary.Hop]
    /// Seconds.
    let age: Double
  }

  let event: String
  let flow: Flow

  func summary(now: Date) -> FlowSummary {
    FlowSummary(
      id: flow.id, state: flow.state, transport: flow.protocol, application: flow.application.path,
      pid: flow.application.pid, destination: flow.destination, lineage: flow.lineage,
      published: (now.timeIntervalSince1970 - flow.age) * 1000)
  }
}
