import CEngine

/// What the engine is to this process now.
enum EngineState {
  case absent
  case refused(Int32)
  case attached(Engine)
}

/// The engine in force: attached when it is there, also when it appears after this process started, and
/// attached anew when another file took its place (SPEC S4.1: any start order).
func currentEngine() -> EngineState {
  let process = unsafe wfp_process()
  if unsafe wfp_load(&process.pointee.loaded) != 1 { return .absent }
  if let engine = mappedEngine() {
    if unsafe wfp_load32(&engine.header.pointee.superseded) == 0 && !isReplaced() { return .attached(engine) }
  }
  let attached = attach()
  if let engine = mappedEngine() { return .attached(engine) }
  return attached
}

/// Whether the path names another file now. Who replaces an engine says so in the old one; this finds the engine that
/// was removed and made anew, and looks once a second.
private func isReplaced() -> Bool {
  let process = unsafe wfp_process()
  let second = wfp_now(CLOCK_MONOTONIC_COARSE) / 1_000_000_000
  if unsafe wfp_load(&process.pointee.looked_up) == second { return false }
  unsafe wfp_store(&process.pointee.looked_up, second)
  var status = stat()
  if unsafe wfp_stat_path(enginePath(), &status) != 0 { return false }
  let mapping = unsafe wfp_mappings() + Int(truncatingIfNeeded: wfp_load(&process.pointee.current) &- 1)
  return unsafe mapping.pointee.device != UInt64(status.st_dev) || mapping.pointee.inode != UInt64(status.st_ino)
}

/// The mapping in force, also a superseded one.
func mappedEngine() -> Engine? {
  let current = unsafe wfp_load(&wfp_process().pointee.current)
  return current == 0 || current > UInt64(WFP_MAPPINGS) ? nil : mapping(current)
}

/// - Parameter number: From 1 to what `current` says.
private func mapping(_ number: UInt64) -> Engine? {
  let mapping = unsafe wfp_mappings() + Int(truncatingIfNeeded: number &- 1)
  guard let header = unsafe mapping.pointee.header, let flows = unsafe mapping.pointee.flow_header else { return nil }
  return unsafe Engine(
    header: header.assumingMemoryBound(to: wfp_engine.self), headerLength: Int(mapping.pointee.header_length),
    flowHeader: flows.assumingMemoryBound(to: wfp_flow_header.self), flowLength: Int(mapping.pointee.flow_length))
}

extension Engine {
  /// Whether the file has the first `end` bytes of the flow region. The mapping reaches beyond the file's end, where a
  /// touch is SIGBUS, and what the file says of its own length may be scribbled (S10.1). Asked of the kernel once, when
  /// the file has grown.
  @inline(never)
  func isAllocated(upTo end: UInt64) -> Bool {
    if end > UInt64(truncatingIfNeeded: flowLength) { return false }
    var number = unsafe wfp_load(&wfp_process().pointee.current)
    if number > UInt64(WFP_MAPPINGS) { return false }
    while number > 0 {
      number &-= 1
      let mapping = unsafe wfp_mappings() + Int(truncatingIfNeeded: number)
      if unsafe mapping.pointee.flow_header != UnsafeMutableRawPointer(flowHeader) { continue }
      if unsafe end <= wfp_load(&mapping.pointee.allocated) { return true }
      // A file never shrinks, so its last page speaks for all before it.
      let last = unsafe (UInt(bitPattern: flowHeader) &+ UInt(truncatingIfNeeded: end) &- 1) & ~(UInt(WFP_PAGE) &- 1)
      if wfp_page_readable(last) == -EFAULT { return false }
      unsafe wfp_store(&mapping.pointee.allocated, end)
      return true
    }
    return true  // not mapped by this core: a manager's, which has checked it, or plain memory
  }
}

