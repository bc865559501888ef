import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// S9.1: records and context in TLVs of our own, and the flow that is made of a header.
struct CarriedTests {
  private let memory = MemoryEngine()
  private let guarded = GuardedMemory(HeaderProgress.maximalLength)
  private let application = CarriedApplication()
  private static let policy = """
    version: 1
    providers:
      - {name: other, endpoints: ["127.0.0.1:1", "192.0.2.1:7"]}
      - {name: far, endpoints: ["192.0.2.1:7", "[2001:db8::1]:7"], accepts: proxy-v2}
      - name: contoso
        endpoints: ["127.0.0.1:7", "[::1]:9"]
        accepts: [preload, proxy-v2]
        context: [ {sockaddr: remote}, {sockaddr: local}, {pid: {}}, {filter_id: {}}, {app_path: {terminate: false}} ]
    """

  private func parse(_ header: HeaderBytes) throws -> ProxyHeader {
    try #require(ProxyHeader(guarded.reader(header.bytes)))
  }

  private func provider(_ local: Address) throws -> UnsafePointer<wfp_provider>? {
    memory.load(try compiled([("p", Self.policy)]))
    return try #require(memory.engine.policy()).provider(acceptingHeadersOn: local)
  }

  private func name(_ provider: UnsafePointer<wfp_provider>?) -> String {
    guard let provider, let policy = memory.engine.policy() else { return "none" }
    return String(decoding: policy.bytes(provider.pointee.name), as: UTF8.self)
  }

