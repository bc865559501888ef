// P7 without sockets: a flow table of 1,000,000 flows in this process's own memory. `million FLOWS...` prints for each
// number of flows what publishing one costs, what finding one costs (ns), the memory (bytes a flow), the depth of the
// index, and how many were not found. Built by rows/simulated.py, with the package's testing interfaces.
import CEngine
import Glibc

@testable import RedirectCore

/// As a redirect writes it: one hop and a context of two sockaddr_storage, found by cookie and by source.
func publish(_ engine: Engine, cookie: UInt64) -> Bool {
  guard let slot = engine.allocate(bytes: MemoryLayout<wfp_hop>.size + 256) else { return false }
  slot.flow.pointee.hop_count = 1
  slot.flow.pointee.context_length = 256
  guard let attachment = slot.attachment else { return false }
  memset(attachment.hops, 1, MemoryLayout<wfp_hop>.size + 256)
  slot.flow.pointee.client_cookie = cookie
  slot.flow.pointee.accepted_cookie = cookie | 1 << 62
  var source = Address(family: Address.ipv4, port: UInt16(truncatingIfNeeded: cookie).bigEndian, high: 0, low: 0)
  source.high = (0x7f02_0000 | cookie >> 16) << 32
  source.store(to: &slot.flow.pointee.source)
  let keys: [FlowKey] = [slot.tupleKey, .client(cookie: cookie), .accepted(cookie: cookie | 1 << 62)]
  for key in keys where !slot.segment.insert(key, slot, engine) { return false }
  slot.settle(Int(WFP_CLAIMED))
  return true
}

func residentBytes() -> Int {
  var text = [UInt8](repeating: 0, count: 128)
  let file = open("/proc/self/statm", O_RDONLY)
  let count = read(file, &text, text.count)
  close(file)
  let pages = text.prefix(max(0, count)).split(separator: 32).dropFirst().first.map {
    String(decoding: $0, as: UTF8.self)
  }
  return (pages.flatMap { Int($0) } ?? 0) * 4096
}

let length = Int(flowRegionLength(segments: WFP_SEGMENTS))
let headerLength = Int(WFP_PAGE)
guard
  let memory = mmap(
    nil, headerLength + length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
  memory != MAP_FAILED
else { exit(1) }
let flows = (memory + headerLength).assumingMemoryBound(to: wfp_flow_header.self)
flows.pointee.segment_count = 1
let engine = Engine(
  header: memory.assumingMemoryBound(to: wfp_engine.self), headerLength: headerLength, flowHeader: flows,
  flowLength: length)
let before = residentBytes()
var published: UInt64 = 0
for count in CommandLine.arguments.dropFirst().compactMap({ UInt64($0) }) {
  let (began, first) = (wfp_now(CLOCK_MONOTONIC), published)
  while published < count {
    if publish(engine, cookie: published) {
      published += 1
    } else if flows.pointee.segment_count < UInt64(WFP_SEGMENTS) {
      flows.pointee.segment_count += 1  // as an engine file grows
    } else {
      exit(2)
    }
  }
  let insertion = (wfp_now(CLOCK_MONOTONIC) - began) / max(1, published - first)
  var (missing, number) = (0, UInt64(1))
  let looked = wfp_now(CLOCK_MONOTONIC)
  let lookups: UInt64 = 500_000
  for _ in 0..<lookups {
    number = mix(number)
    let cookie = number % published
    if engine.slot(accepted: cookie | 1 << 62)?.flow.pointee.client_cookie != cookie { missing += 1 }
  }
  let lookup = (wfp_now(CLOCK_MONOTONIC) - looked) / lookups
  let bytes = (residentBytes() - before) / Int(published)
  print(count, insertion, lookup, bytes, flows.pointee.index_depth, missing)
}
