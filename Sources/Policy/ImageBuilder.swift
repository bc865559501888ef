import CEngine

/// A policy image would be larger than its 32-bit offsets or the engine allow.
package struct ImageTooLarge: Error, Equatable, CustomStringConvertible {
  package static let limit = 8 << 20
  package var description: String { "the compiled policy is larger than \(ImageTooLarge.limit) bytes" }
}

/// Grows an image of wfp_policy.h. Every table begins at a multiple of 8 and what lies between is zero, so that the
/// same policy gives the same bytes.
struct ImageBuilder {
  private(set) var bytes: ContiguousArray<UInt8> = []

  mutating func append(_ data: [UInt8]) throws(ImageTooLarge) -> wfp_range {
    let offset = try room(data.count)
    bytes.append(contentsOf: data)
    return wfp_range(offset: offset, length: UInt32(data.count))
  }

  mutating func append(_ text: String) throws(ImageTooLarge) -> wfp_range { try append(Array(text.utf8)) }

  /// - Parameter rows: Structures of wfp_policy.h, which have no implicit padding.
  mutating func table<Row: BitwiseCopyable>(_ rows: [Row]) throws(ImageTooLarge) -> wfp_table {
    if rows.isEmpty { return wfp_table(offset: 0, count: 0) }
    try align()
    let offset = try room(rows.count * MemoryLayout<Row>.stride)
    unsafe rows.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    return wfp_table(offset: offset, count: UInt32(rows.count))
  }

  mutating func align() throws(ImageTooLarge) {
    _ = try room(7)
    while bytes.count % 8 != 0 { bytes.append(0) }
  }

  /// Puts a structure where zeros were appended for it.
  mutating func replace<Row: BitwiseCopyable>(at offset: Int, with row: Row) {
    let end = offset + MemoryLayout<Row>.size
    precondition(end <= bytes.count)
    unsafe withUnsafeBytes(of: row) { unsafe bytes.replaceSubrange(offset..<end, with: $0) }
  }

  private func room(_ count: Int) throws(ImageTooLarge) -> UInt32 {
    guard count <= ImageTooLarge.limit - bytes.count else { throw ImageTooLarge() }
    return UInt32(bytes.count)
  }
}
