import CEngine
import Glibc
import Policy
import RedirectCore
import Testing

@testable import FilterEngine

/// The flow table as `wfpctl flows` sees it; slots are written by hand through the mapping.
@Suite struct FlowTests {
  private func address(_ family: Int32, _ port: UInt16, _ bytes: [UInt8], scope: UInt32 = 0) -> wfp_address {
    var address = wfp_address()
    address.family = UInt16(family)
    address.port = port.bigEndian
    address.scope_id = scope
    withUnsafeMutableBytes(of: &address.bytes) { $0.copyBytes(from: bytes) }
    return address
  }

  private func hop(_ engine: Engine, _ id: UInt8, _ provider: String, _ filter: String, inherited: Bool = false)
    -> wfp_hop
  {
    var hop = wfp_hop()
    withUnsafeMutableBytes(of: &hop.flow_id) { $0.copyBytes(from: [UInt8](repeating: id, count: 16)) }
    withUnsafeMutableBytes(of: &hop.provider) { $0.copyBytes(from: GUID(urlName: "wfpshim:\(provider)").bytes) }
    hop.filter_id = UInt64(id)
    hop.time = 1000 + UInt64(id)
    hop.provider_name = engine.intern(provider)
    hop.filter_name = engine.intern(filter)
    hop.flags = inherited ? UInt32(WFP_HOP_INHERITED) : 0
    return hop
  }

