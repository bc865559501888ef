import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// DESIGN D3: the parts of the flow table.
struct TableTests {
  @Test("A state word packs and unpacks") func slotWord() {
    for state in [WFP_FREE, WFP_CARRYING, WFP_PUBLISHED, WFP_CLAIMED] {
      for generation in [0, 1, 2, 0xff_ffff, 1 << 59, (1 << 60) - 1] as [UInt64] {
        let word = SlotWord(state: Int(state), generation: generation)
        #expect(word.state == Int(state) && word.generation == generation)
        #expect(word.isSettled == (state != WFP_FREE))
        #expect(word.isRedirected == (state == WFP_PUBLISHED || state == WFP_CLAIMED))
      }
    }
    // The largest pid that Linux gives is 4,194,303.
    for (pid, start) in [(1, 0), (4_194_303, 0xffff), (65536, 0x1_2345)] as [(UInt32, UInt64)] {
      let owner = ProcessMark(pid: pid, start: start, namespace: 0xf000_0123)
      let word = SlotWord(busyBy: owner, generation: .max)
      #expect(word.state == Int(WFP_BUSY) && !word.isSettled && !word.isRedirected)
      #expect(word.owner == owner && owner.pid == pid)
      #expect(owner.rest == UInt32(start & 0xffff) | 0x0123 << 16)
      #expect(ProcessMark(pid: pid, rest: owner.rest) == owner)
    }
  }

  /// S10.5: two that saw the same word: one has the slot, the other is told so, and who has it stands in its word.
  @Test("A slot is taken once") func claim() throws {
    let memory = MemoryEngine()
    let slot = memory.segment.slot(7)
    let seen = slot.word
    #expect(slot.take(seen))
    let busy = slot.word
    #expect(busy.state == Int(WFP_BUSY) && busy.owner.pid == wfp_pid())
    #expect(!slot.take(seen), "it is busy")
    slot.settle(Int(WFP_PUBLISHED))
    #expect(!slot.take(seen) && slot.word.state == Int(WFP_PUBLISHED), "it is another flow's by now")
    #expect(slot.take(slot.word))
  }

  @Test("Segments follow each other, their parts do not overlap") func segments() {
    var end = UInt64(WFP_SEGMENT0_OFFSET)
    var slots: UInt64 = 0
    for number in 0..<UInt32(WFP_SEGMENTS) {
      #expect(flowRegionLength(segments: number) == end)
      let (segment, next) = segmentLayout(number, from: end)
      #expect(segment.flow_count == 4096 << number && end % 4096 == 0)
      #expect(segment.flows_offset == end)
      #expect(segment.blocks_offset == end + 256 * UInt64(segment.flow_count))
      #expect(segment.block_owners_offset == segment.blocks_offset + 128 * UInt64(segment.block_count))
      #expect(segment.index_offset == segment.block_owners_offset + 4 * UInt64(segment.block_count))
      #expect(next >= segment.index_offset + 8 * UInt64(segment.index_count) && next % 4096 == 0)
      #expect(segment.index_offset % 64 == 0, "a bucket is a cache line")
      end = next
      slots += UInt64(segment.flow_count)
    }
    #expect(slots < 1 << 24, "a slot's number fits into an index entry")
    #expect(slots >= 100_000, "P7")
  }

  @Test("A slot and its number, at both ends of every segment") func slotNumbers() {
    let memory = MemoryEngine(segments: 3)
    var first: UInt32 = 1
    for number in 0..<UInt32(3) {
      let segment = memory.engine.segment(number)!
      for at in [0, 1, segment.flowCount - 1] {
        #expect(segment.slot(at).number == first + at)
        #expect(memory.engine.slot(number: first + at)?.flow == segment.slot(at).flow)
      }
      first += segment.flowCount
    }
    #expect(memory.engine.slot(number: 0) == nil && memory.engine.slot(number: first) == nil)
    #expect(memory.engine.slot(number: .max) == nil && memory.engine.segment(3) == nil)
    memory.engine.flowHeader.pointee.segment_count = .max  // beyond what is mapped
    #expect(memory.engine.segment(3) == nil && memory.engine.slot(number: first) == nil)
  }

