import FilterEngine
import Glibc
import Policy

/// `flows --follow`: what changes between two looks at the engine, one line each.
struct FlowWatch {
  enum Event: String {
    case new, changed, ended
  }

  private var known: [String: Flow] = [:]

  /// - Returns: What is new or has another state, in the order in which it was published; then what has ended.
  mutating func changes(_ flows: [Flow]) -> [(event: Event, flow: Flow)] {
    var events: [(Event, Flow)] = []
    var seen: [String: Flow] = [:]
    for flow in flows {
      seen[flow.id] = flow
      if known[flow.id] == nil {
        events.append((.new, flow))
      } else if known[flow.id]?.state != flow.state {
        events.append((.changed, flow))
      }
    }
    let ended = known.values.filter { seen[$0.id] == nil }.sorted { ($0.published, $0.id) < ($1.published, $1.id) }
    known = seen
    return events + ended.map { (.ended, $0) }
  }

  static func line(_ event: Event, _ flow: Flow) -> String {
    let path = flow.hops.map(\.provider).joined(separator: " -> ")
    let name = event.rawValue.padding(to: 8)
    let application = lastPart(flow.application.path)
    return
      "\(name)\(flow.id)  \("\(flow.state)".padding(to: 10))\(flow.transport)  \(application)[\(flow.application.pid)]"
      + " -> \(flow.destination?.description ?? "?")  by \(path.isEmpty ? "?" : path)"
  }
}

extension String {
  fileprivate func padding(to width: Int) -> String {
    count < width ? self + String(repeating: " ", count: width - count) : self + " "
  }
}
