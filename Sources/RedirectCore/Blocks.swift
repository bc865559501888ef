import CEngine

/// Variable-sized memory of the slots: runs of 128-byte blocks. A block's owner word names the slot that has
/// it, so a process that dies in the middle loses nothing: whoever takes over the slot finds its blocks.
extension Segment {
  /// Reserves a run of blocks for `bytes` bytes.
  /// - Returns: The first block and how many; nil when there is no such run.
  func reserve(_ bytes: Int, for slot: Slot, _ engine: Engine) -> (block: UInt32, count: UInt32)? {
    let count = UInt32(truncatingIfNeeded: (bytes &+ Int(WFP_BLOCK_SIZE) &- 1) / Int(WFP_BLOCK_SIZE))
    if count == 0 { return (0, 0) }
    if count > blockCount { return nil }
    let hint = unsafe wfp_add(&engine.flowHeader.pointee.block_cursor, UInt64(count))
    var start = UInt32(truncatingIfNeeded: hint & UInt64(blockCount &- 1))
    var looked: UInt32 = 0
    while looked < blockCount &+ count {
      if start &+ count > blockCount {
        looked &+= blockCount &- start
        start = 0
        continue
      }
      let got = claim(start, count, slot.number)
      if got == count { return (start, count) }
      release(start, got, slot.number)
      looked &+= got &+ 1
      start &+= got &+ 1
    }
    return nil
  }

  private func claim(_ start: UInt32, _ count: UInt32, _ owner: UInt32) -> UInt32 {
    var i: UInt32 = 0
    while i < count {
      let word = unsafe blockOwners + Int(start &+ i)
      if unsafe wfp_load32(word) != 0 || wfp_swap_if32(word, 0, owner) == 0 { return i }
      killPoint(.blockTaken)
      i &+= 1
    }
    return count
  }

  func release(_ start: UInt32, _ count: UInt32, _ owner: UInt32) {
    var i: UInt32 = 0
    while i < count && start &+ i < blockCount {
      let word = unsafe blockOwners + Int(start &+ i)
      if unsafe wfp_load32(word) == owner && wfp_swap_if32(word, owner, 0) != 0 { killPoint(.blockReleased) }
      i &+= 1
    }
  }

  /// Releases every block of a slot, also those that the slot does not know of.
  func releaseAll(_ owner: UInt32) { release(0, blockCount, owner) }
}
