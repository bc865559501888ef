import CEngine
import Foundation

@testable import RedirectCore

/// An engine in plain memory, with one segment unless more are asked for. Nothing of it can grow. The memory is never
/// given back: slots and segments point into it.
final class MemoryEngine: @unchecked Sendable {  // immutable; the memory is what the core shares between threads
  static let headerLength = Int(WFP_PAGE) + 2 * Int(WFP_POLICY_BUFFER_SIZE)
  /// For tests that need one to write names into.
  static let shared = MemoryEngine()
  let engine: Engine
  private let memory: UnsafeMutableRawPointer

  init(segments: UInt32 = 1) {
    let flowLength = Int(flowRegionLength(segments: segments))
    let length = MemoryEngine.headerLength + flowLength
    memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    precondition(memory != MAP_FAILED)
    let header = memory.assumingMemoryBound(to: wfp_engine.self)
    header.pointee.magic = UInt64(WFP_ENGINE_MAGIC)
    header.pointee.version = WFP_ENGINE_VERSION
    header.pointee.key = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
    header.pointee.flow_region_offset = UInt64(MemoryEngine.headerLength)
    let size = WFP_POLICY_BUFFER_SIZE
    header.pointee.policy.0 = wfp_policy_buffer(offset: UInt64(WFP_PAGE), capacity: size, size: 0)
    header.pointee.policy.1 = wfp_policy_buffer(offset: UInt64(WFP_PAGE) + UInt64(size), capacity: size, size: 0)
    let flows = (memory + MemoryEngine.headerLength).assumingMemoryBound(to: wfp_flow_header.self)
    flows.pointee.segment_count = UInt64(segments)
    engine = Engine(
      header: header, headerLength: MemoryEngine.headerLength, flowHeader: flows, flowLength: flowLength)
  }

  var segment: Segment { engine.segment(0)! }

  /// Puts a compiled policy in force.
  func load(_ image: [UInt8]) {
    let generation = engine.header.pointee.policy_generation + 1
    let buffer = generation & 1 == 0 ? engine.header.pointee.policy.0 : engine.header.pointee.policy.1
    engine.header.pointee.policy_writing = generation
    (memory + Int(buffer.offset)).copyMemory(from: image, byteCount: image.count)
    engine.header.pointee.policy_generation = generation
  }

  /// A settled slot with these hops as its records.
  func slot(hops: [wfp_hop], set: Int? = nil, state: Int = Int(WFP_CARRYING), context: Int = 0) -> Slot? {
    guard let slot = engine.allocate(bytes: hops.count * MemoryLayout<wfp_hop>.size + context) else { return nil }
    slot.flow.pointee.hop_count = UInt16(hops.count)
    slot.flow.pointee.set_hop_count = UInt16(set ?? hops.count)
    slot.flow.pointee.context_length = UInt32(context)
    slot.flow.pointee.client_pid = wfp_pid()
    for (i, hop) in hops.enumerated() { slot.hops![i] = hop }
    slot.settle(state)
    return slot
  }
}

/// A process id that no process has: of a child that has been waited for.
func deadProcess() -> UInt32 {
  var pid: pid_t = 0
  var argv: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
  defer { free(argv[0]) }
  precondition(posix_spawn(&pid, "/bin/true", nil, nil, &argv, nil) == 0)
  var status: Int32 = 0
  waitpid(pid, &status, 0)
  return UInt32(pid)
}

/// A child that has ended, and that waits for waitpid.
func unwaitedProcess() throws -> pid_t {
  var pid: pid_t = 0
  var argv: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
  defer { free(argv[0]) }
  precondition(posix_spawn(&pid, "/bin/true", nil, nil, &argv, nil) == 0)
  var information = siginfo_t()
  precondition(waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) == 0)
  return pid
}

func buffer<Result>(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
  bytes.withUnsafeBytes { body($0) }
}

func buffer<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
  buffer(Array(text.utf8), body)
}

extension Address {
  /// From a literal: "127.0.0.1", "::1".
  init(_ host: String, _ port: UInt16 = 0) {
    var v4 = in_addr()
    var v6 = in6_addr()
    if inet_pton(AF_INET, host, &v4) == 1 {
      self.init(
        family: Address.ipv4, port: port.bigEndian, high: UInt64(UInt32(bigEndian: v4.s_addr)) << 32, low: 0)
    } else {
      precondition(inet_pton(AF_INET6, host, &v6) == 1, host)
      let halves = withUnsafeBytes(of: v6) {
        ($0.load(as: UInt64.self), $0.load(fromByteOffset: 8, as: UInt64.self))
      }
      self.init(
        family: Address.ipv6, port: port.bigEndian, high: UInt64(bigEndian: halves.0),
        low: UInt64(bigEndian: halves.1))
    }
  }
}