/// Calls `body` with every engine that this process has mapped, the newest first, until it gives something: the flows
/// of an engine that was replaced live on in the old file.
func inEngines<Found>(_ body: (Engine) -> Found?) -> Found? {
  var number = unsafe wfp_load(&wfp_process().pointee.current)
  if number > UInt64(WFP_MAPPINGS) { return nil }
  while number > 0 {
    if let engine = mapping(number), let found = body(engine) { return found }
    number &-= 1
  }
  return nil
}

func slotOfClient(_ cookie: UInt64) -> Slot? { inEngines { $0.slot(client: cookie) } }

func slotOfAccepted(_ cookie: UInt64) -> Slot? { inEngines { $0.slot(accepted: cookie) } }

/// Whether any flow was ever published.
func anyPublished() -> Bool {
  inEngines { unsafe wfp_load(&$0.flowHeader.pointee.published) > 0 ? true : nil } ?? false
}

private func attach() -> EngineState {
  let process = unsafe wfp_process()
  // Another thread is at it: what it finds counts for this one too. Bounded, because a signal handler may have
  // interrupted that very thread.
  var turns = 0
  let own = UInt64(wfp_pid())
  while unsafe wfp_swap_if(&process.pointee.attach_lock, 0, own) == 0 {
    // Taken by the process that this one was forked from, in the middle: nobody here holds it.
    let holder = unsafe wfp_load(&process.pointee.attach_lock)
    if unsafe holder != 0 && holder != own && wfp_swap_if(&process.pointee.attach_lock, holder, own) != 0 { break }
    if turns == 2000 { return unsafe process.pointee.refusal == 0 ? .absent : .refused(ENETDOWN) }
    turns &+= 1
    wfp_yield()
  }
  defer { unsafe wfp_store(&process.pointee.attach_lock, 0) }
  let result = unsafe openEngine(process)
  if result == -ENOENT {
    unsafe process.pointee.refusal = 0
    return .absent
  }
  if result < 0 {
    let number = UInt64(truncatingIfNeeded: 0 &- result) &+ 1
    if unsafe process.pointee.refusal != number {
      unsafe process.pointee.refusal = number
      logEngineRefused(0 &- result)
    }
    return .refused(0 &- result)
  }
  unsafe process.pointee.refusal = 0
  return .absent  // mappedEngine() has it now
}

/// Opens directory and file without following links, checks both (SPEC S10.4), maps the file.
/// - Returns: 0 or -errno: ENOENT there is none, ELOOP or ENOTDIR a link, EPERM wrong owner or mode, EPROTO not an
///   engine of this version.
private func openEngine(_ process: UnsafeMutablePointer<wfp_process>) -> Int32 {
  if unsafe process.pointee.engine_path == 0 { unsafe process.pointee.engine_path = keepDefaultPath(uid: wfp_uid()) }
  let path = unsafe enginePath()
  var slash = -1
  var end = 0
  while unsafe path[end] != 0 {
    if unsafe path[end] == 0x2f { slash = end }
    end &+= 1
  }
  if slash < 1 { return -EINVAL }
  var status = wfp_status()
  unsafe path[slash] = 0
  let found = unsafe wfp_status_of_link(path, &status)
  unsafe path[slash] = 0x2f
  if found < 0 { return found }
  let uid = wfp_uid()
  // A folder that is the user's alone: nobody else can put another file or a link under the name.
  if status.mode & 0o170000 != 0o040000 { return -ENOTDIR }
  if status.uid != uid || status.mode & 0o77 != 0 { return -EPERM }
  let file = unsafe wfp_open_at(AT_FDCWD, path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0)
  if file < 0 { return file }
  defer { _ = wfp_close_descriptor(file) }
  if unsafe wfp_status_of(file, &status) < 0 { return -EPERM }
  if status.uid != uid || status.mode & 0o7777 != 0o600 { return -EPERM }
  if status.mode & 0o170000 != 0o100000 { return -EPROTO }
  return unsafe mapEngine(file, status, process)
}

