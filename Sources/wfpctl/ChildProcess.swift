import Glibc

/// A program that is waited for. It has the terminal: what the keyboard ends is its business, and what ends this process
/// is passed on to it.
struct ChildProcess: ~Copyable {
  struct End {
    /// As a shell says it: 128 and the number for a signal.
    let exitCode: Int32
  }

  private let pid: pid_t
  private var signals = sigset_t()
  private static let passedOn = [SIGTERM, SIGHUP]

  init(_ program: String, _ words: [String]) throws {
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var mask = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in Self.passedOn + [SIGCHLD] { unsafe sigaddset(&signals, signal) }
    unsafe sigprocmask(SIG_BLOCK, &signals, &mask)
    unsafe posix_spawnattr_setsigmask(&attributes, &mask)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { unsafe arguments.forEach { unsafe free($0) } }
    var child: pid_t = 0
    let error = unsafe posix_spawnp(&child, program, nil, &attributes, &arguments, environ)
    if error != 0 {
      throw Failure("\(program): \(reason(error))", exitCode: error == ENOENT ? 127 : 126)
    }
    pid = child
    // Not before: they would be ignored in the child as well.
    signal(SIGINT, SIG_IGN)
    signal(SIGQUIT, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
  }

  /// - Returns: nil when it has not ended in this time.
  mutating func wait(milliseconds: Int) -> End? {
    var status: Int32 = 0
    var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    let arrived = unsafe sigtimedwait(&signals, nil, &time)
    if Self.passedOn.contains(arrived) { kill(pid, arrived) }
    guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
    let signal = status & 0x7f
    return End(exitCode: signal == 0 ? status >> 8 & 0xff : 128 + signal)
  }
}