  @Test("Strings: each once, 0 for none") func strings() {
    let engine = MemoryEngine().engine
    let one = buffer("/usr/bin/curl") { engine.intern($0) }
    let two = buffer("/usr/bin/curl2") { engine.intern($0) }
    #expect(one != 0 && two != 0 && one != two)
    #expect(buffer("/usr/bin/curl") { engine.intern($0) } == one)
    #expect(String(decoding: engine.string(one), as: UTF8.self) == "/usr/bin/curl")
    #expect(String(decoding: engine.string(two), as: UTF8.self) == "/usr/bin/curl2")
    #expect(buffer("") { engine.intern($0) } == 0)
    let long = [UInt8](repeating: 0x61, count: 4096)
    let number = buffer(long) { engine.intern($0) }
    #expect(number != 0 && engine.string(number).elementsEqual(long))
    #expect(buffer(long + [0x61]) { engine.intern($0) } == 0)
    for wrong in [0, 1, 4, WFP_STRINGS_FIRST - 4, one + 1, one + 2, WFP_STRINGS_SIZE, .max] as [UInt32] {
      #expect(engine.string(wrong).isEmpty, "\(wrong)")
    }
  }

  @Test("Strings: a full arena gives 0 and keeps what it has") func fullArena() {
    let memory = MemoryEngine()
    let engine = memory.engine
    let edge = engine.flowRegion(UInt64(WFP_SEGMENT0_OFFSET)).assumingMemoryBound(to: UInt64.self)
    var known: [String: UInt32] = [:]
    var refused = 0
    for i in 0..<1200 {
      let text = String(repeating: "x", count: 120) + "\(i)"
      let number = buffer(text) { engine.intern($0) }
      if number == 0 { refused += 1 } else { known[text] = number }
    }
    #expect(refused > 0 && known.count > 800 && Set(known.values).count == known.count)
    for (text, number) in known {
      #expect(String(decoding: engine.string(number), as: UTF8.self) == text)
      #expect(buffer(text) { engine.intern($0) } == number)
    }
    #expect(edge.pointee == 0, "nothing was written behind the arena")
  }

  @Test("Strings: several threads store the same ones") func sharedStrings() {
    let memory = MemoryEngine()
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for i in 0..<400 { buffer("/bin/program-\(i)") { _ = memory.engine.intern($0) } }
    }
    for i in 0..<400 {
      let number = buffer("/bin/program-\(i)") { memory.engine.intern($0) }
      #expect(String(decoding: memory.engine.string(number), as: UTF8.self) == "/bin/program-\(i)")
    }
  }

  @Test("Blocks: whole runs, each block with one owner, given back by its owner only") func blocks() {
    let memory = MemoryEngine()
    let segment = memory.segment
    func reserve(_ bytes: Int, _ at: UInt32) -> (block: UInt32, count: UInt32)? {
      segment.reserve(bytes, for: segment.slot(at), memory.engine)
    }
    #expect(reserve(0, 0)! == (0, 0))
    var taken: [UInt32: UInt32] = [:]
    for (at, bytes) in [1, 127, 128, 129, 4096, 65600].enumerated() {
      let run = reserve(bytes, UInt32(at))!
      #expect(Int(run.count) == (bytes + 127) / 128)
      for block in run.block..<(run.block + run.count) {
        #expect(
          taken.updateValue(UInt32(at) + 1, forKey: block) == nil && segment.blockOwners[Int(block)] == UInt32(at) + 1)
      }
    }
    let run = reserve(512, 9)!
    segment.release(run.block, run.count, 3)  // not the owner
    #expect(segment.blockOwners[Int(run.block)] == 10)
    segment.release(run.block, run.count, 10)
    #expect(segment.blockOwners[Int(run.block)] == 0)
    segment.release(segment.blockCount - 1, .max, 10)  // beyond the end
    #expect(reserve(Int(segment.blockCount) * 128 + 1, 0) == nil)
    for at in 0..<6 { segment.releaseAll(UInt32(at) + 1) }
    #expect((0..<Int(segment.blockCount)).allSatisfy { segment.blockOwners[$0] == 0 })
    #expect(reserve(Int(segment.blockCount) * 128, 0)! == (0, segment.blockCount), "all of it, wherever the cursor is")
    #expect(reserve(1, 1) == nil)
  }

  @Test("Blocks: every hole is found") func holes() {
    let memory = MemoryEngine()
    let segment = memory.segment
    for at in 0..<Int(segment.blockCount) { segment.blockOwners[at] = 77 }
    for hole in [0, 1, 4096, Int(segment.blockCount) - 3] {
      for at in 0..<3 { segment.blockOwners[hole + at] = 0 }
      #expect(segment.reserve(385, for: segment.slot(1), memory.engine) == nil, "four blocks do not fit")
      let run = segment.reserve(384, for: segment.slot(1), memory.engine)
      #expect(run?.block == UInt32(hole) && run?.count == 3)
      for at in 0..<3 { segment.blockOwners[hole + at] = 77 }
    }
  }
}
