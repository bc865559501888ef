import CEngine

/// A compiled policy that does not hold together.
package struct ImageDamaged: Error, Equatable, CustomStringConvertible {
  package let what: String
  package var description: String { "the compiled policy is damaged: \(what)" }
}

/// The way back: the sets that an image was compiled from. `wfpctl` compiles from these when one set changes, so
/// that a set stays what it was when it was loaded, whatever became of the users that it names.
package func loadedSets(in image: ContiguousArray<UInt8>) throws(ImageDamaged) -> [LoadedSet] {
  try PolicyImage(bytes: image).sets()
}

struct PolicyImage {
  let bytes: ContiguousArray<UInt8>

  func sets() throws(ImageDamaged) -> [LoadedSet] {
    let header = try row(at: 0, as: wfp_policy.self)
    guard header.magic == WFP_POLICY_MAGIC, header.version == WFP_POLICY_VERSION, header.size == bytes.count else {
      throw ImageDamaged(what: "its header")
    }
    var loaded: [LoadedSet] = []
    for row in try rows(header.sets, as: wfp_policy_set.self) {
      var set = PolicySet(name: try text(row.name), source: try text(row.source))
      set.options.hopLimit = row.hop_limit
      set.options.peerNameFaithful = row.flags & UInt32(WFP_SET_PEER_NAME_FAITHFUL) != 0
      set.options.redirectedByOtherPermits = row.flags & UInt32(WFP_SET_OTHER_PERMIT) != 0
      set.options.setRequiresPrivilege = row.flags & UInt32(WFP_SET_REQUIRES_PRIVILEGE) != 0
      loaded.append(LoadedSet(set, loaded: row.loaded, firstFilterID: row.first_filter_id))
    }
    let placed = try providers(header.providers, into: &loaded)
    try sublayers(header.sublayers, into: &loaded, providers: placed)
    return loaded
  }

  /// - Returns: For each provider of the image, its set and its number in it.
  private func providers(
    _ table: wfp_table, into loaded: inout [LoadedSet]
  ) throws(ImageDamaged) -> [(set: Int, index: Int)] {
    var placed: [(set: Int, index: Int)] = []
    for row in try rows(table, as: wfp_provider.self) {
      let set = Int(row.set)
      let guid = unsafe withUnsafeBytes(of: row.guid) { unsafe GUID(Array($0)) }
      guard loaded.indices.contains(set) else { throw ImageDamaged(what: "a provider's set") }
      var endpoints: [Endpoint] = []
      for address in try rows(row.endpoints, as: wfp_address.self) { endpoints.append(try endpoint(address)) }
      var fields: [ContextField]?
      if row.has_context != 0 {
        fields = []
        for field in try rows(row.fields, as: wfp_field.self) { fields?.append(try self.field(field)) }
      }
      placed.append((set, loaded[set].set.providers.count))
      loaded[set].set.providers.append(
        Provider(
          name: try text(row.name), guid: guid, endpoints: endpoints, accepts: Accepts(rawValue: row.accepts),
          context: fields))
    }
    return placed
  }

  private func sublayers(
    _ table: wfp_table, into loaded: inout [LoadedSet], providers: [(set: Int, index: Int)]
  ) throws(ImageDamaged) {
    var filters = loaded.map { _ in [(id: UInt64, filter: Filter)]() }
    for row in try rows(table, as: wfp_sublayer.self) {
      let set = Int(row.set)
      guard loaded.indices.contains(set) else { throw ImageDamaged(what: "a sublayer's set") }
      let sublayer = Sublayer(name: try text(row.name), weight: row.weight)
      loaded[set].set.sublayers.append(sublayer)
      for row in try rows(row.filters, as: wfp_filter.self) {
        filters[set].append((row.id, try filter(row, sublayer.name, set: set, providers)))
      }
    }
    for set in loaded.indices { loaded[set].set.filters = filters[set].sorted { $0.id < $1.id }.map(\.filter) }
  }

  private func filter(
    _ row: wfp_filter, _ sublayer: String, set: Int, _ providers: [(set: Int, index: Int)]
  ) throws(ImageDamaged) -> Filter {
    guard let action = Action(rawValue: row.action) else { throw ImageDamaged(what: "a filter's action") }
    var filter = Filter(name: try text(row.name), action: action, weight: row.weight, sublayer: sublayer)
    if action == .redirect {
      let provider = Int(row.provider)
      guard providers.indices.contains(provider), providers[provider].set == set else {
        throw ImageDamaged(what: "a filter's provider")
      }
      filter.provider = providers[provider].index
    }
    filter.permitIfCalloutUnregistered = row.flags & UInt32(WFP_FILTER_PERMIT_IF_UNREGISTERED) != 0
    for row in try rows(row.conditions, as: wfp_condition.self) { filter.conditions.append(try condition(row)) }
    return filter
  }
}
