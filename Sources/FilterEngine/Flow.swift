package import Policy

/// One slot of the flow table, as it was at one moment.
package struct Flow: Sendable {
  package enum State: UInt64, Sendable {
    /// A socket on which records were set, not redirected (stage 6).
    case carrying = 2
    /// Redirected, not yet accepted by its service.
    case published = 3
    case claimed = 4
  }

  package struct Process: Equatable, Sendable {
    package let path: String
    package let pid: UInt32
  }

  /// The original application, as known through all hops (SPEC S4.5).
  package struct Application: Equatable, Sendable {
    package let path: String
    package let pid: UInt32, uid: UInt32, gid: UInt32, session: UInt32
    /// ns since 1970
    package let startTime: UInt64
  }

  package struct Hop: Equatable, Sendable {
    package let flowID: [UInt8]
    package let provider: String
    package let guid: GUID
    package let filter: String
    package let filterID: UInt64
    /// ns since 1970
    package let time: UInt64
    /// Counts for the hop limit only (SPEC S4.4).
    package let isInherited: Bool
  }

  package let state: State
  package let cookie: UInt64
  /// `tcp` or `udp`.
  package let transport: String
  package let application: Application
  package let client: Process
  /// The process that accepted it; `nil` until it is claimed.
  package let service: Process?
  /// `nil` where an address is not known.
  package let source: Endpoint?, endpoint: Endpoint?, destination: Endpoint?, local: Endpoint?
  /// Oldest first. A redirected flow's own hop is the last.
  package let hops: [Hop]
  package let context: [UInt8]
  /// ns since 1970
  package let published: UInt64, claimed: UInt64

  /// The hop that made this flow; a carrying socket has none of its own.
  package var ownHop: Hop? { state == .carrying ? nil : hops.last }

  /// Unlike any other flow's, and the same as long as the flow lives.
  package var id: String { ownHop.map { hexText($0.flowID) } ?? "socket-\(cookie)" }
}