  @Test("S2.14, S11.1: the provider on whose endpoint it came")
  func provider() throws {
    for (local, wanted) in [
      ("127.0.0.1", "contoso"), ("192.0.2.1", "far"), ("127.0.0.2", "none"), ("2001:db8::1", "far"),
    ] { #expect(name(try provider(Address(local, 7))) == wanted, "\(local)") }
    #expect(try provider(Address("127.0.0.1", 1)) == nil, "that one takes no headers")
    #expect(name(try provider(Address("::1", 9))) == "contoso")
    #expect(try provider(Address("127.0.0.1", 9)) == nil)
  }

  private func publish(_ header: HeaderBytes) throws -> Slot {
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    let provider = try #require(try provider(Address("127.0.0.1", 7)))
    let parsed = try parse(header)
    let (source, destination) = try #require(parsed.addresses)
    let arrival = Arrival(
      descriptor: descriptor, cookie: 77, peer: Address("127.0.0.1", 555), endpoint: Address("127.0.0.1", 7),
      policy: try #require(memory.engine.policy()), provider: provider, source: source, destination: destination,
      isUnread: true, records: parsed.records, context: parsed.context)
    let (slot, error) = memory.engine.publish(arrival)
    #expect(error == 0)
    return try #require(slot)
  }

  private func context(_ slot: Slot) -> [UInt8] { slot.context.map { Array($0) } ?? [] }

  @Test("S9.1: without our TLVs one hop, of no filter and of an application that nobody knows") func plain() throws {
    let slot = try publish(ProxyHeaderTests.v4)
    #expect(slot.word.state == Int(WFP_CLAIMED) && slot.flow.pointee.hop_count == 1)
    #expect(memory.engine.slot(accepted: 77)?.number == slot.number)
    let hop = try #require(slot.hops)[0]
    #expect(hop.filter_id == 0 && hop.filter_name == 0)
    #expect(slot.flow.pointee.application.pid == 0 && slot.flow.pointee.client_pid == 0)
    let expected: [UInt8] =
      [2, 0] + big(UInt16(443)) + [198, 51, 100, 9] + .init(repeating: 0, count: 8) + [2, 0] + big(UInt16(40001))
      + [192, 0, 2, 7] + .init(repeating: 0, count: 8 + 4 + 8)
    #expect(context(slot) == expected)
  }

  @Test("S9.1, S4.5: the chain goes on, with the application that began it") func chain() throws {
    var second = CarriedHopBytes()
    second.flags = 0xffff_ffff
    let slot = try publish(ProxyHeaderTests.v4.carrying(application, hops: [CarriedHopBytes(), second]))
    #expect(slot.flow.pointee.hop_count == 3 && slot.flow.pointee.set_hop_count == 2)
    let hops = try #require(slot.hops)
    func text(_ number: UInt32) -> String { String(decoding: memory.engine.string(number), as: UTF8.self) }
    #expect(text(hops[0].provider_name) == "northwind" && text(hops[1].filter_name) == "to-northwind")
    #expect(hops[0].filter_id == 5 && hops[0].time == 1_700_000_000_000_000_001 && hops[0].flow_id.15 == 0x11)
    #expect(hops[0].flags == 0 && hops[1].flags == UInt32(WFP_HOP_INHERITED), "no flag that we do not know")
    let known = slot.flow.pointee.application
    #expect(known.pid == 4711 && known.uid == 1000 && known.gid == 1001 && known.session == 99)
    #expect(known.start_time == application.startTime && text(known.path) == application.path)
    #expect(context(slot).suffix(application.path.utf8.count) == Array(application.path.utf8)[...])
  }

  @Test("S9.1, S2.14: a context that travelled is its provider's alone") func carriedContext() throws {
    let own = try #require(try provider(Address("127.0.0.1", 7)))
    let guid = withUnsafeBytes(of: own.pointee.guid) { Array($0) }
    let content = Array("from far away".utf8)
    #expect(context(try publish(ProxyHeaderTests.v4.carrying(context: content, for: guid))) == content)
    let other = [UInt8](repeating: 9, count: 16)
    #expect(context(try publish(ProxyHeaderTests.v4.carrying(context: content, for: other))).count == 44)
  }

  @Test("S9.1: our TLVs, cut or wrong, are no reason to guess") func malformed() throws {
    let good = ProxyHeaderTests.v4.carrying(application, hops: [CarriedHopBytes()])
    let value = good.tlvs[0].value
    for count in 8..<value.count {
      #expect(ProxyHeader(guarded.reader(ProxyHeaderTests.v4.adding(0xe5, Array(value.prefix(count))).bytes)) == nil)
    }
    var (wrongPath, wrongName, tooMany) = (application, CarriedHopBytes(), good)
    wrongPath.path = "relative"
    wrongName.provider = "a b"
    tooMany.tlvs[0].value[8 + 4 + 8 + 16 + 1] = 64
    let context = ProxyHeaderTests.v4.carrying(context: [], for: .init(repeating: 1, count: 16))
    for header in [
      ProxyHeaderTests.v4.carrying(wrongPath, hops: []), ProxyHeaderTests.v4.carrying(application, hops: [wrongName]),
      tooMany, ProxyHeaderTests.v4.adding(0xe5, value + [0]), good.carrying(application, hops: []), context,
    ] { #expect(ProxyHeader(guarded.reader(header.bytes)) == nil) }
    _ = try parse(good)
    _ = try parse(ProxyHeaderTests.v4.carrying(application, hops: .init(repeating: CarriedHopBytes(), count: 63)))
  }

  /// A peer must not be able to take from this machine's programs what names them to filters.
  @Test("S9.1, S4.5: names from the network fill half of the arena and no more") func arena() throws {
    for n in 0..<80 {
      var far = application
      far.path = "/\(n)/" + String(repeating: "x", count: 1000)
      let slot = try publish(ProxyHeaderTests.v4.carrying(far, hops: []))
      memory.engine.free(slot)
    }
    let path = "/usr/bin/local-program"
    let number = buffer(path) { memory.engine.intern($0) }
    #expect(number != 0 && memory.engine.flowHeader.pointee.strings_used < UInt64(WFP_STRINGS_SIZE) * 6 / 10)
    let last = try publish(ProxyHeaderTests.v4.carrying(application, hops: []))
    #expect(last.flow.pointee.application.path == 0 && last.flow.pointee.application.pid == 4711)
  }

  @Test("S10.5: who may take a header: one, until he is done, dead, or too long at it") func lock() {
    let word = wfp_header_locks(memory.engine.flowHeader)
    func lock() -> HeaderLock { HeaderLock(memory.engine, 5) }
    let mine = lock()
    #expect(mine.take() && mine.isHeld && !lock().take())
    mine.release()
    #expect((0..<Int(WFP_HEADER_LOCKS)).allSatisfy { word[$0].owner == 0 && word[$0].since == 0 })
    #expect(mine.take())
    guard let at = (0..<Int(WFP_HEADER_LOCKS)).first(where: { word[$0].owner != 0 }) else { return }
    word[at].owner = word[at].owner & ~0x3f_ffff | UInt64(deadProcess())
    #expect(!mine.isHeld && lock().take(), "its owner is dead")
    word[at].owner ^= 1 << 45  // of another pid namespace
    #expect(!lock().take())
    word[at].since = 1
    #expect(lock().take() && word[at].since > 1, "its owner has been at it for longer than anybody is")
    word[at].owner ^= 1 << 45
    word[at].since = 0
    #expect(!lock().take() && word[at].since != 0, "its owner was killed before it could write when")
  }
}
