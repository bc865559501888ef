import CEngine

/// Judging a pointer without touching what it points to (DESIGN D12): the kernel is asked page by page with futex
/// operations that change nothing. Pages beyond the first 64 KiB of a huge buffer are looked up in
/// /proc/self/maps.
private let pageMask: UInt = 4095
private let judgedByFutex = 17
/// The main thread's stack is told from others by its nearness to the strings of the program's start.
private let mainStackReach: UInt = 1 << 20
/// Where /proc cannot be opened (no descriptor left, a sandbox): so many pages, 256 MiB, are asked for and no more.
private let judgedAtMost = 65536

func isReadable(_ at: UnsafeRawPointer, _ count: Int) -> Bool { unsafe judge(at, count, writable: false) }

func isWritable(_ at: UnsafeRawPointer, _ count: Int) -> Bool { unsafe judge(at, count, writable: true) }

@c @implementation
func wfp_core_readable(_ at: UnsafeRawPointer?, _ n: Int) -> Int32 {
  guard let at = unsafe at else { return 0 }
  return unsafe isReadable(at, n) ? 1 : 0
}

private func judge(_ at: UnsafeRawPointer, _ count: Int, writable: Bool) -> Bool {
  if count <= 0 { return true }
  let first = UInt(bitPattern: at) & ~pageMask
  let (end, overflow) = UInt(bitPattern: at).addingReportingOverflow(UInt(bitPattern: count) &- 1)
  if overflow { return false }
  let last = end & ~pageMask
  let stack = OwnStack()
  var page = first
  var judged = 0
  while true {
    if !stack.holds(page, upTo: end) {
      if judged == judgedByFutex, let covered = mapsCover(page, end, writable: writable) { return covered }
      if judged == judgedAtMost { return true }
      let result = writable ? wfp_page_writable(page) : wfp_page_readable(page)
      if result == -EFAULT { return false }
      // A sandbox refuses the question (seccomp); what the table of mappings says is the next best.
      if result == -EPERM || result == -ENOSYS { return mapsCover(page, end, writable: writable) ?? true }
      judged &+= 1
    }
    if page == last { return true }
    page &+= pageMask &+ 1
  }
}

/// Whether asking the kernel about these bytes takes one question: they lie in one page, and not on this thread's stack.
func isOneUnknownPage(_ at: UnsafeRawPointer, _ count: Int) -> Bool {
  let first = UInt(bitPattern: at)
  let (end, overflow) = first.addingReportingOverflow(UInt(bitPattern: count) &- 1)
  let page = first & ~pageMask
  return !overflow && page == end & ~pageMask && !OwnStack().holds(page, upTo: end)
}

/// The pages that the call itself proves: from this frame up to its end the stack is mapped, readable and writable.
private struct OwnStack {
  private let frame = UInt(wfp_frame_address())
  private let top = UInt(wfp_main_stack_top())

  func holds(_ page: UInt, upTo end: UInt) -> Bool {
    if page == frame & ~pageMask { return true }
    return page > frame && top > frame && top &- frame < mainStackReach && end <= top
  }
}

/// Whether /proc/self/maps has all of `from...to` with the wanted permission.
/// - Returns: nil when it cannot be read.
private func mapsCover(_ from: UInt, _ to: UInt, writable: Bool) -> Bool? {
  let file = unsafe wfp_open_at(AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0)
  if file < 0 { return nil }
  defer { _ = wfp_close_descriptor(file) }
  return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { buffer -> Bool? in
    guard let text = buffer.baseAddress else { return nil }
    var parser = MapsParser(next: from, last: to, writable: writable)
    while true {
      let count = unsafe wfp_read_bytes(file, text, 1024)
      if count <= 0 { return false }
      var i = 0
      while i < count {
        switch parser.take(unsafe text[i]) {
        case .some(let answer): return answer
        case .none: break
        }
        i &+= 1
      }
    }
  }
}

/// Lines `start-end rwxp ...`, sorted by address.
private struct MapsParser {
  var next: UInt
  let last: UInt
  let writable: Bool
  private var field = 0
  private var start: UInt = 0
  private var end: UInt = 0
  private var column = 0
  private var allowed = false

  init(next: UInt, last: UInt, writable: Bool) {
    self.next = next
    self.last = last
    self.writable = writable
  }

  /// - Returns: The answer once it is known.
  mutating func take(_ byte: UInt8) -> Bool? {
    if byte == 0x0a {
      defer { reset() }
      if end <= next { return nil }
      if start > next || !allowed { return false }
      next = end
      return next > last ? true : nil
    }
    switch field {
    case 0: if byte == 0x2d { field = 1 } else { start = start &<< 4 | digit(byte) }
    case 1: if byte == 0x20 { field = 2 } else { end = end &<< 4 | digit(byte) }
    case 2:
      if column == (writable ? 1 : 0) { allowed = byte == (writable ? 0x77 : 0x72) }
      column &+= 1
      if byte == 0x20 { field = 3 }
    default: break
    }
    return nil
  }

  private func digit(_ byte: UInt8) -> UInt { UInt(byte < 0x3a ? byte &- 0x30 : byte &- 0x57) & 15 }

  private mutating func reset() {
    field = 0
    start = 0
    end = 0
    column = 0
    allowed = false
  }
}
