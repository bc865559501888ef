import CEngine

/// Start of the core: the settings are read once, so that hosts which clear their environment keep them
/// (SPEC S10.1).
@c @implementation
func wfp_core_load(
  _ engine: UnsafePointer<CChar>?, _ log: UnsafePointer<CChar>?, _ required: UnsafePointer<CChar>?
) {
  let process = unsafe wfp_process()
  if unsafe process.pointee.loaded != 0 { return }
  if let engine = unsafe engine { _ = unsafe copyText(engine, to: wfp_engine_path()) }
  if let required = unsafe required {
    unsafe process.pointee.required = required[0] == 0x31 && required[1] == 0 ? 1 : 0
  }
  if let log = unsafe log { unsafe readLogTarget(log, process) }
  unsafe wfp_store(&process.pointee.loaded, 1)
  _ = currentEngine()
}

/// WFPSHIM_LOG: `stderr`, `fd:N`, or a path.
private func readLogTarget(_ text: UnsafePointer<CChar>, _ process: UnsafeMutablePointer<wfp_process>) {
  if unsafe text[0] == 0 { return }
  if unsafe equals(text, "stderr") {
    unsafe process.pointee.log_descriptor = 3
  } else if unsafe text[0] == 0x66 && text[1] == 0x64 && text[2] == 0x3a {
    var number: UInt64 = 0
    var at = 3
    while unsafe text[at] >= 0x30 && text[at] <= 0x39 && at < 12 {
      number = number &* 10 &+ UInt64(truncatingIfNeeded: unsafe text[at] &- 0x30)
      at &+= 1
    }
    if unsafe at > 3 && text[at] == 0 { unsafe process.pointee.log_descriptor = number &+ 1 }
  } else {
    _ = unsafe copyText(text, to: wfp_log_path())
  }
}

/// Copies a C string into a path field; a longer one leaves the field empty.
/// - Returns: Its length.
func copyText(_ from: UnsafePointer<CChar>, to: UnsafeMutablePointer<CChar>) -> Int {
  var i = 0
  while unsafe from[i] != 0 {
    if i >= Int(WFP_PATH_MAX) &- 1 {
      unsafe to[0] = 0
      return 0
    }
    unsafe to[i] = from[i]
    i &+= 1
  }
  unsafe to[i] = 0
  return i
}

/// Inlined for StaticString's sake (TextBuffer).
@inline(__always)
private func equals(_ text: UnsafePointer<CChar>, _ other: StaticString) -> Bool {
  let count = other.utf8CodeUnitCount
  let wanted = unsafe other.utf8Start
  var i = 0
  while i < count {
    if unsafe UInt8(bitPattern: text[i]) != wanted[i] { return false }
    i &+= 1
  }
  return unsafe text[i] == 0
}
