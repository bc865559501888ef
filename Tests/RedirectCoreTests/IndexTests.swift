import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// DESIGN D3: the index, two buckets of eight hints a key.
struct IndexTests {
  private func claimed(_ memory: MemoryEngine, _ at: UInt32, cookie: UInt64) -> Slot {
    let slot = memory.segment.slot(at)
    slot.flow.pointee.client_cookie = cookie
    slot.flow.pointee.accepted_cookie = cookie + 1
    var source = Address("127.0.0.1", UInt16(truncatingIfNeeded: 1024 + at))
    source.high += UInt64(at >> 15) << 40
    source.store(to: &slot.flow.pointee.source)
    slot.settle(Int(WFP_CLAIMED))
    return slot
  }

  private func keys(_ slot: Slot) -> [FlowKey] {
    [
      .client(cookie: slot.flow.pointee.client_cookie),
      .tuple(source: Address(&slot.flow.pointee.source), isDatagram: false),
      .accepted(cookie: slot.flow.pointee.accepted_cookie),
    ]
  }

  @Test("Insert, find, remove; the kinds of key are apart") func basics() {
    let memory = MemoryEngine()
    let (a, b) = (claimed(memory, 0, cookie: 100), claimed(memory, 4095, cookie: 200))
    for slot in [a, b] { for key in keys(slot) { #expect(memory.segment.insert(key, slot, memory.engine)) } }
    for slot in [a, b] {
      for key in keys(slot) { #expect(memory.segment.find(key, memory.engine) { $0.number == slot.number } != nil) }
    }
    #expect(memory.engine.slot(client: 100)?.number == 1 && memory.engine.slot(accepted: 201)?.number == 4096)
    #expect(memory.engine.slot(client: 101) == nil && memory.engine.slot(accepted: 100) == nil)
    memory.segment.remove(.client(cookie: 100), b, memory.engine)  // not this slot's entry
    #expect(memory.engine.slot(client: 100) != nil)
    for key in keys(a) { memory.segment.remove(key, a, memory.engine) }
    #expect(memory.engine.slot(client: 100) == nil && memory.engine.slot(accepted: 101) == nil)
    #expect(memory.engine.slot(client: 200) != nil)
    #expect((0..<Int(memory.segment.indexCount)).filter { memory.segment.index[$0] != 0 }.count == 3)
  }

  @Test("Two slots under one key: the caller chooses") func shared() {
    let memory = MemoryEngine()
    let (a, b) = (claimed(memory, 1, cookie: 7), claimed(memory, 2, cookie: 7))
    #expect(
      memory.segment.insert(.client(cookie: 7), a, memory.engine)
        && memory.segment.insert(.client(cookie: 7), b, memory.engine))
    for slot in [a, b] {
      #expect(
        memory.segment.find(.client(cookie: 7), memory.engine) { $0.number == slot.number }?.number == slot.number)
    }
    #expect(memory.segment.find(.client(cookie: 7), memory.engine) { _ in false } == nil)
  }

  @Test("Full buckets: a stale entry gives way, else the next pair is taken, and found") func overflow() {
    let memory = MemoryEngine()
    let depth = { memory.engine.flowHeader.pointee.index_depth }
    let find = { (slot: Slot) in
      memory.segment.find(.client(cookie: 5), memory.engine) { $0.number == slot.number } != nil
    }
    // The same key for all, so that the same two buckets take them.
    let placed = (0..<16 as Range<UInt32>).map { claimed(memory, $0, cookie: 5) }
    for slot in placed { #expect(memory.segment.insert(.client(cookie: 5), slot, memory.engine)) }
    #expect(depth() == 0)
    // Freed without its entry being removed, as a process leaves it that dies.
    placed[11].settle(Int(WFP_FREE))
    let late = claimed(memory, 20, cookie: 5)
    #expect(memory.segment.insert(.client(cookie: 5), late, memory.engine) && depth() == 0 && find(late))
    // A slot that is being changed keeps its entry.
    let busy = placed[3]
    #expect(busy.take(busy.word))
    let later = claimed(memory, 21, cookie: 5)
    #expect(memory.segment.insert(.client(cookie: 5), later, memory.engine) && depth() == 1 && find(later))
    #expect(find(busy))
    memory.segment.remove(.client(cookie: 5), later, memory.engine)
    #expect(!find(later))
  }

  /// S7.4: a failed connect leaves a slot that carries records, and dies before the tuple's entry is gone.
  @Test("The tuple of a slot that only carries records is stale, that of a flow is not") func staleTuple() {
    let memory = MemoryEngine()
    let key = FlowKey.tuple(source: Address("127.0.0.1", 1024), isDatagram: false)
    let placed = (0..<16 as Range<UInt32>).map { at in
      let slot = claimed(memory, at, cookie: UInt64(at) * 2 + 1)
      Address("127.0.0.1", 1024).store(to: &slot.flow.pointee.source)
      return slot
    }
    for slot in placed { #expect(memory.segment.insert(key, slot, memory.engine)) }
    placed[5].settle(Int(WFP_CARRYING))
    let later = claimed(memory, 30, cookie: 99)
    #expect(memory.segment.insert(key, later, memory.engine))
    #expect(memory.engine.flowHeader.pointee.index_depth == 0, "in the stale one's place")
    #expect(memory.segment.find(key, memory.engine) { $0.number == placed[5].number } == nil)
  }

  @Test("Entries that name no slot are passed over") func scribbled() {
    let memory = MemoryEngine()
    for at in 0..<Int(memory.segment.indexCount) { memory.segment.index[at] = .max &- UInt64(at) }
    #expect(memory.engine.slot(client: 1) == nil && memory.engine.slot(accepted: 1) == nil)
    #expect(
      memory.segment.insert(.client(cookie: 1), claimed(memory, 0, cookie: 1), memory.engine), "they are not meant")
    #expect(memory.engine.slot(client: 1)?.number == 1)
  }

  /// D3: the index holds eight entries a flow, of which a flow needs three.
  @Test("A whole segment of flows finds its place") func wholeSegment() {
    let memory = MemoryEngine()
    let segment = memory.segment
    var refused = 0
    for round in 0..<30 {
      for at in 0..<Int(segment.indexCount) { segment.index[at] = 0 }
      for at in 0..<segment.flowCount {
        // Cookies count up; others' sockets are between them.
        let slot = claimed(memory, at, cookie: UInt64(round) << 32 + UInt64(at) * 4)
        for key in keys(slot) where !segment.insert(key, slot, memory.engine) { refused += 1 }
      }
    }
    #expect(refused == 0, "of \(30 * segment.flowCount * 3)")
  }
}
