import CEngine

/// The index of a sublayer's filters (wfp_policy.h) by what they say of the destination's port or address: by that of
/// the two which leaves the fewest others beside it.
struct FilterIndex {
  /// Fewer are asked one after the other in less time.
  static let worthwhile = 16

  private typealias Members = [(place: UInt32, ranges: [ClosedRange<UInt128>])]

  private var ports: Members = []
  private var ipv4: Members = []
  private var ipv6: Members = []
  private var others: [UInt32] = []

  /// - Parameter filters: Heaviest first.
  /// - Returns: nil when they are too few.
  init?(_ filters: [Filter]) {
    if filters.count < FilterIndex.worthwhile { return nil }
    let destinations = filters.map { Destination($0) }
    let portPieces = Pieces(destinations.flatMap { $0.ports ?? [] })
    let ipv4Pieces = Pieces(destinations.flatMap { $0.ipv4 ?? [] })
    let ipv6Pieces = Pieces(destinations.flatMap { $0.ipv6 ?? [] })
    for (place, destination) in destinations.enumerated() {
      let place = UInt32(place)
      let byPort = destination.ports.map { portPieces.part(of: $0) }
      let byAddress = destination.ipv4.map { max(ipv4Pieces.part(of: $0), ipv6Pieces.part(of: destination.ipv6 ?? [])) }
      if let byPort, byPort <= byAddress ?? 1 {
        ports.append((place, destination.ports ?? []))
      } else if byAddress != nil {
        if let ranges = destination.ipv4, !ranges.isEmpty { ipv4.append((place, ranges)) }
        if let ranges = destination.ipv6, !ranges.isEmpty { ipv6.append((place, ranges)) }
      } else {
        others.append(place)
      }
    }
  }

  func compile(into row: inout wfp_sublayer, _ builder: inout ImageBuilder) throws(ImageTooLarge) {
    row.is_indexed = 1
    row.others = try builder.table(others)
    row.ports = try compile(ports, &builder)
    row.ipv4 = try compile(ipv4, &builder)
    row.ipv6 = try compile(ipv6, &builder)
  }

  private func compile(_ members: Members, _ builder: inout ImageBuilder) throws(ImageTooLarge) -> wfp_index {
    if members.isEmpty { return wfp_index() }
    let pieces = Pieces(members.flatMap(\.ranges))
    var nodes = [[UInt32]](repeating: [], count: 2 * pieces.leaves)
    for (place, ranges) in members {
      for range in ranges { pieces.forEachNode(of: range) { nodes[$0].append(place) } }
    }
    let bounds = pieces.bounds.map { wfp_index_bound(high: UInt64($0 >> 64), low: UInt64(truncatingIfNeeded: $0)) }
    var index = wfp_index()
    index.bounds = try builder.table(bounds)
    var tables: [wfp_table] = []
    for places in nodes { tables.append(try builder.table(places)) }
    index.nodes = try builder.table(tables)
    return index
  }
}

/// What a filter says of the destination, as numbers; nil: nothing.
private struct Destination {
  var ports: [ClosedRange<UInt128>]?
  var ipv4: [ClosedRange<UInt128>]?
  var ipv6: [ClosedRange<UInt128>]?

  init(_ filter: Filter) {
    for condition in filter.conditions {
      switch condition {
      case .ipRemotePort(let ranges):
        ports = merged(ranges.map { UInt128($0.lowerBound)...UInt128($0.upperBound) })
      case .ipRemoteAddress(let ranges):
        ipv4 = merged(ranges.filter(\.low.isIPv4).map { $0.low.number...$0.high.number })
        ipv6 = merged(ranges.filter { !$0.low.isIPv4 }.map { $0.low.number...$0.high.number })
      default: break
      }
    }
  }
}

extension Address {
  /// The core's two halves as one: IPv4 in the upper 32 bits.
  fileprivate var number: UInt128 {
    bytes.enumerated().reduce(0) { $0 | UInt128($1.element) << UInt128(8 * (15 - $1.offset)) }
  }
}

/// The same numbers in ranges that neither meet nor overlap, so that a filter stands once on any way to the root.
private func merged(_ ranges: [ClosedRange<UInt128>]) -> [ClosedRange<UInt128>] {
  var merged: [ClosedRange<UInt128>] = []
  for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
    if let last = merged.last, range.lowerBound <= last.upperBound || range.lowerBound == last.upperBound + 1 {
      merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
    } else {
      merged.append(range)
    }
  }
  return merged
}

/// What ranges cut all numbers into.
private struct Pieces {
  /// Where each begins.
  let bounds: [UInt128]
  /// A power of two that is not below their number.
  let leaves: Int

  init(_ ranges: [ClosedRange<UInt128>]) {
    var starts: Set<UInt128> = [0]
    for range in ranges {
      starts.insert(range.lowerBound)
      if range.upperBound < .max { starts.insert(range.upperBound + 1) }
    }
    bounds = starts.sorted()
    var leaves = 1
    while leaves < bounds.count { leaves *= 2 }
    self.leaves = leaves
  }

  /// How many of the pieces the ranges take, as a part of 1.
  func part(of ranges: [ClosedRange<UInt128>]) -> Double {
    Double(ranges.reduce(0) { $0 + pieces(of: $1).count }) / Double(bounds.count)
  }

  /// The fewest nodes of the tree that together are a range.
  func forEachNode(of range: ClosedRange<UInt128>, _ body: (Int) -> Void) {
    let pieces = pieces(of: range)
    var (low, high) = (pieces.lowerBound + leaves, pieces.upperBound + leaves)
    while low < high {
      if low % 2 == 1 {
        body(low)
        low += 1
      }
      if high % 2 == 1 {
        high -= 1
        body(high)
      }
      low /= 2
      high /= 2
    }
  }

  private func pieces(of range: ClosedRange<UInt128>) -> Range<Int> {
    let end = range.upperBound == .max ? bounds.count : first(notBelow: range.upperBound + 1)
    return first(notBelow: range.lowerBound)..<end
  }

  private func first(notBelow number: UInt128) -> Int {
    var (low, high) = (0, bounds.count)
    while low < high {
      let middle = (low + high) / 2
      if bounds[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
