import CEngine
import Yams

/// SPEC S11.3.
extension PolicyReader {
  mutating func conditions(_ node: Node) -> [Condition] {
    let keys = [
      "ip_protocol", "ip_remote_address", "ip_remote_port", "ip_local_address", "ale_app_id", "ale_original_app_id",
      "ale_user_id", "loopback",
    ]
    guard let fields = fields(node, of: "conditions", keys: keys) else { return [] }
    var conditions: [Condition] = []
    for key in keys {
      guard let node = fields[key] else { continue }
      conditions.append(condition(key, oneOrMore(node, of: key, expected: "value")))
    }
    return conditions
  }

  private mutating func condition(_ key: String, _ nodes: [Node]) -> Condition {
    switch key {
    case "ip_protocol":
      let protocols = [("tcp", UInt32(IPPROTO_TCP)), ("udp", UInt32(IPPROTO_UDP))]
      return .ipProtocol(nodes.compactMap { choice($0, key, protocols) })
    case "ip_remote_address": return .ipRemoteAddress(nodes.compactMap { addressRange($0, key) })
    case "ip_remote_port": return .ipRemotePort(nodes.compactMap { portRange($0, key) })
    case "ip_local_address": return .ipLocalAddress(nodes.compactMap { addressRange($0, key) })
    case "ale_app_id": return .aleAppID(nodes.compactMap { pathPattern($0, key) })
    case "ale_original_app_id": return .aleOriginalAppID(nodes.compactMap { pathPattern($0, key) })
    case "ale_user_id": return .aleUserID(nodes.compactMap { user($0, key) })
    default: return .loopback(nodes.compactMap { flag($0, key) })
    }
  }

  private mutating func addressRange(_ node: Node, _ what: String) -> AddressRange? {
    let expected = "an address, address/length or first-last"
    guard let text = text(node, what, expected: expected) else { return nil }
    do throws(AddressRange.Failure) {
      return try AddressRange(parsing: text)
    } catch {
      switch error {
      case .noAddress: report(node, "\(what) '\(text)' is no address", expected: expected)
      case .prefixLength(let most):
        report(node, "\(what) '\(text)' has a bad prefix length", expected: "a length from 0 to \(most)")
      case .hostBits(let network):
        report(node, "\(what) '\(text)' has bits behind its prefix", expected: network)
      case .families: report(node, "\(what) '\(text)' mixes IPv4 and IPv6", expected: "two addresses of one family")
      case .order: report(node, "\(what) '\(text)' ends before it begins", expected: "the lower address first")
      }
      return nil
    }
  }

  private mutating func portRange(_ node: Node, _ what: String) -> ClosedRange<UInt16>? {
    let expected = "a port from 0 to 65535, or first-last"
    guard let text = text(node, what, expected: expected) else { return nil }
    let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let ports = ends.compactMap { parseNumber(String($0)).flatMap { UInt16(exactly: $0) } }
    guard ports.count == ends.count else {
      report(node, "\(what) '\(text)' is no port", expected: expected)
      return nil
    }
    guard ports[0] <= ports[ports.count - 1] else {
      report(node, "\(what) '\(text)' ends before it begins", expected: "the lower port first")
      return nil
    }
    return ports[0]...ports[ports.count - 1]
  }

  /// Executables are known by absolute paths: a pattern that can match none is a mistake.
  private mutating func pathPattern(_ node: Node, _ what: String) -> String? {
    let expected = "an absolute path, or a pattern that begins with '/', '*', '?' or '['"
    guard let text = text(node, what, expected: expected) else { return nil }
    guard let first = text.first, "/*?[".contains(first), text.utf8.count <= 4096 else {
      report(node, "\(what) '\(text.prefix(64))' is no absolute path", expected: expected)
      return nil
    }
    return text
  }

  private mutating func user(_ node: Node, _ what: String) -> UInt32? {
    let expected = "a user id from 0 to 4294967294, or the name of a user"
    guard let text = text(node, what, expected: expected) else { return nil }
    if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
      return number(node, what, in: 0...UInt64(UInt32.max) - 1).map { UInt32($0) }
    }
    guard let id = userID(text) else {
      report(node, "\(what): there is no user '\(text)'", expected: expected)
      return nil
    }
    return id
  }
}