  /// Writes hops and context at a block of a segment.
  private func attach(
    _ engine: Engine, _ segment: wfp_segment, _ block: UInt32, _ hops: [wfp_hop], _ context: [UInt8],
    _ slot: inout wfp_flow
  ) {
    let at = engine.flowRegion(segment.blocks_offset + UInt64(block) * UInt64(WFP_BLOCK_SIZE))
    hops.withUnsafeBytes { at.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    (at + hops.count * 64).copyMemory(from: context, byteCount: context.count)
    slot.block = block
    slot.block_count = UInt32((hops.count * 64 + context.count + 127) / 128)
    slot.hop_count = UInt16(hops.count)
    slot.context_length = UInt32(context.count)
  }

  private func put(_ slot: wfp_flow, _ engine: Engine, _ segment: wfp_segment, _ number: Int, _ state: Int) {
    let at = engine.flowRegion(segment.flows_offset).assumingMemoryBound(to: wfp_flow.self) + number
    at.pointee = slot
    at.pointee.state = 7 << 4 | UInt64(state)
  }

  private func claimed(_ engine: Engine, _ segment: wfp_segment) -> wfp_flow {
    var slot = wfp_flow()
    slot.client_cookie = 11
    slot.accepted_cookie = 12
    slot.published = 500
    slot.claimed = 600
    slot.client_pid = 42
    slot.client_path = engine.intern("/usr/bin/proxy-a")
    slot.service_pid = 43
    slot.service_path = engine.intern("/usr/bin/proxy-b")
    slot.source = address(AF_INET, 40000, [127, 0, 0, 1])
    slot.endpoint = address(AF_INET, 8888, [127, 0, 0, 1])
    slot.destination = address(AF_INET6, 443, [0xfe, 0x80] + .init(repeating: 0, count: 13) + [9], scope: 3)
    slot.application = wfp_application(
      start_time: 77, pid: 7, uid: 1000, gid: 1001, session: 5, path: engine.intern("/usr/bin/curl"), is_root: 0)
    attach(
      engine, segment, 5, [hop(engine, 1, "a", "all", inherited: true), hop(engine, 2, "b", "web")], [9, 8, 7], &slot)
    return slot
  }

  @Test func aClaimedFlow() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    let segment = try #require(engine.mapped.segment(0))
    put(claimed(engine.mapped, segment), engine.mapped, segment, 4095, WFP_CLAIMED)
    let flows = engine.flows(liveOnly: false)
    #expect(flows.count == 1)
    let flow = try #require(flows.first)
    #expect(flow.state == .claimed && flow.id == String(repeating: "02", count: 16) && flow.transport == "tcp")
    #expect(
      flow.application
        == Flow.Application(path: "/usr/bin/curl", pid: 7, uid: 1000, gid: 1001, session: 5, startTime: 77))
    #expect(flow.client == Flow.Process(path: "/usr/bin/proxy-a", pid: 42))
    #expect(flow.service == Flow.Process(path: "/usr/bin/proxy-b", pid: 43))
    #expect(flow.source?.description == "127.0.0.1:40000" && flow.endpoint?.description == "127.0.0.1:8888")
    #expect(flow.destination?.description == "[fe80::9%3]:443" && flow.local == nil)
    #expect(flow.context == [9, 8, 7] && flow.published == 500 && flow.claimed == 600)
    #expect(flow.hops.map(\.provider) == ["a", "b"] && flow.hops.map(\.filter) == ["all", "web"])
    #expect(flow.hops.map(\.isInherited) == [true, false] && flow.hops.map(\.filterID) == [1, 2])
    #expect(flow.hops.map(\.time) == [1001, 1002] && flow.ownHop == flow.hops[1])
    #expect(flow.hops[0].guid == GUID(urlName: "wfpshim:a"))
  }

  /// States: a carrying socket has no hop of its own, a published one no service.
  @Test func otherStates() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    let segment = try #require(engine.mapped.segment(0))
    var slot = claimed(engine.mapped, segment)
    put(slot, engine.mapped, segment, 0, WFP_CARRYING)
    slot.published = 400
    put(slot, engine.mapped, segment, 1, WFP_PUBLISHED)
    // Free, being changed, and states that there are not.
    for (number, state) in [WFP_FREE, WFP_BUSY, 5, 15].enumerated() {
      put(slot, engine.mapped, segment, 2 + number, state)
    }
    let flows = engine.flows(liveOnly: false)
    #expect(flows.map(\.state) == [.published, .carrying])
    #expect(flows[0].service == nil && flows[0].ownHop?.provider == "b")
    #expect(flows[1].id == "socket-11" && flows[1].ownHop == nil && flows[1].hops.count == 2)
  }

  /// Numbers that do not fit the segment are not followed.
  @Test func damagedSlots() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    let segment = try #require(engine.mapped.segment(0))
    let good = claimed(engine.mapped, segment)
    let changes: [(inout wfp_flow) -> Void] = [
      { $0.block = UInt32.max }, { $0.block_count = UInt32.max }, { $0.hop_count = 65 },
      { $0.context_length = 65537 }, { $0.context_length = 200 }, { $0.block = segment.block_count - 1 },
      { $0.client_path = 3 }, { $0.application.path = UInt32.max },
    ]
    for (number, change) in changes.enumerated() {
      var slot = good
      change(&slot)
      slot.published = UInt64(number)
      put(slot, engine.mapped, segment, number, WFP_CLAIMED)
    }
    let flows = engine.flows(liveOnly: false)
    #expect(flows.count == changes.count)
    #expect(flows.prefix(6).allSatisfy { $0.hops.isEmpty && $0.context.isEmpty })
    #expect(flows[6].client.path == "" && flows[7].application.path == "" && flows[7].hops.count == 2)
  }

  /// Segments that were added later are seen; one that the file has no room for is not touched.
  @Test func laterSegments() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    let start = flowRegionLength(segments: 1)
    let (segment, end) = segmentLayout(1, from: start)
    engine.mapped.flowHeader.pointee.segment_count = 2
    #expect(engine.flows(liveOnly: false).isEmpty)
    let region = engine.mapped.header.pointee.flow_region_offset
    let fd = open(directory.engine, O_RDWR | O_CLOEXEC)
    #expect(posix_fallocate(fd, off_t(region + start), off_t(end - start)) == 0)
    close(fd)
    put(claimed(engine.mapped, segment), engine.mapped, segment, 8191, WFP_CLAIMED)
    #expect(engine.flows(liveOnly: false).map(\.context) == [[9, 8, 7]])
    #expect(try FilterEngine(path: directory.engine).flows(liveOnly: false).count == 1)
  }

  /// S10.5: a flow whose sockets are gone is not shown, before its slot is used again.
  @Test func flowsThatAreOver() throws {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    let segment = try #require(engine.mapped.segment(0))
    var slot = claimed(engine.mapped, segment)
    // Of another network namespace, so that the kernel cannot be asked and the processes decide.
    slot.netns = 1
    slot.client_pid = UInt32(getpid())
    put(slot, engine.mapped, segment, 0, WFP_CLAIMED)
    slot.client_pid = 0x3f_ffff
    slot.service_pid = 0x3f_fffe
    put(slot, engine.mapped, segment, 1, WFP_CLAIMED)
    #expect(engine.flows(liveOnly: false).count == 2)
    #expect(engine.flows().map(\.client.pid) == [UInt32(getpid())])
  }

  /// A slot that changes all the time is shown whole or not at all.
  @Test func slotsThatChange() throws {
    let directory = try PrivateDirectory()
    let path = directory.engine
    let engine = try FilterEngine(path: path)
    let mapped = engine.mapped
    let segment = try #require(mapped.segment(0))
    put(claimed(mapped, segment), mapped, segment, 0, WFP_CLAIMED)
    let isDone = Counter()
    let seen = Counter()
    atOnce(2) { number in
      guard let own = try? FilterEngine(path: path) else { return }
      if number == 0 {
        for _ in 0..<4000 {
          for flow in own.flows(liveOnly: false) where flow.published != 500 {
            seen.value.add(1, ordering: .relaxed)
            #expect(flow.published == flow.claimed)
          }
        }
        isDone.value.store(1, ordering: .relaxed)
        return
      }
      let at = own.mapped.flowRegion(segment.flows_offset).assumingMemoryBound(to: wfp_flow.self)
      var round: UInt64 = 1000
      while isDone.value.load(ordering: .relaxed) == 0 {
        round += 1
        wfp_store(&at.pointee.state, UInt64(WFP_BUSY))
        wfp_fence()
        // Far apart in the slot, and one long before the other: a reader that does not look twice gets halves.
        at.pointee.published = round
        for _ in 0..<16 { wfp_fence() }
        at.pointee.claimed = round
        wfp_store(&at.pointee.state, round << 4 | UInt64(WFP_CLAIMED))
        // Free for as long as a change takes, so that a reader meets the slot in both.
        for _ in 0..<round % 32 { wfp_fence() }
      }
    }
    #expect(seen.value.load(ordering: .relaxed) > 0)
  }
}
