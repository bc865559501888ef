import CEngine
import Glibc
import Policy
import RedirectCore

extension FilterEngine {
  /// The flows that there are, oldest first. Slots that another process is changing right now are left out.
  /// - Parameter liveOnly: Without those whose sockets are gone, their slot not yet used again (SPEC S10.5).
  package func flows(liveOnly: Bool = true) -> [Flow] {
    let size = descriptor.status().map { UInt64($0.st_size) } ?? 0
    let present = unsafe min(wfp_load(&mapped.flowHeader.pointee.segment_count), UInt64(WFP_SEGMENTS))
    var flows: [Flow] = []
    for number in 0..<UInt32(present) {
      let start = flowRegionLength(segments: number)
      let (segment, end) = segmentLayout(number, from: start)
      guard unsafe mapped.header.pointee.flow_region_offset + end <= size else { break }
      for slot in 0..<Int(segment.flow_count) {
        guard let copy = SlotCopy(mapped, segment, slot) else { continue }
        if liveOnly && mapped.isOver(segment: number, slot: UInt32(slot)) { continue }
        flows.append(copy.flow(names: mapped))
      }
    }
    return flows.sorted { ($0.published, $0.id) < ($1.published, $1.id) }
  }
}

/// A slot and its attachment, copied while nobody changed them.
private struct SlotCopy {
  let state: Flow.State
  let slot: wfp_flow
  let hops: [wfp_hop]
  let context: [UInt8]

  /// - Returns: `nil` for a slot that is free or being changed.
  init?(_ engine: Engine, _ segment: wfp_segment, _ number: Int) {
    let at = unsafe engine.flowRegion(segment.flows_offset).assumingMemoryBound(to: wfp_flow.self) + number
    for _ in 0..<16 {
      let before = unsafe wfp_load(&at.pointee.state)
      guard let state = Flow.State(rawValue: before & 15) else { return nil }
      let slot = unsafe at.pointee
      let attachment = SlotCopy.attachment(engine, segment, slot)
      // What was copied counts only when the slot is still in the state that it was in before.
      wfp_fence()
      guard unsafe wfp_load(&at.pointee.state) == before else { continue }
      self.state = state
      self.slot = slot
      (hops, context) = attachment
      return
    }
    return nil
  }

  /// Nothing when the slot's numbers do not fit its segment: they were read while they changed, or are damaged.
  private static func attachment(
    _ engine: Engine, _ segment: wfp_segment, _ slot: wfp_flow
  ) -> (hops: [wfp_hop], context: [UInt8]) {
    let hopBytes = Int(slot.hop_count) * MemoryLayout<wfp_hop>.stride
    guard slot.hop_count <= WFP_HOPS_MAX, slot.context_length <= WFP_CONTEXT_MAX,
      UInt64(slot.block) + UInt64(slot.block_count) <= UInt64(segment.block_count),
      hopBytes + Int(slot.context_length) <= Int(slot.block_count) * Int(WFP_BLOCK_SIZE)
    else { return ([], []) }
    let at = unsafe engine.flowRegion(segment.blocks_offset + UInt64(slot.block) * UInt64(WFP_BLOCK_SIZE))
    let bytes = unsafe UnsafeRawBufferPointer(start: at, count: hopBytes + Int(slot.context_length))
    let hops = (0..<Int(slot.hop_count)).map {
      unsafe bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<wfp_hop>.stride, as: wfp_hop.self)
    }
    return unsafe (hops, Array(bytes[hopBytes...]))
  }

  /// The source as the service sees it. The kernel chooses that of an unbound socket: for a loopback endpoint 127.0.0.1
  /// or ::1, for another one of this machine that address itself.
  private var shownSource: wfp_address {
    let unspecified = unsafe withUnsafeBytes(of: slot.source.bytes) { unsafe $0.allSatisfy { $0 == 0 } }
    guard unspecified, slot.source.family != 0 else { return slot.source }
    var shown = slot.source
    shown.bytes = slot.endpoint.bytes
    if slot.endpoint.family == UInt16(AF_INET), slot.endpoint.bytes.0 == 127 {
      (shown.bytes.0, shown.bytes.1, shown.bytes.2, shown.bytes.3) = (127, 0, 0, 1)
    }
    return shown
  }

  func flow(names: Engine) -> Flow {
    let application = slot.application
    return Flow(
      state: state, cookie: slot.client_cookie, transport: slot.flags & UInt32(WFP_FLOW_DATAGRAM) != 0 ? "udp" : "tcp",
      application: Flow.Application(
        path: names.text(application.path), pid: application.pid, uid: application.uid, gid: application.gid,
        session: application.session, startTime: application.start_time),
      client: Flow.Process(path: names.text(slot.client_path), pid: slot.client_pid),
      service: state == .claimed ? Flow.Process(path: names.text(slot.service_path), pid: slot.service_pid) : nil,
      source: Endpoint(shownSource), endpoint: Endpoint(slot.endpoint), destination: Endpoint(slot.destination),
      local: Endpoint(slot.local), hops: hops.map { Flow.Hop($0, names: names) }, context: context,
      published: slot.published, claimed: slot.claimed)
  }
}

extension Flow.Hop {
  fileprivate init(_ hop: wfp_hop, names: Engine) {
    let guid = unsafe withUnsafeBytes(of: hop.provider) { unsafe GUID(Array($0)) }
    self.init(
      flowID: unsafe withUnsafeBytes(of: hop.flow_id) { unsafe Array($0) }, provider: names.text(hop.provider_name),
      guid: guid, filter: names.text(hop.filter_name), filterID: hop.filter_id, time: hop.time,
      isInherited: hop.flags & UInt32(WFP_HOP_INHERITED) != 0)
  }
}

extension Endpoint {
  init?(_ row: wfp_address) {
    let bytes = unsafe withUnsafeBytes(of: row.bytes) { unsafe Array($0) }
    switch Int32(row.family) {
    case AF_INET: self.init(address: Address(unmapped: Array(bytes[..<4])), port: UInt16(bigEndian: row.port))
    case AF_INET6:
      self.init(address: Address(unmapped: bytes), port: UInt16(bigEndian: row.port), scopeID: row.scope_id)
    default: return nil
    }
  }
}

extension Engine {
  /// An interned string as text.
  func text(_ number: UInt32) -> String { unsafe String(decoding: string(number), as: UTF8.self) }
}
