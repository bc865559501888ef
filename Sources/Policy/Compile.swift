import CEngine
import RedirectCore

/// A set as it is in force.
package struct LoadedSet: Equatable, Sendable {
  package var set: PolicySet
  /// ns since 1970.
  package var loaded: UInt64
  /// Its filters have this number and the next ones, in file order.
  package var firstFilterID: UInt64

  package init(_ set: PolicySet, loaded: UInt64, firstFilterID: UInt64) {
    self.set = set
    self.loaded = loaded
    self.firstFilterID = firstFilterID
  }
}

/// Compiles all loaded sets into one image (wfp_policy.h). The sets' order makes no difference (SPEC S11.7).
/// - Parameter intern: Numbers a name in the engine's string arena.
package func compilePolicy(
  _ sets: [LoadedSet], intern: (String) -> UInt32
) throws(ImageTooLarge) -> ContiguousArray<UInt8> {
  var compiler = PolicyCompiler()
  return try compiler.compile(sets.sorted { $0.set.name.utf8.lexicographicallyPrecedes($1.set.name.utf8) }, intern)
}

private struct PolicyCompiler {
  private var builder = ImageBuilder()
  private var sets: [wfp_policy_set] = []
  private var providers: [wfp_provider] = []
  private var sublayers: [wfp_sublayer] = []
  private var filters: [wfp_filter] = []
  private var judgesDatagrams = false

  init() {}

  mutating func compile(
    _ loaded: [LoadedSet], _ intern: (String) -> UInt32
  ) throws(ImageTooLarge) -> ContiguousArray<UInt8> {
    _ = try builder.append([UInt8](repeating: 0, count: MemoryLayout<wfp_policy>.size))
    for (index, set) in loaded.enumerated() { try add(set, index: UInt32(index), intern) }
    var header = wfp_policy()
    header.magic = WFP_POLICY_MAGIC
    header.version = WFP_POLICY_VERSION
    for provider in providers { header.accepts |= provider.accepts }
    if judgesDatagrams { header.accepts |= UInt32(WFP_JUDGES_DATAGRAMS) }
    header.sets = try builder.table(sets)
    header.providers = try builder.table(providers)
    header.filters = try builder.table(filters)
    for i in sublayers.indices { sublayers[i].filters.offset += header.filters.offset }
    header.sublayers = try builder.table(sublayers)
    try builder.align()
    header.size = UInt32(builder.bytes.count)
    builder.replace(at: 0, with: header)
    return builder.bytes
  }

  private mutating func add(
    _ loaded: LoadedSet, index: UInt32, _ intern: (String) -> UInt32
  ) throws(ImageTooLarge) {
    let set = loaded.set
    var row = wfp_policy_set()
    row.name = try builder.append(set.name)
    row.source = try builder.append(set.source)
    row.hop_limit = set.options.hopLimit
    row.flags =
      (set.options.peerNameFaithful ? UInt32(WFP_SET_PEER_NAME_FAITHFUL) : 0)
      | (set.options.redirectedByOtherPermits ? UInt32(WFP_SET_OTHER_PERMIT) : 0)
      | (set.options.setRequiresPrivilege ? UInt32(WFP_SET_REQUIRES_PRIVILEGE) : 0)
    row.loaded = loaded.loaded
    row.first_filter_id = loaded.firstFilterID
    sets.append(row)
    let firstProvider = UInt32(providers.count)
    for provider in set.providers { try add(provider, set: index, intern) }
    for sublayer in set.sublayers {
      try add(sublayer, of: loaded, set: index, firstProvider: firstProvider, intern)
    }
  }

  private mutating func add(
    _ provider: Provider, set: UInt32, _ intern: (String) -> UInt32
  ) throws(ImageTooLarge) {
    var row = wfp_provider()
    unsafe withUnsafeMutableBytes(of: &row.guid) { unsafe $0.copyBytes(from: provider.guid.bytes) }
    row.name = try builder.append(provider.name)
    row.interned_name = intern(provider.name)
    row.set = set
    row.accepts = provider.accepts.rawValue
    row.has_context = provider.context == nil ? 0 : 1
    row.endpoints = try builder.table(provider.endpoints.map { wfp_address($0) })
    var fields: [wfp_field] = []
    for field in provider.context ?? [] { fields.append(try compile(field)) }
    row.fields = try builder.table(fields)
    providers.append(row)
  }

  private mutating func compile(_ field: ContextField) throws(ImageTooLarge) -> wfp_field {
    var row = wfp_field()
    row.kind = field.kind.rawValue
    row.selector = field.selector.rawValue
    row.width = field.width
    row.order = field.order.rawValue
    row.values = field.values
    row.terminate = field.terminate ? 1 : 0
    row.size = field.size
    if field.kind == .literal { row.data = try builder.append(field.data) }
    return row
  }

  /// Heaviest first, file order between equals (SPEC S4.2). The table's offset is relative to the first filter until
  /// that is known.
  private mutating func add(
    _ sublayer: Sublayer, of loaded: LoadedSet, set: UInt32, firstProvider: UInt32, _ intern: (String) -> UInt32
  ) throws(ImageTooLarge) {
    let members = loaded.set.filters.enumerated().filter { $0.element.sublayer == sublayer.name }
      .sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }
    var row = wfp_sublayer()
    row.name = try builder.append(sublayer.name)
    row.weight = sublayer.weight
    row.set = set
    row.filters = wfp_table(
      offset: UInt32(filters.count * MemoryLayout<wfp_filter>.stride), count: UInt32(members.count))
    try FilterIndex(members.map(\.element))?.compile(into: &row, &builder)
    for (position, filter) in members {
      let id = loaded.firstFilterID + UInt64(position)
      try add(filter, id: id, firstProvider: firstProvider, intern)
    }
    sublayers.append(row)
  }

  private mutating func add(
    _ filter: Filter, id: UInt64, firstProvider: UInt32, _ intern: (String) -> UInt32
  ) throws(ImageTooLarge) {
    var row = wfp_filter()
    row.id = id
    row.weight = filter.weight
    row.name_hash = unsafe Array(filter.name.utf8).withUnsafeBytes { unsafe fnv1a($0) }
    row.name = try builder.append(filter.name)
    row.interned_name = intern(filter.name)
    row.action = filter.action.rawValue
    row.flags =
      (filter.permitIfCalloutUnregistered ? UInt32(WFP_FILTER_PERMIT_IF_UNREGISTERED) : 0)
      | (filter.namesUDP == true ? UInt32(WFP_FILTER_NAMES_UDP) : 0)
    if filter.namesUDP ?? (filter.action == .block) { judgesDatagrams = true }
    row.provider = filter.provider.map { firstProvider + UInt32($0) } ?? 0
    var conditions: [wfp_condition] = []
    for condition in filter.conditions { conditions.append(try condition.compile(into: &builder)) }
    row.conditions = try builder.table(conditions)
    filters.append(row)
  }
}

extension Filter {
  /// nil when it names no protocol.
  fileprivate var namesUDP: Bool? {
    for case .ipProtocol(let numbers) in conditions { return numbers.contains(UInt32(IPPROTO_UDP)) }
    return nil
  }
}
