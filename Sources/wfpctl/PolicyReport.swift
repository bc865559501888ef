import Policy

/// What `policy show` prints.
struct PolicyReport {
  let sets: [LoadedSet]
  let generation: UInt64

  var json: JSON {
    .object([
      "version": .number(1), "generation": .number(generation), "sets": .array(sets.map(json)),
      "filters": .array(arbitrationOrder(sets).map(json)),
    ])
  }

  private func json(_ loaded: LoadedSet) -> JSON {
    let options = loaded.set.options
    return .object([
      "name": .string(loaded.set.name), "loaded": .time(loaded.loaded),
      "options": .object([
        "hopLimit": .number(UInt64(options.hopLimit)), "peerName": .string(options.peerName),
        "redirectedByOther": .string(options.redirectedByOther),
        "setRequiresPrivilege": .bool(options.setRequiresPrivilege),
      ]),
      "providers": .array(loaded.set.providers.map(json)),
      "sublayers": .array(
        loaded.set.sublayers.map { .object(["name": .string($0.name), "weight": .number(UInt64($0.weight))]) }),
    ])
  }

  private func json(_ provider: Provider) -> JSON {
    .object([
      "name": .string(provider.name), "guid": .string(provider.guid.description),
      "endpoints": .array(provider.endpoints.map { .string($0.description) }),
      "accepts": .array(provider.accepts.names.map { .string($0) }),
      "context": provider.context.map { .array($0.map { .string($0.description) }) } ?? .null,
    ])
  }

  private func json(_ ranked: RankedFilter) -> JSON {
    let filter = ranked.filter
    let conditions = filter.conditions.map { ($0.key, JSON.array($0.texts.map { .string($0) })) }
    return .object([
      "set": .string(ranked.set.set.name), "sublayer": .string(ranked.sublayer.name),
      "sublayerWeight": .number(UInt64(ranked.sublayer.weight)), "id": .number(ranked.id),
      "name": .string(filter.name), "action": .string("\(filter.action)"),
      "provider": .optional(ranked.provider?.name), "weight": .number(filter.weight),
      "conditions": .object(Dictionary(uniqueKeysWithValues: conditions)),
      "permitIfCalloutUnregistered": .bool(filter.permitIfCalloutUnregistered),
    ])
  }

  var text: String {
    var lines: [String] = []
    for loaded in sets {
      let options = loaded.set.options
      lines.append("set \(loaded.set.name)  loaded \(timestamp(loaded.loaded))")
      lines.append(
        "  options  hopLimit \(options.hopLimit)  peerName \(options.peerName)  redirectedByOther "
          + "\(options.redirectedByOther)  setRequiresPrivilege \(options.setRequiresPrivilege)")
      for provider in loaded.set.providers { lines += text(provider) }
    }
    let ranked = arbitrationOrder(sets)
    if !ranked.isEmpty { lines.append("filters, in the order in which they are asked") }
    for filter in ranked { lines += text(filter) }
    return lines.isEmpty ? "no policy is loaded" : lines.joined(separator: "\n")
  }

  private func text(_ provider: Provider) -> [String] {
    let endpoints = provider.endpoints.map(\.description).joined(separator: ", ")
    let accepts = provider.accepts.names.joined(separator: ", ")
    let head = "  provider \(provider.name)  {\(provider.guid)}  at \(endpoints)  accepts \(accepts)"
    return [head] + (provider.context ?? []).map { "    \($0)" }
  }

  private func text(_ ranked: RankedFilter) -> [String] {
    let filter = ranked.filter
    let target = ranked.provider.map { " to \($0.name)" } ?? ""
    let unregistered = filter.permitIfCalloutUnregistered ? "  permitIfCalloutUnregistered" : ""
    let place = "\(ranked.set.set.name)/\(ranked.sublayer.name) \(ranked.sublayer.weight)"
    let head =
      "  \(ranked.id)  \(filter.name)  \(filter.action)\(target)  weight \(filter.weight)  in \(place)\(unregistered)"
    return [head] + filter.conditions.map { "    \($0.key): \($0.texts.joined(separator: ", "))" }
  }
}
