import CEngine

/// Diagnostics: one line each, only where WFPSHIM_LOG asked for them, never to the host's own output otherwise
/// (SPEC S10.1). A path is opened for each line, so that no descriptor of ours is there to be closed.
let logLineCapacity = 1024
private let logLinesPerSecond: UInt64 = 20

/// Writes one line made by `body`. Async-signal-safe.
func log(_ body: (inout TextBuffer) -> Void) {
  let process = unsafe wfp_process()
  let descriptor = unsafe process.pointee.log_descriptor
  if unsafe descriptor == 0 && process.pointee.log_path == 0 { return }
  if unsafe !withinRate(process) { return }
  unsafe withStackBuffer { buffer in
    var line = unsafe TextBuffer(buffer, capacity: logLineCapacity &- 1)
    line.add("wfpshim[")
    line.add(UInt64(wfp_pid()))
    line.add("]: ")
    body(&line)
    unsafe buffer[line.length] = 0x0a
    unsafe write(buffer, line.length &+ 1, descriptor)
  }
}

private func withStackBuffer(_ body: (UnsafeMutablePointer<CChar>) -> Void) {
  // 1,024 bytes: the largest size that stays on the stack for certain.
  unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: logLineCapacity) { buffer in
    if let start = buffer.baseAddress { unsafe body(start) }
  }
}

private func write(_ bytes: UnsafePointer<CChar>, _ count: Int, _ descriptor: UInt64) {
  if descriptor != 0 {
    _ = unsafe wfp_write_bytes(Int32(truncatingIfNeeded: descriptor &- 1), bytes, count)
    return
  }
  let path = unsafe wfp_text(wfp_process().pointee.log_path)
  let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
  let file = unsafe wfp_open_at(AT_FDCWD, path, flags, 0o600)
  if file < 0 { return }
  _ = unsafe wfp_write_bytes(file, bytes, count)
  _ = wfp_close_descriptor(file)
}

/// At most 20 lines in a second of a process.
private func withinRate(_ process: UnsafeMutablePointer<wfp_process>) -> Bool {
  let second = wfp_now(CLOCK_MONOTONIC) / 1_000_000_000
  if unsafe wfp_load(&process.pointee.log_window) != second {
    unsafe wfp_store(&process.pointee.log_window, second)
    unsafe wfp_store(&process.pointee.log_count, 0)
  }
  return unsafe wfp_add(&process.pointee.log_count, 1) < logLinesPerSecond
}

func logEngineRefused(_ error: Int32) {
  log { line in
    line.add("engine ")
    if unsafe wfp_process().pointee.required != 0 { line.add("(required) ") }
    unsafe line.add(path: enginePath())
    line.add(" refused: ")
    switch error {
    case EPERM: line.add("expected a directory 0700 and a file 0600 of the effective user")
    case ELOOP, ENOTDIR: line.add("expected a directory and a file, not a symbolic link")
    case EPROTO: line.add("expected an engine file of this version")
    default:
      line.add("errno ")
      line.add(UInt64(truncatingIfNeeded: error))
    }
    line.add("; no filters are in force")
  }
}

extension TextBuffer {
  mutating func add(path text: UnsafePointer<CChar>) {
    var length = 0
    while unsafe text[length] != 0 { length &+= 1 }
    unsafe add(UnsafeRawBufferPointer(start: text, count: length))
  }
}
