import ArgumentParser
import FilterEngine
import Glibc

/// `key=pattern` of `flows --filter`; the pattern is a shell's.
struct FlowFilter: ExpressibleByArgument {
  static let keys = ["app", "destination", "pid", "protocol", "provider", "state", "user"]

  private let key: String
  private let pattern: String

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "=") else { return nil }
    key = String(argument[..<equals])
    pattern = String(argument[argument.index(after: equals)...])
    if !FlowFilter.keys.contains(key) { return nil }
  }

  func holds(_ flow: Flow) -> Bool {
    let texts: [String] =
      switch key {
      case "app": [flow.application.path]
      case "destination": [flow.destination?.description ?? "", flow.destination?.address.description ?? ""]
      case "pid": ["\(flow.application.pid)", "\(flow.client.pid)"]
      case "protocol": [flow.transport]
      case "provider": flow.hops.map(\.provider)
      case "state": ["\(flow.state)"]
      default: ["\(flow.application.uid)"]
      }
    return texts.contains { unsafe fnmatch(pattern, $0, 0) == 0 }
  }
}
