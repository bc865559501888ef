import CEngine

/// What a killed process left in the middle of changing the slot of a socket that lives on, because another process
/// shares it (fork). The next call on that socket ends it; other slots wait until they are needed (FlowTable.swift).
extension Engine {
  /// - Parameters:
  ///   - found: The socket's slot.
  ///   - again: Finds it once more.
  /// - Returns: What the socket has after the repair.
  func repaired(_ found: Slot?, _ again: () -> Slot?) -> Slot? {
    var slot = found
    var turns = 0
    while let seen = slot, turns < 4 {
      let word = seen.word
      if word.state != Int(WFP_BUSY) || !word.owner.isGone || !seen.take(word) { break }
      killPoint(.abandonedTaken)
      count(.repaired)
      repair(seen)
      slot = again()
      turns &+= 1
    }
    return slot
  }

  /// Records that were set on the socket stay, in one slot. Its owner was not yet releasing it: it was found by its key,
  /// which goes first.
  private func repair(_ slot: Slot) {
    let key = slot.ownerKey
    let cookie = unsafe slot.flow.pointee.client_cookie
    let other = find(key) { other in
      unsafe other.number != slot.number && other.word.state != Int(WFP_FREE)
        && other.flow.pointee.client_cookie == cookie && other.flow.pointee.set_hop_count > 0
    }
    if unsafe other == nil && slot.flow.pointee.set_hop_count > 0 && slot.hops != nil {
      settleCarrying(slot)
    } else {
      free(slot)
    }
  }
}
