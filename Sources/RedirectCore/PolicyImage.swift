import CEngine

/// The compiled policy in force, read where it lies. Every table is checked against the image's size before it
/// is followed: a half-written or scribbled image gives wrong filters, never a wild access.
@safe
package struct PolicyImage {
  private let base: UnsafeRawPointer
  private let size: Int
  let generation: UInt64

  package init?(base: UnsafeRawPointer, capacity: Int, generation: UInt64) {
    if capacity < MemoryLayout<wfp_policy>.size { return nil }
    let head = unsafe base.assumingMemoryBound(to: wfp_policy.self)
    let size = unsafe Int(head.pointee.size)
    if unsafe head.pointee.magic != WFP_POLICY_MAGIC || head.pointee.version != WFP_POLICY_VERSION { return nil }
    if size < MemoryLayout<wfp_policy>.size || size > capacity { return nil }
    unsafe self.base = base
    self.size = size
    self.generation = generation
  }

  var head: wfp_policy { unsafe base.assumingMemoryBound(to: wfp_policy.self).pointee }

  /// The rows of a table, if the whole table lies inside the image.
  func rows<Row>(_ table: wfp_table, of row: Row.Type) -> PolicyTable<Row>? {
    let offset = Int(table.offset)
    let length = Int(table.count) &* MemoryLayout<Row>.stride
    if table.count == 0 || offset & (MemoryLayout<Row>.alignment &- 1) != 0 || offset &+ length > size { return nil }
    return unsafe PolicyTable((base + offset).assumingMemoryBound(to: row), count: table.count)
  }

  func row<Row>(_ table: wfp_table, _ at: UInt32, of row: Row.Type) -> UnsafePointer<Row>? {
    guard let rows = rows(table, of: row), at < rows.count else { return nil }
    return unsafe rows[at]
  }

  func offset<Row>(of row: UnsafePointer<Row>) -> Int { unsafe UnsafeRawPointer(row) - base }

  func bytes(_ range: wfp_range) -> UnsafeRawBufferPointer {
    if Int(range.offset) &+ Int(range.length) > size { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
    return unsafe UnsafeRawBufferPointer(start: base + Int(range.offset), count: Int(range.length))
  }
}

/// Rows that lie inside their image, and how many: the count that was checked. It is not to be read again, because a
/// reload overwrites an image under its readers.
@safe
struct PolicyTable<Row> {
  private let first: UnsafePointer<Row>
  let count: UInt32

  fileprivate init(_ first: UnsafePointer<Row>, count: UInt32) {
    unsafe self.first = first
    self.count = count
  }

  /// - Parameter at: Less than `count`.
  @unsafe subscript(at: UInt32) -> UnsafePointer<Row> { unsafe first + Int(at) }
}

extension Engine {
  /// The policy in force; nil when none was ever loaded, or none can be read.
  func policy() -> PolicyImage? {
    let generation = unsafe wfp_load(&header.pointee.policy_generation)
    if generation == 0 { return nil }
    let (offset, capacity) =
      unsafe generation & 1 == 0
      ? (header.pointee.policy.0.offset, header.pointee.policy.0.capacity)
      : (header.pointee.policy.1.offset, header.pointee.policy.1.capacity)
    let flowOffset = unsafe header.pointee.flow_region_offset
    let near = UInt64(truncatingIfNeeded: headerLength)
    if offset <= near && UInt64(capacity) <= near &- offset {
      return unsafe PolicyImage(
        base: UnsafeRawPointer(header) + Int(truncatingIfNeeded: offset), capacity: Int(capacity),
        generation: generation)
    }
    // A larger one lies behind the flow region's segments.
    let far = UInt64(truncatingIfNeeded: flowLength)
    if offset < flowOffset || offset &- flowOffset > far || !isAllocated(upTo: offset &- flowOffset &+ UInt64(capacity))
    {
      return nil
    }
    return unsafe PolicyImage(
      base: UnsafeRawPointer(flowRegion(offset &- flowOffset)), capacity: Int(capacity), generation: generation)
  }

  /// Whether what was read of `policy` until now was whole: no writer has begun to overwrite its buffer.
  func stillWhole(_ policy: PolicyImage) -> Bool {
    wfp_fence()
    return unsafe wfp_load(&header.pointee.policy_writing) < policy.generation &+ 2
  }
}
