import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// Flows of UDP in the table: what finds them, and when they are over.
struct DatagramFlowTests {
  private let memory = MemoryEngine()

  private func flow(
    cookie: UInt64, to destination: String, source: Address, datagram: Bool = true, addressed: Bool = true
  ) -> Slot {
    let slot = memory.engine.allocate(bytes: 64)!
    slot.flow.pointee.client_cookie = cookie
    slot.flow.pointee.client_pid = wfp_pid()
    slot.flow.pointee.flags =
      (datagram ? UInt32(WFP_FLOW_DATAGRAM) : 0) | (addressed ? UInt32(WFP_FLOW_ADDRESSED) : 0)
    Address(destination, 53).store(to: &slot.flow.pointee.destination)
    Address("127.0.0.1", 8888).store(to: &slot.flow.pointee.endpoint)
    source.store(to: &slot.flow.pointee.source)
    slot.flow.pointee.unseen = wfp_now(CLOCK_MONOTONIC)
    #expect(memory.segment.insert(slot.ownerKey, slot, memory.engine))
    #expect(memory.segment.insert(slot.tupleKey, slot, memory.engine))
    slot.settle(Int(WFP_PUBLISHED))
    return slot
  }

  @Test("H27: one address and port, TCP and UDP: two flows") func protocols() {
    let source = Address("127.0.0.1", 40000)
    let (udp, tcp) = (
      flow(cookie: 1, to: "192.0.2.1", source: source, addressed: false),
      flow(cookie: 2, to: "192.0.2.2", source: source, datagram: false, addressed: false)
    )
    let keys = [FlowKey.tuple(source: source, isDatagram: true), .tuple(source: source, isDatagram: false)]
    #expect(keys[0].hash != keys[1].hash)
    #expect(memory.engine.find(keys[0]) { _ in true }?.number == udp.number)
    #expect(memory.engine.find(keys[1]) { _ in true }?.number == tcp.number)
  }

  @Test("S8.3: a socket's flows are apart by their destinations, and from the socket's own") func destinations() {
    let hosts = (1...100).map { "192.0.2.\($0)" } + ["2001:db8::1"]
    let slots = hosts.enumerated().map { i, host in
      flow(cookie: 7, to: host, source: Address("127.64.1.\(i + 1)", 40000))
    }
    for (host, slot) in zip(hosts, slots) {
      #expect(memory.engine.slot(addressed: 7, to: Address(host, 53))?.number == slot.number)
      #expect(memory.engine.slot(addressed: 7, to: Address(host, 54)) == nil)
      #expect(memory.engine.slot(addressed: 8, to: Address(host, 53)) == nil)
    }
    #expect(memory.engine.slot(addressed: 7, to: Address("::ffff:192.0.2.9", 53))?.number == slots[8].number)
    #expect(memory.engine.slot(client: 7) == nil, "no flow of a connected socket")
    let connected = flow(cookie: 7, to: "192.0.2.1", source: Address("0.0.0.0", 40000), addressed: false)
    #expect(memory.engine.slot(client: 7)?.number == connected.number)
    #expect(memory.engine.slot(addressed: 7, to: Address("192.0.2.1", 53))?.number == slots[0].number)
  }

  /// RFC 4787, REQ-5: not before two minutes without a send.
  @Test("A flow of UDP ends when nothing was sent for three minutes, or its socket was closed") func idle() {
    let slot = flow(cookie: 9, to: "192.0.2.1", source: Address("127.64.1.1", 40000))
    let isOver = {
      var diagnosis = SocketDiagnosis()
      return memory.engine.isOver(slot, slot.word, &diagnosis)
    }
    let now = wfp_now(CLOCK_MONOTONIC)
    #expect(!isOver() && memory.engine.isRecent(slot))
    slot.flow.pointee.unseen = now - 150_000_000_000
    #expect(!isOver() && memory.engine.isRecent(slot))
    slot.flow.pointee.unseen = now - 200_000_000_000
    #expect(isOver() && !memory.engine.isRecent(slot))
    slot.touch()
    #expect(!isOver() && memory.engine.isRecent(slot))
    slot.flow.pointee.hints = UInt32(WFP_HINT_CLIENT_CLOSED)
    #expect(!isOver(), "a duplicate may send on")
    slot.flow.pointee.unseen = now - 10_000_000_000
    #expect(isOver())
    slot.flow.pointee.hints = 0
    #expect(!isOver())
    slot.flow.pointee.client_pid = deadProcess()
    #expect(isOver())
  }
}
