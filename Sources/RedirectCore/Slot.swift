import CEngine

/// The state word of a slot (wfp_layout.h), read once.
struct SlotWord: Equatable {
  var raw: UInt64

  var state: Int { Int(truncatingIfNeeded: raw & 15) }
  var isSettled: Bool { state >= Int(WFP_CARRYING) && state <= Int(WFP_CLAIMED) }
  var isRedirected: Bool { state == Int(WFP_PUBLISHED) || state == Int(WFP_CLAIMED) }

  /// Of a word that is not BUSY.
  var generation: UInt64 { raw &>> 4 }

  init(raw: UInt64) { self.raw = raw }

  init(state: Int, generation: UInt64) { raw = generation &<< 4 | UInt64(truncatingIfNeeded: state) }

  /// BUSY: this process changes the slot.
  init(busyBy owner: ProcessMark, generation: UInt64) {
    raw = UInt64(WFP_BUSY) | owner.raw &<< 4 | generation &<< 58
  }

  /// Of a BUSY word.
  var owner: ProcessMark { ProcessMark(raw: raw &>> 4) }
}

/// One slot of the flow table: where it lies, and the number by which index and block owners call it.
@safe
struct Slot {
  let flow: UnsafeMutablePointer<wfp_flow>
  let segment: Segment
  /// From 1; counts over all segments.
  let number: UInt32

  init(flow: UnsafeMutablePointer<wfp_flow>, segment: Segment, number: UInt32) {
    unsafe self.flow = flow
    self.segment = segment
    self.number = number
  }

  var word: SlotWord { SlotWord(raw: unsafe wfp_load(&flow.pointee.state)) }

  /// Takes the slot for a change if its word is still `seen`. No waiting: who comes second is told so.
  func take(_ seen: SlotWord) -> Bool {
    let busy = SlotWord(busyBy: ownMark(), generation: unsafe flow.pointee.generation)
    if unsafe wfp_swap_if(&flow.pointee.state, seen.raw, busy.raw) == 0 { return false }
    killPoint(.slotTaken)
    return true
  }

  /// The process whose socket it is. Not that of another machine: that one's pid is 0.
  var client: ProcessMark {
    unsafe ProcessMark(pid: flow.pointee.client_pid, rest: flow.pointee.client_mark)
  }

  /// This process, which has taken the slot, is it.
  func setClient(path: UInt32) {
    let own = word.owner
    unsafe flow.pointee.client_pid = own.pid
    unsafe flow.pointee.client_mark = own.rest
    unsafe flow.pointee.client_path = path
  }

  /// Of two flows: whether this one was published later. Numbers wrap.
  func isNewer(than other: Slot) -> Bool {
    unsafe Int32(truncatingIfNeeded: flow.pointee.sequence &- other.flow.pointee.sequence) > 0
  }

  /// Ends a change.
  func settle(_ state: Int) {
    unsafe wfp_store(&flow.pointee.state, SlotWord(state: state, generation: flow.pointee.generation).raw)
  }

  /// nil when the slot says something impossible.
  var attachment: Attachment? {
    let (block, count) = unsafe (flow.pointee.block, flow.pointee.block_count)
    let (hopCount, contextLength) = unsafe (flow.pointee.hop_count, flow.pointee.context_length)
    let needed = UInt64(hopCount) &* UInt64(MemoryLayout<wfp_hop>.size) &+ UInt64(contextLength)
    if UInt64(block) &+ UInt64(count) > UInt64(segment.blockCount) || needed > UInt64(count) &* UInt64(WFP_BLOCK_SIZE) {
      return nil
    }
    let start = unsafe segment.blocks + Int(block) &* Int(WFP_BLOCK_SIZE)
    return unsafe Attachment(start: start, hopCount: UInt32(hopCount), contextLength: contextLength)
  }

  /// Its real connect has not been made, and its application has not closed the socket.
  var isConnecting: Bool {
    unsafe wfp_load32(&flow.pointee.flags) & UInt32(WFP_FLOW_CONNECTING) != 0
      && wfp_load32(&flow.pointee.hints) & UInt32(WFP_HINT_CLIENT_CLOSED) == 0
  }

  var isDatagram: Bool { unsafe wfp_load32(&flow.pointee.flags) & UInt32(WFP_FLOW_DATAGRAM) != 0 }

