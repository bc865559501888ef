import CEngine
import FilterEngine
import Glibc

@testable import RedirectCore

/// S2.9, S10.1, DESIGN D3: an engine file in which anything was written over: header, policy, flow header, strings, slots,
/// blocks, index. A hooked program attaches to it, connects, accepts and asks; wfpctl reads it.
///
/// The input: changes, each of an area, an offset in it, a length, and the bytes.
@Sendable func fuzzEngineFile(_ input: Input) {
  var input = input
  let engine = AttachedEngine.shared
  engine.forgetProcess()
  if input.u8() & 1 == 1 { _ = currentEngine() }  // else the file is spoilt before anybody attaches to it
  while !input.isEmpty {
    let offset = place(input.u8(), Int(input.u16()), engine)
    let bytes = input.bytes(Int(input.u8()) % 64 + 1)
    if offset + bytes.count <= engine.size { (engine.file + offset).copyMemory(from: bytes, byteCount: bytes.count) }
  }
  program(engine)
  manager(engine)
  engine.restore()
}

/// Where a change goes.
private func place(_ area: UInt8, _ offset: Int, _ engine: AttachedEngine) -> Int {
  let policy = Int(WFP_PAGE)
  let flows = policy + 2 * Int(WFP_POLICY_BUFFER_SIZE)
  let segment = flows + Int(WFP_SEGMENT0_OFFSET)
  let layout = segmentLayout(0, from: UInt64(WFP_SEGMENT0_OFFSET)).segment
  switch area % 8 {
  case 0: return offset % MemoryLayout<wfp_engine>.size
  case 1: return policy + Int(WFP_POLICY_BUFFER_SIZE) + offset % 2048  // generation 1 is in force
  case 2: return flows + offset % MemoryLayout<wfp_flow_header>.size
  case 3: return flows + Int(WFP_STRINGS_OFFSET) + (offset < 0x8000 ? offset % 0x4000 : 0x4000 + offset % 512)
  case 4: return segment + offset % 1024  // the first slots; the flow has one of them
  case 5: return flows + Int(layout.blocks_offset) + offset % 2048
  case 6: return flows + Int(layout.block_owners_offset) + offset % 256
  default: return flows + Int(layout.index_offset) + offset * 4
  }
}

private func program(_ engine: AttachedEngine) {
  var plan = wfp_connect()
  for (type, destination) in [
    (SOCK_STREAM, Address("192.0.2.1", 80)), (SOCK_STREAM, Address("203.0.113.1", 80)),
    (SOCK_DGRAM, Address("192.0.2.2", 53)),
  ] {
    let socket = Glibc.socket(AF_INET, Int32(type.rawValue), 0)
    plan = wfp_connect()
    let what = withSocketAddress(destination) { wfp_core_connect(socket, $0, $1, &plan) }
    if what == redirected { wfp_core_connected(socket, &plan, -ECONNREFUSED) }
    wfp_core_closing(socket)
    close(socket)
  }
  _ = wfp_core_listens()
  wfp_core_accepted(engine.accepted, nil, 0)
  var name = sockaddr_storage()
  withUnsafeMutablePointer(to: &name) { at in
    var length = UInt32(MemoryLayout<sockaddr_storage>.size)
    _ = at.withMemoryRebound(to: sockaddr.self, capacity: 1) { wfp_core_peer_name(engine.client, $0, &length) }
  }
  for code in [0x9800_00dc, 0x9800_00dd] as [UInt32] {
    withExactMemory([UInt8](repeating: 0, count: 4160)) { out in
      var request = wfp_ioctl(
        in: nil, out: out.baseAddress!, in_size: 0, out_size: UInt32(out.count), bytes_returned: 0, reserved: 0)
      let error = wfp_core_ioctl(engine.accepted, code, &request)
      mustHold(error <= 0 && (error != 0 || request.bytes_returned <= 4160), "\(error) \(request)")
    }
  }
}

private func manager(_ engine: AttachedEngine) {
  do throws(EngineError) {
    let opened = try FilterEngine(path: engine.path)
    _ = try? opened.sets()
    _ = opened.flows(liveOnly: false)
  } catch { mustHold(!error.description.isEmpty, "refused without a word") }
}
