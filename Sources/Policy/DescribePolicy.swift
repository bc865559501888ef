import CEngine

/// Values as a policy file would say them.
extension Condition {
  package var key: String {
    switch self {
    case .ipProtocol: "ip_protocol"
    case .ipRemoteAddress: "ip_remote_address"
    case .ipRemotePort: "ip_remote_port"
    case .ipLocalAddress: "ip_local_address"
    case .aleAppID: "ale_app_id"
    case .aleOriginalAppID: "ale_original_app_id"
    case .aleUserID: "ale_user_id"
    case .loopback: "loopback"
    }
  }

  package var texts: [String] {
    switch self {
    case .ipProtocol(let numbers): numbers.map { $0 == UInt32(IPPROTO_UDP) ? "udp" : "tcp" }
    case .ipRemoteAddress(let ranges), .ipLocalAddress(let ranges): ranges.map(\.description)
    case .ipRemotePort(let ranges):
      ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    case .aleAppID(let patterns), .aleOriginalAppID(let patterns): patterns
    case .aleUserID(let users): users.map { "\($0)" }
    case .loopback(let flags): flags.map { "\($0)" }
    }
  }
}

extension Accepts {
  static let choices: [(String, Accepts)] = [
    ("preload", .preload), ("redirect", .redirect), ("tproxy", .tproxy), ("proxy-v2", .proxyV2),
  ]

  package var names: [String] { Accepts.choices.filter { contains($0.1) }.map(\.0) }
}

extension Options {
  package var peerName: String { peerNameFaithful ? "faithful" : "transparent" }
  package var redirectedByOther: String { redirectedByOtherPermits ? "permit" : "redirect" }
}
