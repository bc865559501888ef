import CEngine

/// Start of the core: the settings are read once, so that hosts which clear their environment keep them
/// (SPEC S10.1).
@c @implementation
func wfp_core_load(
  _ engine: UnsafePointer<CChar>?, _ log: UnsafePointer<CChar>?, _ required: UnsafePointer<CChar>?,
  _ trace: UnsafePointer<CChar>?
) {
  let process = unsafe wfp_process()
  // 2: another thread is at it, or this one, which a signal has interrupted. Bounded for the latter's sake.
  if unsafe wfp_swap_if(&process.pointee.loaded, 0, 2) == 0 {
    var turns = 0
    while unsafe turns < 2000 && wfp_load(&process.pointee.loaded) == 2 {
      turns &+= 1
      wfp_yield()
    }
    return
  }
  if let engine = unsafe engine { unsafe process.pointee.engine_path = unsafe keepText(engine) }
  if let required = unsafe required {
    unsafe process.pointee.required = required[0] == 0x31 && required[1] == 0 ? 1 : 0
  }
  if let log = unsafe log { unsafe readLogTarget(log, process) }
  if let trace = unsafe trace { unsafe process.pointee.trace_path = unsafe keepText(trace) }
  unsafe wfp_store(&process.pointee.loaded, 1)
  _ = currentEngine()
}

/// WFPSHIM_LOG: `stderr`, `fd:N`, or a path.
private func readLogTarget(_ text: UnsafePointer<CChar>, _ process: UnsafeMutablePointer<wfp_process>) {
  if unsafe text[0] == 0 { return }
  if unsafe equals(text, "stderr") {
    unsafe process.pointee.log_descriptor = 3
  } else if unsafe text[0] == 0x66 && text[1] == 0x64 && text[2] == 0x3a {
    if let number = unsafe decimal(text + 3) { unsafe process.pointee.log_descriptor = number &+ 1 }
  } else {
    unsafe process.pointee.log_path = unsafe keepText(text)
  }
}

/// A number of at most nine digits, and nothing else.
func decimal(_ text: UnsafePointer<CChar>) -> UInt64? {
  var number: UInt64 = 0
  var at = 0
  while unsafe text[at] >= 0x30 && text[at] <= 0x39 && at < 9 {
    number = number &* 10 &+ UInt64(truncatingIfNeeded: unsafe text[at] &- 0x30)
    at &+= 1
  }
  return unsafe at > 0 && text[at] == 0 ? number : nil
}

/// Copies a C string into the process's text. Only at load and under the attach lock.
/// - Returns: Its offset; 0 for an empty string and one of 4,096 bytes or more.
func keepText(_ from: UnsafePointer<CChar>) -> UInt32 {
  var length = 0
  while unsafe from[length] != 0 && length < Int(WFP_PATH_MAX) { length &+= 1 }
  return unsafe keepText(UnsafeRawBufferPointer(start: from, count: length))
}

func keepText(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
  let process = unsafe wfp_process()
  if bytes.count == 0 || bytes.count >= Int(WFP_PATH_MAX) { return 0 }
  let at = unsafe process.pointee.text_used == 0 ? 1 : process.pointee.text_used
  if Int(at) &+ bytes.count &+ 1 > 2 &* Int(WFP_PATH_MAX) { return 0 }
  var i = 0
  while i < bytes.count {
    unsafe wfp_text(at)[i] = CChar(bitPattern: bytes[i])
    i &+= 1
  }
  unsafe wfp_text(at)[bytes.count] = 0
  unsafe process.pointee.text_used = at &+ UInt32(truncatingIfNeeded: bytes.count &+ 1)
  return at
}

/// The engine's path.
func enginePath() -> UnsafeMutablePointer<CChar> { unsafe wfp_text(wfp_process().pointee.engine_path) }

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
