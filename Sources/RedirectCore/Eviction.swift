import CEngine

/// A full table: the process that holds more than a quarter of it gives its oldest flows back, so that one program
/// cannot keep all others from connecting. Nothing is counted before the table is full.
private let share: UInt64 = 4
/// A search looks at every slot; so many further connects then need none.
private let batch = 64
/// Space-saving counters: a process with more than a fifth of all slots is among them for certain.
private let candidateCount = 4

@safe
private struct Candidate {
  var mark = ProcessMark(raw: 0)
  var count: UInt64 = 0
}

extension Engine {
  /// - Returns: false when no process has too many, or another one is just looking.
  func evict() -> Bool {
    let word = unsafe wfp_evicting(flowHeader)
    let own = ownMark()
    let seen = unsafe wfp_load(word)
    if seen != 0 && !ProcessMark(raw: seen).isGone { return false }
    if unsafe wfp_swap_if(word, seen, own.raw) == 0 { return false }
    killPoint(.evictionBegun)
    defer {
      unsafe wfp_store(word, 0)
      killPoint(.evictionEnded)
    }
    guard let heaviest = heaviestClient() else { return false }
    return takeOldest(heaviest)
  }

  private func forEachSettled(_ body: (Slot, ProcessMark) -> Void) {
    var number: UInt32 = 0
    while let segment = segment(number) {
      number &+= 1
      var at: UInt32 = 0
      while at < segment.flowCount {
        let slot = segment.slot(at)
        at &+= 1
        if !slot.word.isSettled { continue }
        let client = slot.client
        if client.pid != 0 { body(slot, client) }  // 0: it came with a PROXY header
      }
    }
  }

  private func heaviestClient() -> Candidate? {
    unsafe withUnsafeTemporaryAllocation(of: Candidate.self, capacity: candidateCount) { buffer -> Candidate? in
      guard let candidates = buffer.baseAddress else { return nil }
      var i = 0
      while i < candidateCount {
        unsafe (candidates + i).initialize(to: Candidate())
        i &+= 1
      }
      // Misra and Gries: whoever is frequent survives; then what survived is counted.
      forEachSettled { _, client in unsafe note(client, candidates) }
      i = 0
      while i < candidateCount {
        unsafe candidates[i].count = 0
        i &+= 1
      }
      forEachSettled { _, client in
        var i = 0
        while i < candidateCount {
          if unsafe candidates[i].mark == client { unsafe candidates[i].count &+= 1 }
          i &+= 1
        }
      }
      var best = 0
      i = 1
      while i < candidateCount {
        if unsafe candidates[i].count > candidates[best].count { best = i }
        i &+= 1
      }
      let found = unsafe candidates[best]
      return found.count &* share > slotCount ? found : nil
    }
  }

  private func note(_ client: ProcessMark, _ candidates: UnsafeMutablePointer<Candidate>) {
    var free = -1
    var i = 0
    while i < candidateCount {
      if unsafe candidates[i].count == 0 {
        free = i
      } else if unsafe candidates[i].mark == client {
        unsafe candidates[i].count &+= 1
        return
      }
      i &+= 1
    }
    if free >= 0 {
      unsafe candidates[free] = Candidate(mark: client, count: 1)
      return
    }
    i = 0
    while i < candidateCount {
      unsafe candidates[i].count &-= 1
      i &+= 1
    }
  }

  private var slotCount: UInt64 {
    var count: UInt64 = 0
    var number: UInt32 = 0
    while let segment = segment(number) {
      count &+= UInt64(segment.flowCount)
      number &+= 1
    }
    return count
  }

  private func takeOldest(_ client: Candidate) -> Bool {
    unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: batch) { buffer -> Bool in
      guard let oldest = buffer.baseAddress else { return false }
      let known = unsafe findOldest(client.mark, oldest)
      var taken: UInt64 = 0
      var path: UInt32 = 0
      var i = 0
      while i < known {
        let found = unsafe slot(number: oldest[i])
        i &+= 1
        guard let slot = found else { continue }
        let word = slot.word
        if !word.isSettled || slot.client != client.mark || !slot.take(word) { continue }
        killPoint(.evictionTaken)
        path = unsafe slot.flow.pointee.client_path
        count(.evicted)
        free(slot)
        taken &+= 1
      }
      if taken > 0 { logEvicted(client, path, taken) }
      return taken > 0
    }
  }

  /// Fills in the numbers of the slots that were published first.
  private func findOldest(_ client: ProcessMark, _ oldest: UnsafeMutablePointer<UInt32>) -> Int {
    var known = 0
    forEachSettled { slot, mark in
      if mark != client { return }
      var at = known
      while unsafe at > 0 && isNewer(oldest[at &- 1], than: slot) { at &-= 1 }
      if at >= batch { return }
      if known < batch { known &+= 1 }
      var last = known &- 1
      while last > at {
        unsafe oldest[last] = oldest[last &- 1]
        last &-= 1
      }
      unsafe oldest[at] = slot.number
    }
    return known
  }

  private func isNewer(_ number: UInt32, than other: Slot) -> Bool {
    slot(number: number).map { $0.isNewer(than: other) } ?? false
  }

  private func logEvicted(_ client: Candidate, _ path: UInt32, _ taken: UInt64) {
    let all = slotCount
    log { line in
      line.add("the flow table is full: process ")
      line.add(UInt64(client.mark.pid))
      line.add(" (")
      unsafe line.add(string(path))
      line.add(") holds ")
      line.add(client.count)
      line.add(" of ")
      line.add(all)
      line.add(" flows, more than a quarter; its oldest ")
      line.add(taken)
      line.add(" were given back")
    }
  }
}
