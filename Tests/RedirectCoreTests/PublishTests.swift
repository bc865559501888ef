import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// Stage 3: publication, and what is left when the real connect fails.
struct PublishTests {
  private let memory = MemoryEngine()
  private let text = """
    version: 1
    providers: [ {name: contoso, endpoints: ["127.0.0.1:1"], context: [ {text: "hello"} ]} ]
    filters: [ {name: a, action: redirect, provider: contoso} ]
    """

  /// Publishes for a fresh socket that carries `records` hops of another provider; 0: none.
  private func publish(_ descriptor: Int32, records: Int, port: UInt16 = 1) throws -> Slot {
    memory.load(try compiled([("contoso", text)]))
    let policy = try #require(memory.engine.policy())
    let cookie = try #require(socketCookie(descriptor))
    if records > 0 {
      var hop = wfp_hop()
      hop.filter_id = 77
      let carrying = try #require(memory.slot(hops: Array(repeating: hop, count: records)))
      carrying.flow.pointee.client_cookie = cookie
      #expect(memory.segment.insert(.client(cookie: cookie), carrying, memory.engine))
    }
    var request = ConnectRequest(descriptor: descriptor, engine: memory.engine, destination: Address("192.0.2.1", 80))
    guard case .redirect(let redirect) = policy.classify(&request) else { throw NotRedirected() }
    let source = BoundSource(source: Address("127.0.0.1", 4000), local: Address("0.0.0.0"))
    let publication = Publication(
      policy: policy, redirect: redirect, endpoint: Address("127.0.0.1", port), bound: source)
    let (slot, error) = memory.engine.publish(publication, &request)
    #expect(error == 0)
    return try #require(slot)
  }

  private struct NotRedirected: Error {}

  private func socket() -> Int32 { Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }

  @Test("S2.14: the chain is the records and this redirect, the context behind it") func published() throws {
    let descriptor = socket()
    defer { close(descriptor) }
    let slot = try publish(descriptor, records: 2)
    #expect(slot.word.state == Int(WFP_PUBLISHED) && slot.flow.pointee.hop_count == 3)
    let hops = try #require(slot.hops)
    #expect((0..<3).map { hops[$0].filter_id == 77 } == [true, true, false])
    #expect(slot.context.map { String(decoding: $0, as: UTF8.self) } == "hello")
    let cookie = try #require(socketCookie(descriptor))
    #expect(memory.engine.slot(client: cookie)?.number == slot.number, "the slot that carried is free")
  }

  @Test(
    "S2.13: of two flows of one source the later one is the connection's, whatever a clock says", arguments: [1, -1])
  func newest(step: Int) throws {
    let (first, second, listener) = (socket(), socket(), socket())
    defer { for descriptor in [first, second, listener] { close(descriptor) } }
    try #require(bindToLoopback(listener))
    let endpoint = try #require(socketName(listener))
    memory.engine.flowHeader.pointee.sequence = UInt64(UInt32.max) - 1  // the numbers of the two wrap
    let slots = try [first, second].map { try publish($0, records: 0, port: UInt16(bigEndian: endpoint.port)) }
    for (at, slot) in slots.enumerated() { slot.flow.pointee.published = UInt64(1000 + at * step) }
    let cookie = try #require(socketCookie(listener))
    let found = memory.engine.published(
      to: listener, source: Address("127.0.0.1", 4000), cookie: cookie, isDatagram: false)
    #expect(found?.number == slots[1].number)
  }

  private func bindToLoopback(_ descriptor: Int32) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    } == 0
  }

  /// S7.4, S3.1: the records that were set stay on a socket whose redirected connect failed, and only they.
  @Test("S7.4: after a failed connect the records are still there", arguments: [1, 2]) func failed(records: Int) throws
  {
    let descriptor = socket()
    defer { close(descriptor) }
    let slot = try publish(descriptor, records: records)
    memory.engine.unpublish(number: slot.number, generation: slot.flow.pointee.generation)
    #expect(slot.word.state == Int(WFP_CARRYING))
    #expect(slot.flow.pointee.hop_count == UInt16(records) && slot.flow.pointee.context_length == 0)
    #expect(slot.hops?[0].filter_id == 77)
    let cookie = try #require(socketCookie(descriptor))
    #expect(memory.engine.slot(client: cookie)?.number == slot.number)
  }

  @Test("S7.4: without records nothing is left") func nothingLeft() throws {
    let descriptor = socket()
    defer { close(descriptor) }
    let slot = try publish(descriptor, records: 0)
    memory.engine.unpublish(number: slot.number, generation: slot.flow.pointee.generation)
    #expect(slot.word.state == Int(WFP_FREE))
    let cookie = try #require(socketCookie(descriptor))
    #expect(memory.engine.slot(client: cookie) == nil)
    #expect((0..<Int(memory.segment.blockCount)).allSatisfy { memory.segment.blockOwners[$0] == 0 })
  }

  /// The report of a connect comes late: the slot has been given back, and is another socket's flow.
  @Test("S10.5: a flow of a later generation is not taken back") func laterGeneration() throws {
    let descriptor = socket()
    defer { close(descriptor) }
    let slot = try publish(descriptor, records: 0)
    memory.engine.unpublish(number: slot.number, generation: slot.flow.pointee.generation &- 1)
    #expect(slot.word.state == Int(WFP_PUBLISHED))
  }

  /// A connect that was interrupted and accepted all the same: the service has the flow.
  @Test("S2.13: a claimed flow is not taken back") func claimed() throws {
    let descriptor = socket()
    defer { close(descriptor) }
    let slot = try publish(descriptor, records: 0)
    slot.settle(Int(WFP_CLAIMED))
    memory.engine.unpublish(number: slot.number, generation: slot.flow.pointee.generation)
    #expect(slot.word.state == Int(WFP_CLAIMED))
  }
}
