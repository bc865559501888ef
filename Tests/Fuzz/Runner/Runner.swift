import Glibc

/// What libFuzzer calls. WFPSHIM_FUZZ_TARGET names the target.
private let target: FuzzTarget = {
  let name = getenv("WFPSHIM_FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let found = FuzzTarget.all.first(where: { $0.name == name }) else {
    fatalError("WFPSHIM_FUZZ_TARGET: one of \(FuzzTarget.all.map(\.name).joined(separator: " "))")
  }
  return found
}()

@c(LLVMFuzzerTestOneInput)
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  target.run(Input(Array(UnsafeBufferPointer(start: bytes, count: count))))
  return 0
}
