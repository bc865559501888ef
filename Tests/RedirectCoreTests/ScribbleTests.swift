import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// DESIGN D3, S10.1: a half-written or scribbled engine gives wrong answers, never a wild access or a trap.
struct ScribbleTests {
  private let text = """
    version: 1
    sublayers: [ {name: one, weight: 7}, {name: two, weight: 9} ]
    providers:
      - { name: contoso, endpoints: ["127.0.0.1:1", "[::1]:1"], context: [
          {sockaddr_storage: remote}, {sockaddr: local, af: windows}, {port: remote, as: u32}, {family: {as: u8}},
          {app_path: {encoding: utf16, size: 40}}, {text: "hello"}, {align: 16}, {random: 5}, {pad_to: 500}, {flow_id: {size: 16}} ] }
      - { name: fabrikam, endpoints: ["127.0.0.1:2"] }
    filters:
      - { name: a, action: redirect, provider: contoso, weight: 5, sublayer: one, conditions: {
          ip_protocol: [tcp, udp], ip_remote_address: [192.0.2.0/24, "2001:db8::/32"], ip_remote_port: [80, 81-90],
          ip_local_address: 0.0.0.0, ale_app_id: ["/*", "*x"], ale_user_id: [0, 1, \(geteuid())], loopback: false } }
      - { name: b, action: redirect, provider: fabrikam, weight: 4, sublayer: one }
      - { name: c, action: permit, weight: 3, sublayer: two, conditions: {ip_remote_port: 81} }
      - { name: d, action: block, weight: 2, sublayer: two, conditions: {ale_original_app_id: /no/*} }
    """

  /// Reads all that a connect reads of a policy.
  private func walk(_ memory: MemoryEngine, _ descriptor: Int32) -> Int {
    guard let policy = memory.engine.policy() else { return 0 }
    var request = ConnectRequest(descriptor: descriptor, engine: memory.engine, destination: Address("192.0.2.1", 80))
    return walk(policy, &request)
  }

  private func walk(_ policy: PolicyImage, _ request: inout ConnectRequest) -> Int {
    guard case .redirect(let redirect) = policy.classify(&request) else { return 1 }
    _ = policy.bytes(redirect.filter.pointee.name).count
    _ = policy.chooseEndpoint(redirect.provider, &request)
    let source = ContextSource(
      destination: request.destination, local: Address("0.0.0.0"), application: wfp_application(), path: ownPath(),
      protocolNumber: tcpLevel,
      flowId: (1, 2), filter: redirect.filter)
    var measure = ContextWriter(nil, limit: .max)
    measure.write(redirect.provider, of: policy, source)
    guard measure.length <= Int(WFP_CONTEXT_MAX) else { return 2 }
    let out = UnsafeMutableRawPointer.allocate(byteCount: measure.length + 8, alignment: 8)
    defer { out.deallocate() }
    out.storeBytes(of: 0x5a5a, toByteOffset: measure.length, as: UInt16.self)
    var writer = ContextWriter(out, limit: measure.length)
    writer.write(redirect.provider, of: policy, source)
    #expect(out.loadUnaligned(fromByteOffset: measure.length, as: UInt16.self) == 0x5a5a)
    return 3
  }

  @Test("A policy with any word of it scribbled") func policy() throws {
    let image = try compiled([("contoso", text)])
    let memory = MemoryEngine()
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    memory.load(image)
    #expect(walk(memory, descriptor) == 3, "unharmed, it redirects")
    var random = Numbers(state: 7)
    var outcomes: Set<Int> = []
    let special: [UInt32] = [
      0, 1, 7, 8, 0x7fff_ffff, 0x8000_0000, .max, .max - 7, UInt32(image.count), UInt32(image.count) - 8,
    ]
    for round in 0..<6000 {
      var bytes = image
      for _ in 0..<(1 + round % 3) {
        // Every word in turn, then some at random.
        let at = (round < 3000 ? round * 4 : random.below(bytes.count) & ~3) % (bytes.count - 3)
        let value =
          random.below(3) == 0 ? UInt32(truncatingIfNeeded: random.next()) : special[random.below(special.count)]
        withUnsafeBytes(of: value) { bytes.replaceSubrange(at..<(at + 4), with: $0) }
      }
      memory.engine.header.pointee.policy_generation = 0
      memory.load(bytes)
      outcomes.insert(walk(memory, descriptor))
    }
    #expect(outcomes.isSuperset(of: [0, 1, 3]), "\(outcomes)")
  }

  @Test("A policy cut at any length") func cut() throws {
    let image = try compiled([("contoso", text)])
    for length in 0...(image.count + 8) {
      let bytes = image + [UInt8](repeating: 0, count: 8)
      let known = buffer(bytes) { PolicyImage(base: $0.baseAddress!, capacity: length, generation: 1) != nil }
      #expect(known == (length >= image.count), "\(length)")
    }
  }

  @Test("Flow slots, blocks and index with random bytes") func flows() {
    let memory = MemoryEngine()
    let segment = memory.segment
    var random = Numbers(state: 3)
    let cookies = (0..<64).map { UInt64($0) }
    var out = [UInt8](repeating: 0, count: 8192)
    for _ in 0..<300 {
      for at in 0..<64 {
        let words = UnsafeMutableRawPointer(segment.flows + at).assumingMemoryBound(to: UInt64.self)
        for word in 0..<32 { words[word] = random.below(3) == 0 ? random.next() : UInt64(random.below(70)) }
      }
      for _ in 0..<2000 {
        let at = random.below(Int(segment.indexCount))
        segment.index[at] = random.next()
      }
      for cookie in cookies {
        for slot in [memory.engine.slot(client: cookie), memory.engine.slot(accepted: cookie)] {
          guard let slot else { continue }
          _ = redirectState(slot, provider: UnsafeRawPointer(segment.flows))
          _ = (slot.hops, slot.context)
        }
      }
      for at in 0..<64 as Range<UInt32> {
        let slot = segment.slot(at)
        out.withUnsafeMutableBytes { out in
          let request = wfp_ioctl(
            in: nil, out: out.baseAddress!, in_size: 0, out_size: 4160, bytes_returned: 0, reserved: 0)
          let output = QueryOutput(-1, request)
          if (slot.hops != nil) {
            let result = queryRecords(slot, memory.engine, output)
            #expect(result.error != 0 || result.bytes <= 4160)
          }
          let result = queryContext(slot, output)
          #expect(result.error != 0 || result.bytes <= 4160)
        }
      }
    }
  }
}
