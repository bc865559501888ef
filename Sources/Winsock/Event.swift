import CWinsock

/// Signalled by SetEvent, until ResetEvent or, an automatic one, until a wait has ended.
final class Event: KernelObject {
  private let resetsItself: Bool

  init(isManual: Bool, isSignalled: Bool) {
    resetsItself = !isManual
    super.init(isSignalled: isSignalled)
  }

  override func consume(for thread: ThreadRecord) -> Bool {
    if resetsItself { isSignalled = false }
    return false
  }

  override func signalOnce(by thread: ThreadRecord) { signalLocked() }

  func reset() { locked { isSignalled = false } }
}
