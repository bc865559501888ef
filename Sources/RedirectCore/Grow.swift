import CEngine

extension Engine {
  /// Allocates bytes of the flow region in the file. Two processes may do it at once: the same range, zeros.
  func growFile(from start: UInt64, to end: UInt64) -> Bool {
    let file = unsafe wfp_open_at(AT_FDCWD, enginePath(), O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0)
    if file < 0 { return false }
    defer { _ = wfp_close_descriptor(file) }
    var status = wfp_status()
    if unsafe wfp_status_of(file, &status) < 0 { return false }
    let process = unsafe wfp_process()
    let current = unsafe wfp_load(&process.pointee.current)
    if current == 0 { return false }
    let mapping = unsafe wfp_mappings() + Int(truncatingIfNeeded: current &- 1)
    if unsafe mapping.pointee.device != status.device || mapping.pointee.inode != status.inode { return false }
    let offset = unsafe header.pointee.flow_region_offset &+ start
    return wfp_allocate(file, Int64(truncatingIfNeeded: offset), Int64(truncatingIfNeeded: end &- start)) == 0
  }
}
