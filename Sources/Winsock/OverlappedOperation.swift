import CWinsock
import Synchronization

/// One overlapped call that could not end at once. Whoever takes it out of its socket's queue ends it; that happens
/// under the queue's lock, so exactly once.
@safe
final class OverlappedOperation: @unchecked Sendable {  // immutable, or under the queue's lock
  enum Direction {
    /// A control code: tried first whenever the socket becomes readable. What it waits for comes before all data.
    case control
    case receive
    /// AcceptEx, on the listener.
    case accept(Acceptance)
    case send
  }

  let overlapped: LPWSAOVERLAPPED
  let direction: Direction
  let issuer = ThreadRecord.current
  /// The provider that was asked for it, whose last WSPCleanup ends it; nil: ws2_32 itself.
  let provider = unsafe ws2_provider()
  /// Never waits. Nil: not yet. Runs under the queue's lock.
  let attempt: () -> OperationResult?
  private let indication: Indication

  init(
    _ overlapped: LPWSAOVERLAPPED, _ direction: Direction, _ indication: Indication,
    attempt: @escaping () -> OperationResult?
  ) {
    unsafe self.overlapped = unsafe overlapped
    self.direction = direction
    self.indication = indication
    self.attempt = attempt
  }

  func begin() {
    unsafe ws2_mark_pending(overlapped)
    indication.begin()
    issuer.operations.add(1, ordering: .acquiringAndReleasing)
  }

  var acceptance: Acceptance? {
    if case .accept(let acceptance) = direction { return acceptance }
    return nil
  }

  /// An AcceptEx that waits only for data.
  var hasConnection: Bool { acceptance?.hasConnection ?? false }

  /// Ends an operation that `begin` saw.
  func end(_ result: OperationResult) {
    acceptance?.leave()
    issuer.operations.subtract(1, ordering: .acquiringAndReleasing)
    unsafe indication.deliver(result, unsafe overlapped, to: issuer, skipsPort: false)
  }

  /// Ends an operation that `begin` saw, without an indication.
  func abandon() {
    acceptance?.leave()
    issuer.operations.subtract(1, ordering: .acquiringAndReleasing)
    unsafe ws2_publish_status(overlapped, OperationResult.aborted.status, 0, 0)
    // Who waits for the operation itself would wait for ever.
    unsafe OverlappedWaiters.completed(unsafe overlapped)
  }

  /// Ends an operation that was done at once: the call says so, and the indication comes too (SPEC S5.2).
  func endAtOnce(_ result: OperationResult, skipsPort: Bool) {
    acceptance?.leave()
    unsafe indication.deliver(result, unsafe overlapped, to: issuer, skipsPort: skipsPort)
  }
}
