import CEngine
import Policy
import Testing

@testable import RedirectCore

/// An image as a preloaded process walks it.
final class MappedPolicy {
  let memory: UnsafeMutableRawPointer
  let image: RedirectCore.PolicyImage
  private let flows: UnsafeMutableRawPointer
  let engine: Engine

  convenience init(_ text: String) throws {
    try self.init(Image(try read(text), firstFilterID: 0x0102_0304_0506_0708).bytes)
  }

  init(_ bytes: ContiguousArray<UInt8>) throws {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 4096)
    self.memory = memory
    bytes.withUnsafeBytes { memory.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    let known = RedirectCore.PolicyImage(base: memory, capacity: bytes.count, generation: 1)
    image = try #require(known)
    flows = .allocate(byteCount: 1 << 20, alignment: 4096)
    flows.initializeMemory(as: UInt8.self, repeating: 0, count: 1 << 20)
    engine = Engine(
      header: memory.assumingMemoryBound(to: wfp_engine.self), headerLength: bytes.count,
      flowHeader: flows.assumingMemoryBound(to: wfp_flow_header.self), flowLength: 1 << 20)
  }

  deinit {
    memory.deallocate()
    flows.deallocate()
  }
}

/// A destination or local address, as the core has it.
func socketAddress(_ text: String, _ port: UInt16, scope: UInt32 = 0) -> RedirectCore.Address {
  var bytes = [UInt8](repeating: 0, count: 16)
  if inet_pton(AF_INET, text, &bytes) == 1 {
    let host = bytes[..<4].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return RedirectCore.Address(family: 2, port: port.bigEndian, high: host << 32, low: 0)
  }
  _ = inet_pton(AF_INET6, text, &bytes)
  let halves = [bytes[..<8], bytes[8...]].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
  var address = RedirectCore.Address(family: 10, port: port.bigEndian, high: halves[0], low: halves[1])
  address.scope = scope
  return address
}
