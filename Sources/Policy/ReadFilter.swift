import Yams

extension PolicyReader {
  mutating func filters(_ node: Node, _ declared: Declarations) -> [Filter] {
    var filters: [Filter] = []
    var names: Set<String> = []
    for item in items(node, of: "filters", expected: "filters") {
      guard let fields = filterFields(item) else { continue }
      if let node = fields["name"], let name = name(node, "the name of a filter"), !names.insert(name).inserted {
        report(node, "a second filter is named '\(name)'", expected: "a name of its own")
      }
      if let filter = filter(item, fields, declared) { filters.append(filter) }
    }
    return filters
  }

  private mutating func filterFields(_ node: Node) -> Fields? {
    let keys = ["name", "action", "provider", "weight", "sublayer", "conditions", "permitIfCalloutUnregistered"]
    return fields(node, of: "a filter", keys: keys, required: ["name", "action"])
  }

  private mutating func filter(_ node: Node, _ fields: Fields, _ declared: Declarations) -> Filter? {
    let weight = fields["weight"].flatMap { number($0, "the weight of a filter", in: 0...UInt64.max) }
    let conditions = fields["conditions"].map { self.conditions($0) } ?? []
    let unregistered = fields["permitIfCalloutUnregistered"].flatMap { flag($0, "permitIfCalloutUnregistered") }
    let action = fields["action"].flatMap {
      choice($0, "the action of a filter", [("redirect", Action.redirect), ("permit", .permit), ("block", .block)])
    }
    let provider = action.flatMap { self.provider(of: node, fields, $0, declared) }
    let sublayer = fields["sublayer"].flatMap { self.sublayer($0, declared) }
    guard let name = fields["name"]?.scalar?.string, let action else { return nil }
    return Filter(
      name: name, action: action, provider: provider?.index, weight: weight ?? 0,
      sublayer: sublayer ?? provider?.name ?? declared.setName, conditions: conditions,
      permitIfCalloutUnregistered: unregistered ?? false)
  }

  private mutating func provider(
    of node: Node, _ fields: Fields, _ action: Action, _ declared: Declarations
  ) -> (index: Int, name: String)? {
    guard let reference = fields["provider"] else {
      if action == .redirect { report(node, "a redirect filter has no 'provider'", expected: "the name of a provider") }
      return nil
    }
    guard action == .redirect else {
      report(reference, "'provider' in a filter that does not redirect", expected: "no provider, or action: redirect")
      return nil
    }
    guard let name = name(reference, "the provider of a filter") else { return nil }
    guard let index = declared.providers[name] else {
      report(reference, "unknown provider '\(name)'", expected: oneOf(declared.providers.keys))
      return nil
    }
    return (index, name)
  }

  /// A declared sublayer, the one of a provider (S4.2: each has one of its own), or the set's.
  private mutating func sublayer(_ node: Node, _ declared: Declarations) -> String? {
    guard let name = name(node, "the sublayer of a filter") else { return nil }
    let known = declared.sublayers.union(declared.providers.keys).union([declared.setName])
    guard known.contains(name) else {
      report(node, "unknown sublayer '\(name)'", expected: oneOf(known))
      return nil
    }
    return name
  }

  private func oneOf(_ names: some Collection<String>) -> String {
    names.isEmpty ? "a provider that this file declares" : "one of \(names.sorted().joined(separator: ", "))"
  }
}
