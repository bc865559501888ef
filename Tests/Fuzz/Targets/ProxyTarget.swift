@testable import RedirectCore

/// S9.1, proxy-protocol.txt 2.2: the header as it comes, and cut at every byte: no prefix is whole, what is foreign stays
/// so, and what is still needed is more than there is.
@Sendable func fuzzProxyHeader(_ input: Input) {
  var input = input
  let bytes = input.all()
  var wasForeign = false
  for count in 0...min(bytes.count, 600) {
    withExactMemory(Array(bytes.prefix(min(count, HeaderProgress.fixedLength)))) { head in
      let progress = HeaderProgress(reader(head), available: count)
      switch progress {
      case .foreign: wasForeign = true
      case .needs(let wanted):
        mustHold(!wasForeign, "foreign at first, and a header with \(count) bytes")
        mustHold(wanted > count && wanted <= HeaderProgress.maximalLength, "\(wanted) needed of \(count)")
      case .complete(let length):
        mustHold(!wasForeign && length >= HeaderProgress.fixedLength && length <= count, "\(length) of \(count)")
      }
    }
  }
  withExactMemory(bytes) { whole in
    guard case .complete(let length) = HeaderProgress(reader(whole), available: whole.count) else { return }
    let taken = Array(bytes.prefix(length))
    withExactMemory(taken) { examine(ProxyHeader(reader($0))) }
    // One byte too few or too many is no header.
    withExactMemory(taken.dropLast()) { mustHold(ProxyHeader(reader($0)) == nil, "a header that was cut") }
    withExactMemory(taken + [0]) { mustHold(ProxyHeader(reader($0)) == nil, "a header and a byte") }
  }
}

private func reader(_ memory: UnsafeMutableRawBufferPointer) -> ByteReader {
  ByteReader(UnsafeRawPointer(memory.baseAddress!), count: memory.count)
}

private func examine(_ header: ProxyHeader?) {
  guard let header, let records = header.records else { return }
  mustHold(records.hopCount <= 64, "\(records.hopCount) hops")
  _ = records.path.bytes.reduce(0) { $0 &+ UInt64($1) }
}
