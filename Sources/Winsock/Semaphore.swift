import CWinsock

/// Ready while its count is above zero; each wait takes one.
final class Semaphore: KernelObject {
  private var count: LONG
  private let maximum: LONG

  /// - Throws: ERROR_INVALID_PARAMETER: not 0 <= count <= maximum, or a maximum of 0.
  init(count: LONG, maximum: LONG) throws(WSAError) {
    guard maximum > 0, (0...maximum).contains(count) else { throw WSAError(ERROR_INVALID_PARAMETER) }
    self.count = count
    self.maximum = maximum
    super.init(isSignalled: false)
  }

  override func isReady(for thread: ThreadRecord) -> Bool { count > 0 }

  override func consume(for thread: ThreadRecord) -> Bool {
    count -= 1
    return false
  }

  override func signalOnce(by thread: ThreadRecord) throws(WSAError) { _ = try releaseLocked(1) }

  /// - Returns: The count before.
  /// - Throws: ERROR_TOO_MANY_POSTS: it would pass the maximum, and stays as it was.
  func releaseLocked(_ more: LONG) throws(WSAError) -> LONG {
    guard more > 0 else { throw WSAError(ERROR_INVALID_PARAMETER) }
    guard more <= maximum - count else { throw WSAError(ERROR_TOO_MANY_POSTS) }
    defer { offer() }
    defer { count += more }
    return count
  }
}
