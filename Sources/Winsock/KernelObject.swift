import CWinsock

/// What a HANDLE names. All state is under `ws2_lock`. Whoever makes an object ready hands it to those that wait for
/// it, first come, first served: two calls of SetEvent let two threads through, however late these wake.
class KernelObject {
  final var isSignalled: Bool
  /// How many handles name it.
  final var handles = 0
  private final var waits: [Wait] = []

  init(isSignalled: Bool) { self.isSignalled = isSignalled }

  // Under the lock, all of these.

  /// Whether a wait of this thread would end.
  func isReady(for thread: ThreadRecord) -> Bool { isSignalled }

  /// A wait of this thread has been satisfied by this object.
  /// - Returns: Whether it was abandoned by its owner, which only a mutex can be.
  func consume(for thread: ThreadRecord) -> Bool { false }

  /// The last handle is closed.
  func handleClosed() {}

  /// What SignalObjectAndWait does first.
  /// - Throws: ERROR_INVALID_HANDLE: it is of a kind that a program cannot signal.
  func signalOnce(by thread: ThreadRecord) throws(WSAError) { throw WSAError(ERROR_INVALID_HANDLE) }

  final func join(_ wait: Wait) { waits.append(wait) }
  final func leave(_ wait: Wait) { waits.removeAll { $0 === wait } }

  /// It may be ready for those that wait.
  final func offer() {
    for wait in waits { wait.take() }
  }

  final func signalLocked() {
    isSignalled = true
    offer()
  }

  /// After `handleClosed`, and without the lock.
  func lastHandleWasClosed() {}

  final func signal() { locked { signalLocked() } }
}