  /// One of the flows of a socket that sends with an address.
  var isAddressed: Bool { unsafe wfp_load32(&flow.pointee.flags) & UInt32(WFP_FLOW_ADDRESSED) != 0 }

  var tupleKey: FlowKey { unsafe .tuple(source: Address(&flow.pointee.source), isDatagram: isDatagram) }

  /// What the application's side finds it by.
  var ownerKey: FlowKey {
    let cookie = unsafe flow.pointee.client_cookie
    return unsafe isAddressed
      ? .addressed(cookie: cookie, destination: Address(&flow.pointee.destination)) : .client(cookie: cookie)
  }

  var hops: UnsafeMutablePointer<wfp_hop>? { unsafe attachment?.hops }

  /// The context that was attached for the service.
  var context: UnsafeRawBufferPointer? { unsafe attachment?.context }
}

/// What lies in a slot's blocks: hops, then the context. The numbers are those that were checked; the slot's own are
/// another flow's as soon as its process gives it back.
@safe
struct Attachment {
  private let start: UnsafeMutableRawPointer
  let hopCount: UInt32
  let contextLength: UInt32

  fileprivate init(start: UnsafeMutableRawPointer, hopCount: UInt32, contextLength: UInt32) {
    unsafe self.start = start
    self.hopCount = hopCount
    self.contextLength = contextLength
  }

  var hops: UnsafeMutablePointer<wfp_hop> { unsafe start.assumingMemoryBound(to: wfp_hop.self) }

  var context: UnsafeRawBufferPointer {
    let offset = Int(hopCount) &* MemoryLayout<wfp_hop>.size
    return unsafe UnsafeRawBufferPointer(start: start + offset, count: Int(contextLength))
  }
}

/// One segment of the flow region, its addresses computed and not read from shared memory.
@safe
struct Segment {
  let number: UInt32
  let flows: UnsafeMutablePointer<wfp_flow>
  let blocks: UnsafeMutableRawPointer
  let blockOwners: UnsafeMutablePointer<UInt32>
  let index: UnsafeMutablePointer<UInt64>
  let flowCount: UInt32
  let blockCount: UInt32
  let indexCount: UInt32
  /// Number of the first slot, less one.
  let firstNumber: UInt32

  func slot(_ at: UInt32) -> Slot {
    unsafe Slot(flow: flows + Int(at), segment: self, number: firstNumber &+ at &+ 1)
  }
}

extension Engine {
  /// How many segments this process can reach.
  var segmentCount: UInt32 {
    let stored = unsafe wfp_load(&flowHeader.pointee.segment_count)
    var count = stored > UInt64(WFP_SEGMENTS) ? UInt32(WFP_SEGMENTS) : UInt32(truncatingIfNeeded: stored)
    while count > 1 && !isAllocated(upTo: flowRegionLength(segments: count)) { count &-= 1 }
    return count
  }

  func segment(_ number: UInt32) -> Segment? {
    if number >= segmentCount { return nil }
    let start = flowRegionLength(segments: number)
    let (layout, end) = segmentLayout(number, from: start)
    if end > UInt64(truncatingIfNeeded: flowLength) { return nil }
    return unsafe Segment(
      number: number,
      flows: flowRegion(layout.flows_offset).assumingMemoryBound(to: wfp_flow.self),
      blocks: flowRegion(layout.blocks_offset),
      blockOwners: flowRegion(layout.block_owners_offset).assumingMemoryBound(to: UInt32.self),
      index: flowRegion(layout.index_offset).assumingMemoryBound(to: UInt64.self),
      flowCount: layout.flow_count, blockCount: layout.block_count, indexCount: layout.index_count,
      firstNumber: UInt32(WFP_SEGMENT0_FLOWS) &* (1 &<< number &- 1))
  }

  /// The slot of a number from an index entry; nil for a number that is none.
  func slot(number: UInt32) -> Slot? {
    var segmentNumber: UInt32 = 0
    while let segment = segment(segmentNumber) {
      if number > segment.firstNumber && number &- segment.firstNumber <= segment.flowCount {
        return segment.slot(number &- segment.firstNumber &- 1)
      }
      segmentNumber &+= 1
    }
    return nil
  }
}
