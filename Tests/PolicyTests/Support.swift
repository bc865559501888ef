import CEngine
import Policy

/// Reads a policy as the set `test` of a machine with one user, `alice` (1000). A good one must be good to the schema.
func read(_ text: String, name: String = "test") throws(PolicyErrors) -> PolicySet {
  let set = try PolicySet(text: text, file: "test.yaml", name: name) { $0 == "alice" ? 1000 : nil }
  Schema.expectGood(text)
  return set
}

/// What is wrong with a policy; empty for a good one.
func problems(_ text: String) -> [Problem] {
  do {
    _ = try read(text)
    return []
  } catch {
    return error.problems
  }
}

/// A policy with one provider that has these context fields.
func policy(context: String) -> String {
  """
  version: 1
  providers:
    - name: p
      endpoints: ["127.0.0.1:1"]
      context: [ \(context) ]
  """
}

/// A policy with one filter that has these conditions.
func policy(conditions: String) -> String {
  """
  version: 1
  filters:
    - name: f
      action: block
      conditions: { \(conditions) }
  """
}

/// An image and the places of its tables.
struct Image {
  let bytes: ContiguousArray<UInt8>

  init(_ sets: PolicySet..., firstFilterID: UInt64 = 1) throws {
    var id = firstFilterID
    var loaded: [LoadedSet] = []
    for set in sets {
      loaded.append(LoadedSet(set, loaded: 5, firstFilterID: id))
      id += UInt64(set.filters.count)
    }
    bytes = try compilePolicy(loaded) { UInt32($0.utf8.count) + 1000 }
  }

  var header: wfp_policy { row(0) }

  func row<Row>(_ offset: Int) -> Row {
    bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Row.self) }
  }

  func rows<Row>(_ table: wfp_table) -> [Row] {
    (0..<Int(table.count)).map { row(Int(table.offset) + $0 * MemoryLayout<Row>.stride) }
  }

  func slice(_ offset: Int, _ length: Int) -> [UInt8] { Array(bytes[offset..<offset + length]) }
  func text(_ range: wfp_range) -> String {
    String(decoding: slice(Int(range.offset), Int(range.length)), as: UTF8.self)
  }

  var sets: [wfp_policy_set] { rows(header.sets) }
  var providers: [wfp_provider] { rows(header.providers) }
  var sublayers: [wfp_sublayer] { rows(header.sublayers) }
  var filters: [wfp_filter] { rows(header.filters) }
}

/// The low bytes of a number as they lie in memory.
func little(_ value: UInt64, _ width: Int) -> [UInt8] {
  (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
}
