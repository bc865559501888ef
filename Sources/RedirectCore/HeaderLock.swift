import CEngine

/// Who may take the PROXY header of an accepted socket: two that read it at the same time would eat what follows it.
/// A word of the engine, because the two may be processes. Tried, never waited for here; held for a few system calls
/// that do not wait either.
@safe
struct HeaderLock {
  /// Who has had it for so long is stopped, in another pid namespace and dead, or left by siglongjmp (hazard H45).
  private static let patience: UInt64 = 5_000_000_000

  private let word: UnsafeMutablePointer<wfp_header_lock>
  private let own: UInt64

  init(_ engine: Engine, _ cookie: UInt64) {
    let number = Int(truncatingIfNeeded: mix(cookie) & UInt64(WFP_HEADER_LOCKS &- 1))
    unsafe word = wfp_header_locks(engine.flowHeader) + number
    own = HeaderLock.owner()
  }

  /// pid and thread id have 22 bits each; the rest tells a process from a later one of its number, and from one of
  /// another pid namespace.
  private static func owner() -> UInt64 {
    let identity = identity()
    return (UInt64(identity.pid) & 0x3f_ffff) | (UInt64(wfp_thread()) & 0x3f_ffff) &<< 22 | namespaceMark() &<< 44
      | (identity.startTicks & 0x3ff) &<< 54
  }

  private static func namespaceMark() -> UInt64 { unsafe wfp_load(&wfp_process().pointee.pid_namespace) & 0x3ff }

  /// - Returns: false when another one has it.
  func take() -> Bool {
    let seen = unsafe wfp_load(&word.pointee.owner)
    if seen != 0 && !isAbandoned(seen) { return false }
    if unsafe wfp_swap_if(&word.pointee.owner, seen, own) == 0 { return false }
    killPoint(.headerLocked)
    unsafe wfp_store(&word.pointee.since, steadyTime())
    return true
  }

  /// Whether nobody took it away in the belief that its owner was dead.
  var isHeld: Bool { unsafe wfp_load(&word.pointee.owner) == own }

  func release() {
    unsafe wfp_store(&word.pointee.since, 0)
    _ = unsafe wfp_swap_if(&word.pointee.owner, own, 0)
  }

  private func isAbandoned(_ owner: UInt64) -> Bool {
    let since = unsafe wfp_load(&word.pointee.since)
    let now = steadyTime()
    // Its owner was killed before it could write when: from now on, then.
    if since == 0 { _ = unsafe wfp_swap_if(&word.pointee.since, 0, now) }
    if since != 0 && now > since &+ HeaderLock.patience { return true }
    if owner &>> 44 & 0x3ff != HeaderLock.namespaceMark() { return false }
    let pid = UInt32(truncatingIfNeeded: owner & 0x3f_ffff)
    let identity = identity()
    if pid == identity.pid { return owner &>> 54 != identity.startTicks & 0x3ff }
    return wfp_process_exists(pid) == -ESRCH
  }
}
