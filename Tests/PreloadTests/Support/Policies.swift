extension Stage {
  /// A policy with one provider on 127.0.0.1:port and one redirect filter `to-NAME` with the given conditions.
  func redirect(
    _ name: String, port: UInt16, conditions: String, weight: Int = 1, more: String = "", end: String = ""
  ) -> String {
    """
    version: 1
    providers:
      - name: \(name)
        endpoints: ["127.0.0.1:\(port)"]
        context: [ {sockaddr_storage: remote}, {sockaddr_storage: local} ]
    filters:
      - name: to-\(name)
        action: redirect
        provider: \(name)
        weight: \(weight)
        conditions: \(conditions)
    \(more)
    \(end)
    """
  }

  /// One more filter for a policy, or one of a policy without providers.
  func filter(
    _ name: String, _ action: String, sublayer: String? = nil, weight: Int = 1, provider: String? = nil,
    conditions: String
  ) -> String {
    var lines = [
      "  - name: \(name)", "    action: \(action)", "    weight: \(weight)", "    conditions: \(conditions)",
    ]
    if let sublayer { lines.append("    sublayer: \(sublayer)") }
    if let provider { lines.append("    provider: \(provider)") }
    return lines.joined(separator: "\n")
  }

  /// A policy of filters alone.
  func filters(_ filters: String..., sublayers: [String: Int] = [:]) -> String {
    let list = sublayers.map { "  - { name: \($0.key), weight: \($0.value) }" }.joined(separator: "\n")
    return "version: 1\nfilters:\n\(filters.joined(separator: "\n"))\n" + (list.isEmpty ? "" : "sublayers:\n\(list)\n")
  }
}
