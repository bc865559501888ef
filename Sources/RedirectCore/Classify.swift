import CEngine

/// What the filters say of a connect. Pointers lead into the policy image.
@safe
enum Verdict {
  case pass
  case block(filter: UnsafePointer<wfp_filter>)
  case redirect(Redirect)
}

/// A redirect that won the arbitration. Its pointers lead into the policy image.
@safe
struct Redirect {
  let filter: UnsafePointer<wfp_filter>
  let provider: UnsafePointer<wfp_provider>
  let set: UnsafePointer<wfp_policy_set>
  let state: RedirectState
}

/// Stage 2: arbitration (SPEC S4.2). Every sublayer is asked; in each the heaviest filter that matches and does
/// not let go decides; block in any wins; among the redirects that of the first sublayer.
extension PolicyImage {
  func classify(_ request: inout ConnectRequest) -> Verdict {
    let head = head
    guard let sublayers = rows(head.sublayers, of: wfp_sublayer.self) else { return .pass }
    var best: (sublayer: UnsafePointer<wfp_sublayer>, weight: UInt64, redirect: Redirect)?
    var i: UInt32 = 0
    while i < sublayers.count {
      let sublayer = unsafe sublayers[i]
      let (verdict, weight) = unsafe classify(sublayer, &request)
      switch verdict {
      case .pass: break
      case .block: return verdict
      case .redirect(let redirect):
        if let known = unsafe best, unsafe !precedes(sublayer, weight, known.sublayer, known.weight) { break }
        unsafe best = (sublayer, weight, redirect)
      }
      i &+= 1
    }
    guard let best = unsafe best else { return .pass }
    return unsafe .redirect(best.redirect)
  }

  /// One sublayer's answer, and the weight of its best matching filter.
  private func classify(
    _ sublayer: UnsafePointer<wfp_sublayer>, _ request: inout ConnectRequest
  ) -> (Verdict, UInt64) {
    guard let filters = unsafe rows(sublayer.pointee.filters, of: wfp_filter.self) else { return (.pass, 0) }
    var weight: UInt64?
    var next: UInt32 = 0
    while let place = unsafe firstMatch(sublayer, filters, from: next, &request) {
      let filter = unsafe filters[place]
      next = place &+ 1
      let best = unsafe weight ?? filter.pointee.weight
      weight = best
      switch unsafe Int(filter.pointee.action) {
      case Int(WFP_ACTION_PERMIT): return (.pass, best)
      case Int(WFP_ACTION_BLOCK): return unsafe (.block(filter: filter), best)
      default:
        if let redirect = unsafe redirect(filter, sublayer, &request) {
          return actsAsPermit(redirect, &request) ? (.pass, best) : (.redirect(redirect), best)
        }
      // The callout lets go: CONTINUE, the next filter is asked.
      }
    }
    return (.pass, weight ?? 0)
  }

  /// A filter whose proxy is not there and that says permitIfCalloutUnregistered is a permit (SPEC S10.2).
  private func actsAsPermit(_ redirect: Redirect, _ request: inout ConnectRequest) -> Bool {
    if unsafe redirect.filter.pointee.flags & UInt32(WFP_FILTER_PERMIT_IF_UNREGISTERED) == 0 { return false }
    if case .none = unsafe chooseEndpoint(redirect.provider, &request) { return true }
    return false
  }

  /// nil when the callout lets the connection go: its own traffic, or that of its own process (SPEC S4, S4.3).
  private func redirect(
    _ filter: UnsafePointer<wfp_filter>, _ sublayer: UnsafePointer<wfp_sublayer>, _ request: inout ConnectRequest
  ) -> Redirect? {
    // Who does not name UDP means TCP.
    if unsafe filter.pointee.flags & UInt32(WFP_FILTER_NAMES_UDP) == 0 && request.protocolNumber() != tcpLevel {
      return nil
    }
    let head = head
    guard let provider = unsafe row(head.providers, filter.pointee.provider, of: wfp_provider.self),
      let set = unsafe row(head.sets, sublayer.pointee.set, of: wfp_policy_set.self)
    else { return nil }
    let state = unsafe redirectState(request.slot(), provider: UnsafeRawPointer(provider))
    if state.letsGo { return nil }
    if unsafe state == .redirectedByOther && set.pointee.flags & UInt32(WFP_SET_OTHER_PERMIT) != 0 { return nil }
    if unsafe servesEndpoint(of: provider) { return nil }
    return unsafe Redirect(filter: filter, provider: provider, set: set, state: state)
  }

  private func servesEndpoint(of provider: UnsafePointer<wfp_provider>) -> Bool {
    guard let endpoints = unsafe rows(provider.pointee.endpoints, of: wfp_address.self) else { return false }
    var i: UInt32 = 0
    while i < endpoints.count {
      if unsafe serves(Address(endpoints[i])) { return true }
      i &+= 1
    }
    return false
  }

  /// Sublayers: by weight; of equal weight by that of their best matching filter, then by name, so that the order
  /// of loading never decides.
  private func precedes(
    _ a: UnsafePointer<wfp_sublayer>, _ aWeight: UInt64, _ b: UnsafePointer<wfp_sublayer>, _ bWeight: UInt64
  ) -> Bool {
    if unsafe a.pointee.weight != b.pointee.weight { return unsafe a.pointee.weight > b.pointee.weight }
    if aWeight != bWeight { return aWeight > bWeight }
    let names = unsafe compare(bytes(a.pointee.name), bytes(b.pointee.name))
    if names != 0 { return names < 0 }
    return unsafe a.pointee.set < b.pointee.set  // sets are sorted by name
  }

  private func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    var i = 0
    while i < a.count && i < b.count {
      let (x, y) = unsafe (a.load(fromByteOffset: i, as: UInt8.self), b.load(fromByteOffset: i, as: UInt8.self))
      if x != y { return x < y ? -1 : 1 }
      i &+= 1
    }
    return a.count &- b.count
  }
}
