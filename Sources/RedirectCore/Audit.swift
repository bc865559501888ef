#if WFPSHIM_KILL_POINTS
  import CEngine

  /// What the flow table holds, counted by looking at all of it: for the harness of the kill points.
  package struct Audit {
    package var free = 0, busy = 0, settled = 0
    /// Blocks that no settled slot has, index entries that lead to no slot that is meant, slots that are not found.
    package var strayBlocks = 0, strayEntries = 0, unfound = 0
    /// Header locks that nobody can take.
    package var locked = 0

    package init() {}
  }

  extension Engine {
    /// Gives back all that a full table would: slots whose sockets are gone, and those of killed processes.
    package func sweep() {
      var diagnosis = SocketDiagnosis()
      for segment in (0..<segmentCount).compactMap({ segment($0) }) {
        for at in 0..<segment.flowCount {
          let slot = segment.slot(at)
          if slot.word.state != Int(WFP_FREE) && reclaim(slot, &diagnosis) { slot.settle(Int(WFP_FREE)) }
        }
      }
    }

    package func audit() -> Audit {
      var audit = Audit()
      for segment in (0..<segmentCount).compactMap({ segment($0) }) {
        var owned = [UInt32](repeating: 0, count: Int(segment.blockCount))
        for at in 0..<segment.flowCount { note(segment.slot(at), &owned, &audit) }
        for at in 0..<Int(segment.blockCount) where unsafe wfp_load32(segment.blockOwners + at) != owned[at] {
          audit.strayBlocks += 1
        }
        for at in 0..<Int(segment.indexCount) {
          let entry = unsafe wfp_load(segment.index + at)
          if entry != 0 && !segment.isMeant(entry) { audit.strayEntries += 1 }
        }
      }
      for cookie in 0..<2000 as Range<UInt64> {
        let lock = HeaderLock(self, cookie)
        if lock.take() { lock.release() } else { audit.locked += 1 }
      }
      return audit
    }

    private func note(_ slot: Slot, _ owned: inout [UInt32], _ audit: inout Audit) {
      let word = slot.word
      if word.state == Int(WFP_FREE) { return audit.free += 1 }
      if word.state == Int(WFP_BUSY) { return audit.busy += 1 }
      audit.settled += 1
      let first = unsafe Int(slot.flow.pointee.block)
      let count = unsafe Int(slot.flow.pointee.block_count)
      for block in first..<(first + count) where block < owned.count { owned[block] = slot.number }
      let isOwned = unsafe slot.flow.pointee.client_cookie != 0
      if isOwned && find(slot.ownerKey, { $0.number == slot.number }) == nil { audit.unfound += 1 }
    }
  }
#endif
