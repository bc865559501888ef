import CEngine

/// Names a process in the engine (wfp_layout.h), also after another one got its number.
struct ProcessMark: Equatable {
  let raw: UInt64

  init(raw: UInt64) { self.raw = raw & 0x3f_ffff_ffff_ffff }

  init(pid: UInt32, start: UInt64, namespace: UInt64) {
    raw = UInt64(pid) & 0x3f_ffff | (start & 0xffff) &<< 22 | (namespace & 0xffff) &<< 38
  }

  init(pid: UInt32, rest: UInt32) { raw = UInt64(pid) & 0x3f_ffff | UInt64(rest) &<< 22 }

  var pid: UInt32 { UInt32(truncatingIfNeeded: raw & 0x3f_ffff) }
  /// Without the pid.
  var rest: UInt32 { UInt32(truncatingIfNeeded: raw &>> 22) }
  private var start: UInt64 { raw &>> 22 & 0xffff }
  private var namespace: UInt64 { raw &>> 38 & 0xffff }

  /// Whether the process is in another pid namespace.
  var isForeign: Bool {
    let own = ownMark()
    return namespace != 0 && own.namespace != 0 && namespace != own.namespace
  }

  /// Whether the process is dead. Of one in another pid namespace nobody here can say: false.
  var isGone: Bool {
    let own = ownMark()
    if isForeign { return false }
    if pid == own.pid { return start != 0 && own.start != 0 && start != own.start }
    if wfp_process_exists(pid) == -ESRCH { return true }
    guard let known = ProcessStatus(pid) else { return false }
    return known.isZombie || start != 0 && start != known.startTicks & 0xffff
  }
}

func ownMark() -> ProcessMark {
  let identity = identity()
  return unsafe ProcessMark(
    pid: identity.pid, start: identity.startTicks, namespace: wfp_load(&wfp_process().pointee.pid_namespace))
}

/// What /proc/PID/stat says.
struct ProcessStatus {
  /// Dead, and nobody has waited for it yet.
  let isZombie: Bool
  /// Field 22, in clock ticks, without the offset with which this process's time namespace sees it.
  let startTicks: UInt64

  init?(_ pid: UInt32) {
    let offset = unsafe wfp_load(&wfp_process().pointee.tick_offset)
    let status = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer -> ProcessStatus? in
      guard let start = buffer.baseAddress else { return nil }
      var path = unsafe TextBuffer(start, capacity: 31)
      path.add("/proc/")
      path.add(UInt64(pid))
      path.add("/stat")
      unsafe start[path.length] = 0
      return unsafe ProcessStatus(path: start, offset: offset)
    }
    guard let status else { return nil }
    self = status
  }

  init?(path: UnsafePointer<CChar>, offset: UInt64 = 0) {
    let file = unsafe wfp_open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0)
    if file < 0 { return nil }
    defer { _ = wfp_close_descriptor(file) }
    let status = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { buffer -> ProcessStatus? in
      guard let text = buffer.baseAddress else { return nil }
      let count = unsafe wfp_read_bytes(file, text, 1024)
      return count <= 0 ? nil : unsafe ProcessStatus(ByteReader(text, count: count), offset)
    }
    guard let status else { return nil }
    self = status
  }

  /// The fields stand behind the command's closing parenthesis, which may itself hold any text.
  private init?(_ text: ByteReader, _ offset: UInt64) {
    var end = text.count &- 1
    while end > 0 && byte(text, end) != 0x29 { end &-= 1 }
    guard let state = field(3, text, behind: end), let threads = field(20, text, behind: end),
      let start = field(22, text, behind: end)
    else { return nil }
    // The first thread of a living process may have ended before the others.
    isZombie = (state.first == 0x5a || state.first == 0x58) && threads.number <= 1
    startTicks = start.number &- offset
  }
}

func byte(_ text: ByteReader, _ at: Int) -> UInt8 { unsafe text.bytes.load(fromByteOffset: at, as: UInt8.self) }

/// Field `number` of a stat file's text, of which field 2 ends at `end`.
private func field(_ number: Int, _ text: ByteReader, behind end: Int) -> (first: UInt8, number: UInt64)? {
  var at = end
  var spaces = 0
  while at < text.count && spaces < number &- 2 {
    if byte(text, at) == 0x20 { spaces &+= 1 }
    at &+= 1
  }
  if spaces < number &- 2 || at >= text.count { return nil }
  let first = byte(text, at)
  var value: UInt64 = 0
  while at < text.count {
    let digit = byte(text, at)
    if digit < 0x30 || digit > 0x39 { break }
    value = value &* 10 &+ UInt64(digit &- 0x30)
    at &+= 1
  }
  return (first, value)
}
