import CEngine

/// Stage 8: what the records on a connection are to one redirect handle (SPEC S4,
/// FWPS_CONNECTION_REDIRECT_STATE).
enum RedirectState: UInt8 {
  case notRedirected = 0
  case redirectedBySelf = 1
  case redirectedByOther = 2
  case previouslyRedirectedBySelf = 3

  /// Whether the callout must let the connection go.
  var letsGo: Bool { self == .redirectedBySelf || self == .previouslyRedirectedBySelf }
}

/// The records of `slot` as `provider` (16 bytes) sees them. Inherited hops count for the limit only.
func redirectState(_ slot: Slot?, provider: UnsafeRawPointer) -> RedirectState {
  guard let slot, let attachment = slot.attachment else { return .notRedirected }
  // The last hop of a redirected slot is the redirect itself, not a record that was set.
  let (hops, count) = unsafe (attachment.hops, min(UInt32(slot.flow.pointee.set_hop_count), attachment.hopCount))
  var state = RedirectState.notRedirected
  var i: UInt32 = 0
  while i < count {
    let hop = unsafe hops + Int(i)
    if unsafe hop.pointee.flags & UInt32(WFP_HOP_INHERITED) == 0 {
      let own = unsafe sameGuid(UnsafeRawPointer(hop) + 16, provider)
      if own {
        state = .redirectedBySelf
      } else if state == .notRedirected {
        state = .redirectedByOther
      } else if state == .redirectedBySelf {
        state = .previouslyRedirectedBySelf
      }
    }
    i &+= 1
  }
  return state
}

func sameGuid(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer) -> Bool {
  unsafe a.loadUnaligned(as: UInt64.self) == b.loadUnaligned(as: UInt64.self)
    && a.loadUnaligned(fromByteOffset: 8, as: UInt64.self) == b.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
}
