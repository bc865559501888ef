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

  /// Whether the sockets of slot `at` of a segment are gone. For those who only look.
  package func isOver(segment number: UInt32, slot at: UInt32) -> Bool {
    guard let segment = segment(number), at < segment.flowCount else { return true }
    let slot = segment.slot(at)
    let word = slot.word
    var diagnosis = SocketDiagnosis()
    return word.isSettled && isOver(slot, word, &diagnosis)
  }

  /// Whether the process that was changing the slot is dead.
  private func isAbandoned(_ word: SlotWord) -> Bool { word.state == Int(WFP_BUSY) && word.owner.isGone }

  /// Whether the sockets of a slot are gone (SPEC S10.5): asked of the kernel, not of the processes.
  func isOver(_ slot: Slot, _ word: SlotWord, _ diagnosis: inout SocketDiagnosis) -> Bool {
    let flow = unsafe slot.flow
    if word.state == Int(WFP_CARRYING) && !slot.isDatagram {
      // A socket that is not connected stands in no table of the kernel: its closer's word, or its owner's end.
      return unsafe wfp_load32(&flow.pointee.hints) != 0 || slot.client.isGone
    }
    if unsafe flow.pointee.netns != 0 && flow.pointee.netns != diagnosis.namespace() {
      // Out of this kernel table's sight: nobody left who could hold its sockets.
      let service = unsafe flow.pointee.service_pid
      let client = slot.client  // pid 0: not one of this machine's
      return (client.pid == 0 || client.isGone)
        && (service == 0 || wfp_process_exists(service) == -ESRCH)
    }
    let endpoint = unsafe Address(&flow.pointee.endpoint)
    var source = unsafe Address(&flow.pointee.source)
    if slot.isDatagram { return isDatagramFlowOver(slot, source, endpoint, &diagnosis) }
    if source.family == 0 { return unsafe isReleased(flow) }  // reset before it could be asked for its peer
    if source.isAny { source = chosenSource(source, endpoint) }
    let bothClosed = UInt32(WFP_HINT_CLIENT_CLOSED) | UInt32(WFP_HINT_ACCEPTED_CLOSED)
    let closed = unsafe wfp_load32(&flow.pointee.hints) & bothClosed == bothClosed
    // When both ends were closed, only a duplicate of the service's descriptor is worth a question (S2.13).
    if !closed, case .held = unsafe diagnosis.ask(local: source, remote: endpoint, cookie: flow.pointee.client_cookie) {
      return false
    }
    let accepted = unsafe wfp_load(&flow.pointee.accepted_cookie)
    switch diagnosis.ask(local: endpoint, remote: source, cookie: accepted) {
    case .absent: return unsafe accepted == 0 || isReleased(flow)
    case .held, .unknown: return false
    case .unheld(let state):
      // Without a claim it may still stand in the listener's queue.
      return accepted != 0 || state == UInt8(truncatingIfNeeded: TCP_TIME_WAIT)
    }
  }

  /// A socket that was reset stands in no table of the kernel, and yet its service may hold it and ask (S2.13). It is
  /// gone when its closer said so, when its service is dead, or when the kernel has not known it for five minutes.
  private func isReleased(_ flow: UnsafeMutablePointer<wfp_flow>) -> Bool {
    if unsafe wfp_load32(&flow.pointee.hints) & UInt32(WFP_HINT_ACCEPTED_CLOSED) != 0 { return true }
    if unsafe wfp_process_exists(flow.pointee.service_pid) == -ESRCH { return true }
    let now = steadyTime()
    let since = unsafe wfp_load(&flow.pointee.unseen)
    if since == 0 {
      unsafe wfp_store(&flow.pointee.unseen, now)
      return false
    }
    return now > since &+ 300_000_000_000
  }

  /// The source that the kernel takes for an unbound socket which connects to a local endpoint.
  func chosenSource(_ source: Address, _ endpoint: Address) -> Address {
    var chosen = endpoint.unmapped
    chosen.port = source.port
    if chosen.family == Address.ipv4 && chosen.isLoopback { chosen.high = 0x7f00_0001 &<< 32 }
    return chosen
  }
}
