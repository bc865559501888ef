import CEngine
import Glibc
package import Policy
import RedirectCore

extension FilterEngine {
  /// The policy in force, as it is compiled; `nil` when none was ever loaded.
  package func policyImage() throws(EngineError) -> ContiguousArray<UInt8>? {
    try locked(exclusively: false) { () throws(EngineError) in try readImage() }
  }

  /// The sets in force, by name.
  package func sets() throws(EngineError) -> [LoadedSet] {
    try locked(exclusively: false) { () throws(EngineError) in try readSets() }
  }

  /// Loads a policy file as a set, in place of the set of that name, and leaves the other sets alone (SPEC S11.7).
  package func loadSet(name: String, text: String, file: String) throws(EngineError) {
    guard isName(name) else {
      throw EngineError(
        .refused, path, "'\(name)' cannot name a set", expected: "letters, digits, '.', '_', '-'")
    }
    let set: PolicySet
    do throws(PolicyErrors) {
      set = try PolicySet(text: text, file: file, name: name, userID: userID(named:))
    } catch {
      throw EngineError(.policy(error), path, error.description, expected: "")
    }
    try locked(exclusively: true) { () throws(EngineError) in
      var sets = try readSets()
      let replaced = sets.firstIndex { $0.set.name == name }.map { sets.remove(at: $0) }
      var next = unsafe mapped.header.pointee.next_filter_id
      var first = next
      if let replaced, replaced.set.source == set.source {
        first = replaced.firstFilterID
      } else {
        next += UInt64(set.filters.count)
      }
      sets.append(LoadedSet(set, loaded: wfp_now(CLOCK_REALTIME), firstFilterID: first))
      try publish(sets, nextFilterID: next)
    }
  }

  package func unloadSet(_ name: String) throws(EngineError) {
    try locked(exclusively: true) { () throws(EngineError) in
      var sets = try readSets()
      guard let index = sets.firstIndex(where: { $0.set.name == name }) else {
        let known = sets.map(\.set.name).joined(separator: ", ")
        throw EngineError(
          .unknownSet, path, "no set '\(name)' is loaded", expected: known.isEmpty ? "a loaded set" : known)
      }
      sets.remove(at: index)
      try publish(sets, nextFilterID: unsafe mapped.header.pointee.next_filter_id)
    }
  }

  private func readSets() throws(EngineError) -> [LoadedSet] {
    guard let image = try readImage() else { return [] }
    do throws(ImageDamaged) {
      return try loadedSets(in: image)
    } catch {
      throw EngineError(.damaged, path, error.description, expected: "what wfpctl wrote")
    }
  }

  private func readImage() throws(EngineError) -> ContiguousArray<UInt8>? {
    let generation = generation
    if generation == 0 { return nil }
    let buffer = unsafe generation & 1 == 0 ? mapped.header.pointee.policy.0 : mapped.header.pointee.policy.1
    var image = ContiguousArray<UInt8>(repeating: 0, count: Int(buffer.size))
    let read = unsafe image.withUnsafeMutableBytes {
      unsafe pread(descriptor.number, $0.baseAddress, $0.count, off_t(buffer.offset))
    }
    guard read == image.count else {
      throw EngineError(.damaged, path, "the policy is cut short", expected: "\(buffer.size) bytes")
    }
    return image
  }

  /// Compiles the sets and puts them in force (wfp_layout.h: policy_writing, then the buffer that is not in force,
  /// then policy_generation). A process that is killed in between leaves the old policy in force.
  private func publish(_ sets: [LoadedSet], nextFilterID: UInt64) throws(EngineError) {
    let image: ContiguousArray<UInt8>
    do throws(ImageTooLarge) {
      image = try compilePolicy(sets) { name in mapped.intern(name) }
    } catch {
      throw EngineError(.noSpace, path, error.description, expected: "a smaller policy")
    }
    let next = generation + 1
    var buffer = unsafe next & 1 == 0 ? mapped.header.pointee.policy.0 : mapped.header.pointee.policy.1
    if image.count > Int(buffer.capacity) { buffer = try largerBuffer(for: image.count) }
    buffer.size = UInt32(image.count)
    unsafe wfp_store(&mapped.header.pointee.policy_writing, next)
    // A release store orders what is before it; here it must be seen before what follows.
    wfp_fence()
    killPoint(.writingAnnounced)
    let written = unsafe image.withUnsafeBytes {
      unsafe pwrite(descriptor.number, $0.baseAddress, $0.count, off_t(buffer.offset))
    }
    guard written == image.count else {
      throw .system(errno, path, "cannot write the policy", expected: "\(image.count) bytes written")
    }
    killPoint(.policyWritten)
    if next & 1 == 0 {
      unsafe mapped.header.pointee.policy.0 = buffer
    } else {
      unsafe mapped.header.pointee.policy.1 = buffer
    }
    killPoint(.bufferNoted)
    unsafe mapped.header.pointee.next_filter_id = nextFilterID
    killPoint(.filterNumbersNoted)
    unsafe wfp_store(&mapped.header.pointee.policy_generation, next)
    killPoint(.policyInForce)
  }

  /// Appends a buffer behind the place of all segments and of the buffers in use. Capacities are powers of two, so
  /// that what growing abandons stays within WFP_POLICY_REACH.
  private func largerBuffer(for size: Int) throws(EngineError) -> wfp_policy_buffer {
    var capacity = 2 * WFP_POLICY_BUFFER_SIZE
    while Int(capacity) < size { capacity *= 2 }
    let header = unsafe mapped.header.pointee
    let start = header.flow_region_offset + EngineLayout.reachedBySegments(header)
    let offset = [header.policy.0, header.policy.1].reduce(start) { max($0, $1.offset + UInt64($1.capacity)) }
    guard offset + UInt64(capacity) <= start + UInt64(WFP_POLICY_REACH) else {
      throw EngineError(.noSpace, path, "the engine has no place for \(size) bytes of policy", expected: "a new engine")
    }
    let failure = posix_fallocate(descriptor.number, off_t(offset), off_t(capacity))
    guard failure == 0 else {
      throw .system(failure, path, "cannot enlarge the engine", expected: "\(capacity) bytes of free space")
    }
    killPoint(.bufferAllocated)
    return wfp_policy_buffer(offset: offset, capacity: capacity, size: 0)
  }
}

extension Engine {
  func intern(_ text: String) -> UInt32 {
    unsafe Array(text.utf8).withUnsafeBytes { unsafe intern($0) }
  }
}
