import CEngine
import Glibc

@testable import RedirectCore

private let keeper = MemoryEngine(segments: 1)

/// S3.2, S2.16: the blob of SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS. First byte 0: the blob as it is; 1: what follows
/// gets a header and a seal that are right, so that the hops themselves are what nobody wrote.
@Sendable func fuzzRecords(_ input: Input) {
  var input = input
  let engine = keeper.engine
  let isSealed = input.u8() & 1 == 1
  let blob = isSealed ? seal(input.all(), engine) : input.all()
  let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  guard let cookie = socketCookie(descriptor) else { return }
  let error = withExactMemory(blob) {
    engine.setRecords(descriptor, cookie, UnsafeRawPointer($0.baseAddress!), $0.count)
  }
  mustHold(error == 0 || error == -EINVAL, "\(error)")
  mustHold(!isSealed || error == 0, "a sealed blob was refused")
  let slot = engine.slot(client: cookie)
  mustHold((slot != nil) == (error == 0), "a refused blob left a slot")
  guard let slot else { return }
  mustHold(blob.count <= Int(WFP_RECORDS_MAX) && slot.word.state == Int(WFP_CARRYING), "\(slot.word)")
  readBack(slot, engine, blob)
  for hop in 0..<Int(slot.flow.pointee.hop_count) {
    _ = redirectState(slot, provider: UnsafeRawPointer(slot.hops! + hop) + 16)
  }
  mustHold(slot.take(slot.word), "nobody else has it")
  engine.free(slot)
}

/// What a query then says is what was set.
private func readBack(_ slot: Slot, _ engine: Engine, _ blob: [UInt8]) {
  withExactMemory([UInt8](repeating: 0xa5, count: blob.count)) { out in
    let request = wfp_ioctl(
      in: nil, out: out.baseAddress!, in_size: 0, out_size: UInt32(out.count), bytes_returned: 0, reserved: 0)
    let result = queryRecords(slot, engine, QueryOutput(-1, request))
    mustHold(result.error == 0 && Int(result.bytes) == blob.count, "\(result)")
    // `reserved` of the header, bytes 12 to 15, is not kept.
    for at in [0, 1, 2, 3] + Array(64..<blob.count) { mustHold(out[at] == blob[at], "byte \(at)") }
  }
}

private func seal(_ content: [UInt8], _ engine: Engine) -> [UInt8] {
  let count = min(max(content.count / MemoryLayout<wfp_hop>.size, 1), Int(WFP_HOPS_MAX))
  let hops = Array((content + [UInt8](repeating: 0, count: 64)).prefix(count * MemoryLayout<wfp_hop>.size))
  return withExactMemory(hops) { memory in
    let first = memory.baseAddress!.assumingMemoryBound(to: wfp_hop.self)
    let header = engine.recordsHeader(wfp_application(), first, UInt32(count))
    return withUnsafeBytes(of: header) { Array($0) } + hops
  }
}
