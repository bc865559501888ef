import CEngine
import Glibc
import Policy
import RedirectCore

/// A handle on an engine, for those who manage it (what FwpmEngineOpen gives on Windows). Changes are serialised
/// between processes by a lock on the file; readers in preloaded processes take none.
package struct FilterEngine: ~Copyable {
  package let path: String
  let descriptor: Descriptor
  let mapped: Engine

  /// Opens the engine, and makes it when there is none.
  /// - Parameters:
  ///   - path: `nil`: the one in force.
  ///   - segmentLimit: Of an engine that is made: to how many segments its flow table may grow. Every process that takes
  ///     part keeps address space for so many.
  package init(path: String? = nil, segmentLimit: UInt32 = WFP_DEFAULT_SEGMENT_LIMIT) throws(EngineError) {
    let path = path ?? FilterEngine.pathInForce()
    let directory = try EngineDirectory(of: path)
    // A file that was replaced between open and the check is found under its name at the next attempt.
    for _ in 0..<3 {
      let descriptor = try directory.openOrCreate(segmentLimit: segmentLimit)
      let mapped = try EngineMapping.map(descriptor, path)
      if unsafe wfp_load32(&mapped.header.pointee.superseded) == 0 {
        self.path = path
        self.descriptor = descriptor
        self.mapped = mapped
        return
      }
      EngineMapping.unmap(mapped)
    }
    throw EngineError(.damaged, path, "the engine says that another replaced it", expected: "that other one")
  }

  deinit { EngineMapping.unmap(mapped) }

  /// WFPSHIM_ENGINE, else a path made of the effective user id alone, so that a shell and a service of one user meet
  /// (DESIGN D3).
  package static func pathInForce() -> String {
    if let given = unsafe getenv("WFPSHIM_ENGINE"), unsafe given.pointee != 0 { return unsafe String(cString: given) }
    return "/dev/shm/wfpshim-\(geteuid())/engine"
  }

  /// Counts the changes of the policy; 0: never loaded.
  package var generation: UInt64 { unsafe wfp_load(&mapped.header.pointee.policy_generation) }

  /// Runs `body` while no other manager changes the engine.
  func locked<Result>(
    exclusively: Bool, _ body: () throws(EngineError) -> Result
  ) throws(EngineError) -> Result {
    let locked = retrying { flock(descriptor.number, exclusively ? LOCK_EX : LOCK_SH) }
    guard locked.result == 0 else {
      throw .system(locked.errno, path, "cannot lock the engine", expected: "a file system with locks")
    }
    defer { flock(descriptor.number, LOCK_UN) }
    killPoint(.engineLocked)
    return try body()
  }
}
