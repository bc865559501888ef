import CEngine

/// Stage 2: the filters that a destination can match, without asking all of them (DESIGN P2).
extension PolicyImage {
  /// The place of the heaviest filter of a sublayer that matches, not before `from`.
  func firstMatch(
    _ sublayer: UnsafePointer<wfp_sublayer>, _ filters: PolicyTable<wfp_filter>, from: UInt32,
    _ request: inout ConnectRequest
  ) -> UInt32? {
    if unsafe sublayer.pointee.is_indexed == 0 {
      var place = from
      while place < filters.count {
        if unsafe matches(filters[place], &request) { return place }
        place &+= 1
      }
      return nil
    }
    var search = Search(filters: filters, from: from, best: filters.count)
    let remote = request.remote
    let port = UInt64(UInt16(bigEndian: remote.port))
    unsafe look(in: sublayer.pointee.ports, for: (0, port), &search, &request)
    let addresses = unsafe remote.family == Address.ipv4 ? sublayer.pointee.ipv4 : sublayer.pointee.ipv6
    look(in: addresses, for: (remote.high, remote.low), &search, &request)
    // Last: what was found is heavier than most of them.
    unsafe look(at: sublayer.pointee.others, &search, &request)
    return search.best < filters.count ? search.best : nil
  }

  /// From the leaf of a number to the root.
  private func look(
    in index: wfp_index, for number: (high: UInt64, low: UInt64), _ search: inout Search,
    _ request: inout ConnectRequest
  ) {
    guard let nodes = rows(index.nodes, of: wfp_table.self), let piece = piece(of: number, index.bounds) else { return }
    var node = nodes.count / 2 &+ piece
    if node >= nodes.count { return }
    while node > 0 {
      unsafe look(at: nodes[node].pointee, &search, &request)
      node /= 2
    }
  }

  /// The last bound that is not above the number.
  private func piece(of number: (high: UInt64, low: UInt64), _ table: wfp_table) -> UInt32? {
    guard let bounds = rows(table, of: wfp_index_bound.self) else { return nil }
    var (low, high): (UInt32, UInt32) = (0, bounds.count)
    while low < high {
      let middle = low &+ (high &- low) / 2
      let bound = unsafe bounds[middle].pointee
      if bound.high > number.high || bound.high == number.high && bound.low > number.low {
        high = middle
      } else {
        low = middle &+ 1
      }
    }
    return low > 0 ? low &- 1 : nil
  }

  /// The filters of one node, until one matches or is lighter than one that was found before.
  private func look(at table: wfp_table, _ search: inout Search, _ request: inout ConnectRequest) {
    guard let places = rows(table, of: UInt32.self) else { return }
    var i = search.from == 0 ? 0 : start(places, search.from)
    while i < places.count {
      let place = unsafe places[i].pointee
      if place >= search.best { return }
      if unsafe place >= search.from && matches(search.filters[place], &request) {
        search.best = place
        return
      }
      i &+= 1
    }
  }

  /// Where the places begin that are not before `from`.
  private func start(_ places: PolicyTable<UInt32>, _ from: UInt32) -> UInt32 {
    var (low, high): (UInt32, UInt32) = (0, places.count)
    while low < high {
      let middle = low &+ (high &- low) / 2
      if unsafe places[middle].pointee < from { low = middle &+ 1 } else { high = middle }
    }
    return low
  }

  @safe
  private struct Search {
    let filters: PolicyTable<wfp_filter>
    let from: UInt32
    /// The heaviest that matches, of what was looked at; else the number of all filters.
    var best: UInt32
  }
}
