/// A filter with what decides its place.
package struct RankedFilter: Sendable {
  package let id: UInt64
  package let filter: Filter
  package let sublayer: Sublayer
  package let set: LoadedSet

  package var provider: Provider? { filter.provider.map { set.set.providers[$0] } }
}

/// All filters in the order in which a connect that every one of them matches asks them (SPEC S4.2): sublayers by
/// weight, then by their heaviest filter, then by name; inside by weight, then as the file has them.
package func arbitrationOrder(_ sets: [LoadedSet]) -> [RankedFilter] {
  var groups: [[RankedFilter]] = []
  for set in sets {
    for sublayer in set.set.sublayers {
      let members = set.set.filters.enumerated().filter { $0.element.sublayer == sublayer.name }
        .map { position, filter in
          RankedFilter(id: set.firstFilterID + UInt64(position), filter: filter, sublayer: sublayer, set: set)
        }
        .sorted { ($1.filter.weight, $0.id) < ($0.filter.weight, $1.id) }
      if !members.isEmpty { groups.append(members) }
    }
  }
  return groups.sorted { isBefore($0[0], $1[0]) }.flatMap { $0 }
}

private func isBefore(_ left: RankedFilter, _ right: RankedFilter) -> Bool {
  if left.sublayer.weight != right.sublayer.weight { return left.sublayer.weight > right.sublayer.weight }
  if left.filter.weight != right.filter.weight { return left.filter.weight > right.filter.weight }
  if left.sublayer.name != right.sublayer.name {
    return left.sublayer.name.utf8.lexicographicallyPrecedes(right.sublayer.name.utf8)
  }
  return left.set.set.name.utf8.lexicographicallyPrecedes(right.set.set.name.utf8)
}
