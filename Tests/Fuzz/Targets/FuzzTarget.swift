/// One thing that is fed with bytes which nobody meant: it must not trap, read or write where it may not, or say what
/// cannot be (SPEC S10.1). `make fuzz` gives the bytes from libFuzzer, the tests those of the corpus.
struct FuzzTarget: Sendable {
  let name: String
  let run: @Sendable (Input) -> Void

  static let all = [
    FuzzTarget(name: "proxy", run: fuzzProxyHeader), FuzzTarget(name: "records", run: fuzzRecords),
    FuzzTarget(name: "policy", run: fuzzPolicyText), FuzzTarget(name: "image", run: fuzzPolicyImage),
    FuzzTarget(name: "engine", run: fuzzEngineFile), FuzzTarget(name: "ioctl", run: fuzzIoctl),
    FuzzTarget(name: "sockaddr", run: fuzzSocketAddress), FuzzTarget(name: "control", run: fuzzControlMessages),
  ]
}

/// What a target says cannot be. It ends the process, as libFuzzer wants it.
func mustHold(_ condition: Bool, _ what: @autoclosure () -> String) {
  if !condition { fatalError(what()) }
}

/// The bytes of one run, taken from the front; zeros when there are no more.
struct Input {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  var isEmpty: Bool { rest.isEmpty }
  mutating func u8() -> UInt8 { rest.popFirst() ?? 0 }
  mutating func u16() -> UInt16 { UInt16(u8()) | UInt16(u8()) << 8 }
  mutating func u32() -> UInt32 { UInt32(u16()) | UInt32(u16()) << 16 }
  mutating func u64() -> UInt64 { UInt64(u32()) | UInt64(u32()) << 32 }

  mutating func bytes(_ count: Int) -> [UInt8] {
    let taken = Array(rest.prefix(count))
    rest = rest.dropFirst(count)
    return taken
  }

  mutating func all() -> [UInt8] { bytes(rest.count) }
}

/// Bytes in memory of just their size, so that the address sanitizer sees a read behind them.
func withExactMemory<Result>(_ bytes: [UInt8], _ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
  defer { memory.deallocate() }
  memory.copyBytes(from: bytes)
  return body(memory)
}
