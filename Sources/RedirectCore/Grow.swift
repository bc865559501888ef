import CEngine

extension Engine {
  /// Adds a segment, allocated in full before anybody may see it.
  func grow() -> Bool {
    let count = segmentCount
    let limit = unsafe header.pointee.segment_limit
    if count >= UInt32(WFP_SEGMENTS) || UInt64(count) >= limit { return false }
    let end = flowRegionLength(segments: count &+ 1)
    if end > UInt64(truncatingIfNeeded: flowLength) { return false }
    if !growFile(from: flowRegionLength(segments: count), to: end) { return false }
    killPoint(.fileGrown)
    _ = unsafe wfp_swap_if(&flowHeader.pointee.segment_count, UInt64(count), UInt64(count &+ 1))
    killPoint(.segmentCounted)
    return true
  }

  /// Allocates bytes of the flow region in the file. Two processes may do it at once: the same range, zeros.
  private func growFile(from start: UInt64, to end: UInt64) -> Bool {
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
