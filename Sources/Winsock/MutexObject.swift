import CWinsock

/// Ready for everyone while nobody owns it, and always for its owner, who has to release it as often as it waited.
final class MutexObject: KernelObject {
  private var owner: ThreadRecord?
  private var depth = 0
  private var isAbandoned = false

  init(owner: ThreadRecord?) {
    super.init(isSignalled: false)
    if let owner { locked { _ = consume(for: owner) } }
  }

  override func isReady(for thread: ThreadRecord) -> Bool { owner == nil || owner === thread }

  override func consume(for thread: ThreadRecord) -> Bool {
    if owner == nil {
      owner = thread
      thread.mutexes.append(self)
    }
    depth += 1
    defer { isAbandoned = false }
    return isAbandoned
  }

  override func signalOnce(by thread: ThreadRecord) throws(WSAError) { try releaseLocked(by: thread) }

  /// - Throws: ERROR_NOT_OWNER.
  func releaseLocked(by thread: ThreadRecord) throws(WSAError) {
    guard owner === thread else { throw WSAError(ERROR_NOT_OWNER) }
    depth -= 1
    guard depth == 0 else { return }
    thread.mutexes.removeAll { $0 === self }
    owner = nil
    offer()
  }

  /// Its owner has ended. The next one who gets it is told, as what it guards may be half done.
  func abandonLocked() {
    owner = nil
    depth = 0
    isAbandoned = true
    offer()
  }
}