/// Two mappings, so that a stray write of the host cannot reach the filters (DESIGN D11). The second reaches
/// beyond the file's end: what grows later is there without another open, which a host that dropped its
/// privileges could not do.
private func mapEngine(
  _ file: Int32, _ status: wfp_status, _ process: UnsafeMutablePointer<wfp_process>
) -> Int32 {
  let size = status.size
  let headerLength = UInt64(WFP_PAGE) &+ 2 &* UInt64(WFP_POLICY_BUFFER_SIZE)
  if size < headerLength &+ flowRegionLength(segments: 1) { return -EPROTO }
  let next = unsafe process.pointee.next_mapping
  if next >= UInt64(WFP_MAPPINGS) { return -ENOSPC }
  if next > 0 {
    let last = unsafe wfp_mappings() + Int(truncatingIfNeeded: next &- 1)
    if unsafe last.pointee.device == status.device && last.pointee.inode == status.inode { return 0 }
  }
  // Read, not looked at through the mapping: the page faults and page tables of a process that never connects would be
  // most of what its start costs (DESIGN P1).
  var header = wfp_engine()
  let headerSize = MemoryLayout<wfp_engine>.size
  if unsafe wfp_read_bytes(file, &header, headerSize) != headerSize { return -EPROTO }
  let flowOffset = header.flow_region_offset
  let acceptable =
    header.magic == WFP_ENGINE_MAGIC && header.version == WFP_ENGINE_VERSION && header.uid == status.uid
    && flowOffset == headerLength && header.segment_limit >= 1 && header.segment_limit <= UInt64(WFP_SEGMENTS)
  if !acceptable { return -EPROTO }
  guard let raw = unsafe wfp_map_file(file, 0, Int(truncatingIfNeeded: headerLength), 0) else { return -ENOMEM }
  var reach = flowRegionLength(segments: UInt32(truncatingIfNeeded: header.segment_limit)) &+ UInt64(WFP_POLICY_REACH)
  var flows = unsafe wfp_map_file(file, Int64(truncatingIfNeeded: flowOffset), Int(truncatingIfNeeded: reach), 1)
  if unsafe flows == nil {  // a limited address space: what is there now has to do
    reach = size &- flowOffset
    unsafe flows = wfp_map_file(file, Int64(truncatingIfNeeded: flowOffset), Int(truncatingIfNeeded: reach), 1)
  }
  guard let flows = unsafe flows else {
    unsafe wfp_unmap(raw, Int(truncatingIfNeeded: headerLength))
    return -ENOMEM
  }
  let mapping = unsafe wfp_mappings() + Int(truncatingIfNeeded: next)
  unsafe mapping.pointee.header = raw
  unsafe mapping.pointee.flow_header = flows
  unsafe mapping.pointee.header_length = Int(truncatingIfNeeded: headerLength)
  unsafe mapping.pointee.flow_length = Int(truncatingIfNeeded: reach)
  unsafe wfp_store(&mapping.pointee.allocated, size &- flowOffset)
  unsafe mapping.pointee.device = status.device
  unsafe mapping.pointee.inode = status.inode
  unsafe process.pointee.next_mapping = next &+ 1
  unsafe wfp_store(&process.pointee.current, next &+ 1)
  unsafe process.pointee.path_number = 0  // interned anew in this engine
  return 0
}

/// /dev/shm/wfpshim-UID/engine, from the effective uid alone (DESIGN D3).
private func keepDefaultPath(uid: UInt32) -> UInt32 {
  unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer -> UInt32 in
    guard let start = buffer.baseAddress else { return 0 }
    var line = unsafe TextBuffer(start, capacity: 63)
    line.add("/dev/shm/wfpshim-")
    line.add(UInt64(uid))
    line.add("/engine")
    return unsafe keepText(UnsafeRawBufferPointer(start: start, count: line.length))
  }
}
