import CEngine

/// The hops that a new redirect continues.
@safe
struct BaseHops {
  let hops: UnsafeMutablePointer<wfp_hop>?
  let count: UInt32
  /// They were not set as records but are known from a flow that this process holds (SPEC S4.4).
  let inherited: Bool
}

/// Stage 8: what stops a loop when the redirect states do not.
extension Engine {
  /// The records on the socket, or else the longest lineage among held flows to the same destination.
  func baseHops(_ slot: Slot?, _ destination: Address) -> BaseHops {
    if let slot, let known = slot.attachment {
      let count = unsafe min(UInt32(slot.flow.pointee.set_hop_count), known.hopCount)
      if count > 0 { return unsafe BaseHops(hops: known.hops, count: count, inherited: false) }
    }
    if let held = longestHeld(destination, self), let known = held.attachment {
      return unsafe BaseHops(hops: known.hops, count: min(known.hopCount, UInt32(WFP_HOPS_MAX)), inherited: true)
    }
    return unsafe BaseHops(hops: nil, count: 0, inherited: false)
  }

  func copyHops(_ base: BaseHops, to hops: UnsafeMutablePointer<wfp_hop>) {
    guard let from = unsafe base.hops else { return }
    var i = 0
    while i < Int(base.count) {
      unsafe hops[i] = from[i]
      if base.inherited { unsafe hops[i].flags |= UInt32(WFP_HOP_INHERITED) }
      i &+= 1
    }
  }

  /// Whether one more redirect is over the limit; says so once in the log, with the filters and the lineage.
  func isOverLimit(_ redirect: Redirect, _ request: inout ConnectRequest) -> Bool {
    let limit = unsafe redirect.set.pointee.hop_limit
    let base = baseHops(request.slot(), request.destination)
    if base.count < (limit == 0 || limit > UInt32(WFP_HOPS_MAX) ? UInt32(WFP_DEFAULT_HOP_LIMIT) : limit) {
      return false
    }
    let destination = request.destination
    log { line in
      line.add("loop: connect to ")
      line.add(destination)
      line.add(" has been redirected ")
      line.add(UInt64(base.count))
      line.add(" times, the limit; refused with ELOOP; lineage (filter -> service):")
      var i = 0
      while i < Int(base.count) {
        if let hop = unsafe base.hops {
          line.add(" ")
          unsafe line.add(string(hop[i].filter_name))
          line.add("->")
          unsafe line.add(string(hop[i].provider_name))
        }
        i &+= 1
      }
      if base.inherited { line.add("; a service in it sets no records (SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS)") }
    }
    return true
  }
}
