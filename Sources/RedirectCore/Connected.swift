import CEngine

/// Stage 3, when the real connect has been made.
extension Engine {
  /// From now on the kernel knows of the connection. Not before it was made: a service may have accepted by now.
  func noteConnected(number: UInt32, generation: UInt64) {
    guard let slot = slot(number: number) else { return }
    let word = slot.word
    if !word.isRedirected || word.generation != generation { return }
    unsafe wfp_and32(&slot.flow.pointee.flags, ~UInt32(WFP_FLOW_CONNECTING))
  }

  /// Puts a slot back that could not be replaced.
  func restore(_ slot: Slot) {
    if unsafe slot.flow.pointee.set_hop_count > 0 {
      settleCarrying(slot)
    } else {
      free(slot)
    }
  }

  /// The redirect of a taken slot is off; the records that were set stay.
  func settleCarrying(_ slot: Slot) {
    let flow = unsafe slot.flow
    slot.segment.remove(slot.tupleKey, slot, self)
    killPoint(.tupleUnindexed)
    unsafe flow.pointee.hop_count = flow.pointee.set_hop_count
    unsafe flow.pointee.context_length = 0
    unsafe wfp_store(&flow.pointee.accepted_cookie, 0)
    slot.settle(Int(WFP_CARRYING))
    killPoint(.redirectUndone)
  }

  /// The real connect failed: the flow is not one.
  func unpublish(number: UInt32, generation: UInt64) {
    guard let slot = slot(number: number) else { return }
    let word = slot.word
    // Claimed although connect failed (it was interrupted, or reset at once): the service has it.
    if word.state != Int(WFP_PUBLISHED) || word.generation != generation || !slot.take(word) { return }
    killPoint(.withdrawalTaken)
    count(.withdrawn, slot)
    restore(slot)
  }
}
