import CWinsock

/// Dispatch does not survive fork(): its threads stay with the parent.
enum DispatchLife {
  /// When Dispatch was first needed.
  private static let forks = ws2_fork_count()

  static var isHere: Bool { forks == ws2_fork_count() }
}
