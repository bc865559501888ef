import ArgumentParser
import CEngine
import Glibc

/// What `bench` starts of itself: prints a port, or nanoseconds.
struct BenchPeerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-peer", abstract: "A process of the bench.", shouldDisplay: false)

  enum Kind: String, ExpressibleByArgument {
    case accept, connect, start
  }

  @Argument var kind: Kind
  @Argument var words: [String] = []
  @Option var count = 1

  func run() throws {
    try reporting {
      switch kind {
      case .accept: try accept()
      case .connect: print(try median((0..<count).map { _ in try connect(UInt16(words.first ?? "") ?? 0) }))
      case .start: print(try median((0..<count).map { _ in try start() }))
      }
    }
  }

  private func failed(_ what: String) -> Failure { Failure("\(what): \(reason(errno))") }

  private func withAddress<Result>(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, size) }
    }
  }

  /// Until standard input ends.
  private func accept() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = unsafe withAddress(0) { unsafe bind(listener, $0, $1) == 0 && listen(listener, 1024) == 0 }
    let isNamed = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(listener, $0, &size) == 0 }
    }
    guard isBound, isNamed else { throw failed("listen") }
    print(UInt16(bigEndian: address.sin_port))
    fflush(nil)
    var ends = [
      pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
      pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
    ]
    while unsafe poll(&ends, 2, -1) > 0, ends[0].revents == 0 {
      let accepted = Glibc.accept(listener, nil, nil)
      if accepted >= 0 { close(accepted) }
    }
  }

  private func connect(_ port: UInt16) throws -> UInt64 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    // A reset leaves no port in TIME_WAIT.
    var reset = linger(l_onoff: 1, l_linger: 0)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
    let before = wfp_now(CLOCK_MONOTONIC)
    let result = unsafe withAddress(port) { unsafe Glibc.connect(descriptor, $0, $1) }
    let after = wfp_now(CLOCK_MONOTONIC)
    guard result == 0 else { throw failed("connect") }
    return after - before
  }

  private func start() throws -> UInt64 {
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("true"), nil]
    var variables: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { unsafe (arguments + variables).forEach { unsafe free($0) } }
    var child: pid_t = 0
    var status: Int32 = 0
    let before = wfp_now(CLOCK_MONOTONIC)
    guard unsafe posix_spawn(&child, "/bin/true", nil, nil, &arguments, &variables) == 0,
      unsafe waitpid(child, &status, 0) == child
    else { throw failed("/bin/true") }
    return wfp_now(CLOCK_MONOTONIC) - before
  }
}
