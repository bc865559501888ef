import Policy
import RedirectCore

/// What `explain` and `policy test` print.
extension Decision {
  var json: JSON {
    .object([
      "version": .number(1), "outcome": .string(outcome.split(separator: ":").first.map(String.init) ?? outcome),
      "provider": .optional(deciding?.provider?.name), "filter": .optional((deciding ?? permitting)?.filter.name),
      "endpoint": .optional(endpoint), "filters": .array(filters.map(json)),
    ])
  }

  private func json(_ filter: RankedFilter) -> JSON {
    let why = reason(filter)
    return .object([
      "set": .string(filter.set.set.name), "sublayer": .string(filter.sublayer.name), "id": .number(filter.id),
      "name": .string(filter.filter.name), "action": .string("\(filter.filter.action)"),
      "provider": .optional(filter.provider?.name), "matches": .bool(why == nil), "reason": .optional(why),
      "decides": .bool(filter.id == (deciding ?? permitting)?.id),
    ])
  }

  var text: String {
    var lines = ["\(options.protocol) connect to \(options.to) by \(options.app)"]
    var place = ""
    for filter in filters {
      let own = "\(filter.set.set.name)/\(filter.sublayer.name), weight \(filter.sublayer.weight)"
      if own != place { lines.append("sublayer \(own)") }
      place = own
      let target = filter.provider.map { " to \($0.name)" } ?? ""
      let decides = filter.id == (deciding ?? permitting)?.id ? "  <- decides" : ""
      lines.append(
        "  \(filter.id)  \(filter.filter.name)  \(filter.filter.action)\(target)  weight \(filter.filter.weight)  "
          + (reason(filter) ?? "matches") + decides)
    }
    return (lines + [conclusion]).joined(separator: "\n")
  }

  /// Why a filter has no say; nil: it matches.
  private func reason(_ filter: RankedFilter) -> String? {
    switch match(filter) {
    case .holds: nil
    case .unmet(let kind):
      filter.filter.conditions.first { $0.kind == kind }.map {
        "does not match: \($0.key) is not \($0.texts.joined(separator: ", "))"
      } ?? "does not match"
    case .isForTCP: "lets go: a redirect filter without ip_protocol is for TCP"
    case .hasRedirected: "lets go: \(filter.provider?.name ?? "its provider") has redirected the connection before"
    case .isRedirectedByOther: "lets go: another provider has redirected it, and redirectedByOther is permit"
    }
  }

  private var conclusion: String {
    if let permitting { return "left alone: permitted by \(permitting.filter.name)" }
    guard let deciding else { return "left alone: no filter matches" }
    guard let provider = deciding.provider else { return "blocked by \(deciding.filter.name): EACCES" }
    guard let endpoint else {
      let endpoints = provider.endpoints.map(\.description).joined(separator: ", ")
      return "redirected to \(provider.name), which is not listening (\(endpoints)): ECONNREFUSED"
    }
    return "redirected to \(provider.name) at \(endpoint), which is listening"
  }
}
