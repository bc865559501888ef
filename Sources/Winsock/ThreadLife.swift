import CWinsock

/// The library's own threads, Dispatch's as well, do not survive fork(): they stay with the parent.
enum ThreadLife {
  /// When one was first needed.
  private static let forks = ws2_fork_count()

  static var isHere: Bool { forks == ws2_fork_count() }
}
