import CEngine

/// Finding and freeing slots.
extension Engine {
  /// A slot with room for `bytes` bytes of attachment, taken (BUSY) by this process and otherwise empty.
  /// - Returns: nil when the table is full and could not grow.
  func allocate(bytes: Int) -> Slot? {
    var thorough = false
    var evictions = 0
    while true {
      var number: UInt32 = 0
      while let segment = segment(number) {
        if let slot = allocate(in: segment, thorough: thorough) {
          clear(slot)
          unsafe slot.flow.pointee.sequence = UInt32(truncatingIfNeeded: nextSequence())
          if let (block, count) = segment.reserve(bytes, for: slot, self) ?? reserveAnew(bytes, for: slot) {
            killPoint(.blocksTaken)
            unsafe slot.flow.pointee.block = block
            unsafe slot.flow.pointee.block_count = count
            killPoint(.blocksNoted)
            return slot
          }
          slot.settle(Int(WFP_FREE))
        }
        number &+= 1
      }
      if grow() { continue }
      if thorough {
        evictions &+= 1
        if evictions > 4 || !evict() {
          count(.full)
          return nil
        }
      }
      thorough = true
    }
  }

  /// The blocks are all taken: gives back those of flows that are over. Of many at once, since to learn that there are none
  /// took a look at every block.
  private func reserveAnew(_ bytes: Int, for slot: Slot) -> (block: UInt32, count: UInt32)? {
    let segment = slot.segment
    var diagnosis = SocketDiagnosis()
    var found: (block: UInt32, count: UInt32)?
    var (reclaimed, freed): (UInt32, UInt32) = (0, 0)
    let start = unsafe UInt32(truncatingIfNeeded: wfp_load(&flowHeader.pointee.cursor))
    var i: UInt32 = 0
    while i < segment.flowCount && (reclaimed < 64 || found == nil) {
      let other = segment.slot((start &+ i) & (segment.flowCount &- 1))
      i &+= 1
      if unsafe other.word.state == Int(WFP_FREE) || wfp_load32(&other.flow.pointee.hints) == 0 { continue }
      let (block, count) = unsafe (other.flow.pointee.block, other.flow.pointee.block_count)
      if !reclaim(other, &diagnosis) { continue }
      other.settle(Int(WFP_FREE))
      // The searches that follow begin where there is room.
      if reclaimed == 0 { unsafe wfp_store(&flowHeader.pointee.block_cursor, UInt64(block)) }
      reclaimed &+= 1
      freed &+= count
      if found != nil || Int(freed) &* Int(WFP_BLOCK_SIZE) < bytes { continue }
      found = segment.reserve(bytes, for: slot, self)
      freed = 0
    }
    return found ?? (reclaimed == 0 ? nil : segment.reserve(bytes, for: slot, self))
  }

  /// Looks at 64 slots from the cursor on for a free one, then at those that were closed; `thorough`: at all.
  private func allocate(in segment: Segment, thorough: Bool) -> Slot? {
    let start = unsafe UInt32(truncatingIfNeeded: wfp_add(&flowHeader.pointee.cursor, 1))
    let window: UInt32 = thorough ? segment.flowCount : 64
    var i: UInt32 = 0
    while i < window {
      let slot = segment.slot((start &+ i) & (segment.flowCount &- 1))
      let word = slot.word
      if word.state == Int(WFP_FREE) && slot.take(word) { return slot }
      i &+= 1
    }
    // The whole window is looked at while the kernel is being asked: the next searches find free slots in it.
    var diagnosis = SocketDiagnosis()
    var found: Slot?
    i = 0
    while i < window {
      let slot = segment.slot((start &+ i) & (segment.flowCount &- 1))
      i &+= 1
      let worth = unsafe thorough || wfp_load32(&slot.flow.pointee.hints) != 0 || slot.word.state == Int(WFP_BUSY)
      if !worth || !reclaim(slot, &diagnosis) { continue }
      if found == nil {
        found = slot
        if thorough { return slot }
      } else {
        slot.settle(Int(WFP_FREE))
      }
    }
    return found
  }

  private func clear(_ slot: Slot) {
    let flow = unsafe slot.flow
    unsafe flow.pointee.generation &+= 1
    unsafe flow.pointee.client_cookie = 0
    unsafe wfp_store(&flow.pointee.accepted_cookie, 0)
    unsafe flow.pointee.hints = 0
    unsafe flow.pointee.flags = 0
    unsafe flow.pointee.block = 0
    unsafe flow.pointee.block_count = 0
    unsafe flow.pointee.hop_count = 0
    unsafe flow.pointee.set_hop_count = 0
    unsafe flow.pointee.context_length = 0
    unsafe flow.pointee.service_pid = 0
    unsafe flow.pointee.service_path = 0
    unsafe flow.pointee.claimed = 0
    unsafe flow.pointee.unseen = 0
    killPoint(.slotCleared)
  }

  private func removeKeys(_ slot: Slot) {
    let flow = unsafe slot.flow
    slot.segment.remove(slot.ownerKey, slot, self)
    slot.segment.remove(slot.tupleKey, slot, self)
    if slot.isAddressed { unsafe slot.segment.remove(.client(cookie: flow.pointee.client_cookie), slot, self) }
    let accepted = unsafe wfp_load(&flow.pointee.accepted_cookie)
    if accepted != 0 { slot.segment.remove(.accepted(cookie: accepted), slot, self) }
    killPoint(.keysRemoved)
  }

  /// Gives back a slot that this process has taken.
  func free(_ slot: Slot) {
    removeKeys(slot)
    unsafe slot.segment.release(slot.flow.pointee.block, slot.flow.pointee.block_count, slot.number)
    killPoint(.blocksReleased)
    clear(slot)
    slot.settle(Int(WFP_FREE))
    killPoint(.slotFreed)
  }

  /// Takes a slot whose sockets are gone, or whose owner died while it changed it.
  /// - Returns: true when the slot is now this process's, BUSY and empty.
  func reclaim(_ slot: Slot, _ diagnosis: inout SocketDiagnosis) -> Bool {
    let word = slot.word
    if word.state == Int(WFP_FREE) { return slot.take(word) }
    let abandoned = isAbandoned(word)
    if !abandoned && (!word.isSettled || !isOver(slot, word, &diagnosis)) { return false }
    if !slot.take(word) { return false }
    killPoint(.reclaimTaken)
    countEnd(slot, word)
    removeKeys(slot)
    killPoint(.reclaimUnindexed)
    if abandoned {
      slot.segment.releaseAll(slot.number)
    } else {
      unsafe slot.segment.release(slot.flow.pointee.block, slot.flow.pointee.block_count, slot.number)
    }
    killPoint(.reclaimReleased)
    clear(slot)
    killPoint(.reclaimed)
    return true
  }

  private func countEnd(_ slot: Slot, _ word: SlotWord) {
    if word.state == Int(WFP_BUSY) { return count(.repaired) }
    if !word.isRedirected { return }
    count(.expired, slot)
    if unsafe wfp_load(&slot.flow.pointee.accepted_cookie) == 0 { count(.lost, slot) }
  }

  /// Whether the process that was changing the slot is dead.
  private func isAbandoned(_ word: SlotWord) -> Bool { word.state == Int(WFP_BUSY) && word.owner.isGone }
}
