import CWinsock
import Glibc

/// Where the pending operations wait of all sockets that no completion port serves: one epoll descriptor, and one thread
/// that waits for it. It also looks after the ports whose own threads stay away (decisions/0015).
enum Reactor {
  /// WFPSHIM_FORCE_PENDING=1 (SPEC S5.2).
  static let forcesPending = unsafe getenv("WFPSHIM_FORCE_PENDING").map { unsafe strcmp($0, "1") == 0 } ?? false

  private struct Running {
    let poll: Int32
    let bell: Int32
  }

  private static let running: Running? = {
    guard ThreadLife.isHere else { return nil }
    let poll = ws2_poll_make()
    guard poll >= 0 else { return nil }
    let bell = ws2_poll_make_bell(poll, Token.bell)
    guard bell >= 0, unsafe ws2_start_helper({ _ in unsafe Reactor.run() }) == 0 else {
      if bell >= 0 { close(bell) }
      close(poll)
      return nil
    }
    return Running(poll: poll, bell: bell)
  }()

  /// Whom the thread is to visit: at once, and when it looks around.
  private struct Errands {
    var visits: [SocketQueue] = []
    var retries: [SocketQueue] = []
    var ports: [CompletionPort] = []

    var needLooks: Bool { !retries.isEmpty || !ports.isEmpty }
  }

  private static let lock = WordLock()
  nonisolated(unsafe) private static var errands = Errands()
  /// Ports whose readiness is reported here, by their descriptors.
  nonisolated(unsafe) private static var adopted: [Int32: WeakPort] = [:]

  /// Milliseconds between two looks at what needs them.
  private static let pause: UInt64 = 10

  /// - Throws: WSAENOBUFS: no descriptor or no thread is left. WSAENETDOWN: in the child of a fork whose parent had
  ///   operations under way, whose threads do not live there.
  static func require() throws(WSAError) {
    guard ThreadLife.isHere else { throw WSAError(WSAENETDOWN) }
    guard running != nil else { throw WSAError(WSAENOBUFS) }
  }

  /// Reports the socket once, by a call of its queue's `advance`.
  static func watch(_ queue: SocketQueue, _ events: UInt32, token: UInt64) {
    guard let running, ThreadLife.isHere else { return }
    if ws2_poll_watch(running.poll, queue.descriptor, events, token) != 0 {
      // What epoll does not take (EPERM, EBADF) fails when it is tried again. While the kernel is short of memory or of
      // the user's watches (ENOMEM, ENOSPC) that takes several tries, and not all the processor's time.
      add { $0.retries.append(queue) }
    }
  }

  static func forget(_ descriptor: Int32) {
    guard let running, ThreadLife.isHere else { return }
    ws2_poll_forget(running.poll, descriptor)
  }

  static func visit(_ queue: SocketQueue) {
    guard let running, ThreadLife.isHere else { return }
    lock.withLock { unsafe errands.visits.append(queue) }
    ws2_ring(running.bell)
  }

  /// Has the port's `look` called until that says that it is enough.
  /// - Returns: False: there is no thread to do so.
  static func lookAfter(_ port: CompletionPort) -> Bool {
    guard ThreadLife.isHere, running != nil else { return false }
    add { $0.ports.append(port) }
    return true
  }

  private static func add(_ errand: (inout Errands) -> Void) {
    let mustWake = lock.withLock {
      let slept = unsafe !errands.needLooks
      unsafe errand(&errands)
      return slept
    }
    if mustWake, let running { ws2_ring(running.bell) }
  }

  /// Calls the port's `reported` once when something is ready there.
  static func adopt(_ port: CompletionPort) {
    guard let running, ThreadLife.isHere else { return }
    lock.withLock { unsafe adopted[port.poll] = WeakPort(port) }
    _ = ws2_poll_watch(running.poll, port.poll, UInt32(WS2_INPUT), Token.port(port.poll))
  }

  /// The port's descriptor is about to be closed.
  static func forget(port poll: Int32) {
    let wasAdopted = lock.withLock { unsafe adopted.removeValue(forKey: poll) != nil }
    if wasAdopted { forget(poll) }
  }

  /// The thread.
  private static func run() -> UnsafeMutableRawPointer? {
    guard let poll = running?.poll else { return nil }
    return unsafe withUnsafeTemporaryAllocation(of: ws2_report.self, capacity: Int(WS2_REPORTS)) { reports in
      var nextLook = monotonicMilliseconds() + pause
      while true {
        let waits = lock.withLock { unsafe errands.needLooks ? Int32(pause) : -1 }
        let count = unsafe ws2_poll_take_as_helper(poll, reports.baseAddress!, WS2_REPORTS, waits)
        for index in 0..<Int(max(count, 0)) { handle(unsafe reports[index]) }
        let visits = lock.withLock {
          defer { unsafe errands.visits.removeAll(keepingCapacity: true) }
          return unsafe errands.visits
        }
        for queue in visits { queue.advance() }
        if waits >= 0, monotonicMilliseconds() >= nextLook {
          lookAround()
          nextLook = monotonicMilliseconds() + pause
        }
      }
    }
  }

  private static func handle(_ report: ws2_report) {
    if let poll = Token.port(of: report.token) {
      lock.withLock { unsafe adopted[poll]?.port }?.reported()
    } else {
      Token.advance(report)
    }
  }

  private static func lookAround() {
    let (retries, ports) = lock.withLock {
      defer { unsafe (errands.retries, errands.ports) = ([], []) }
      return unsafe (errands.retries, errands.ports)
    }
    for queue in retries { queue.advance() }
    let again = ports.filter { $0.look() }
    lock.withLock { unsafe errands.ports += again }
  }
}

private struct WeakPort {
  weak var port: CompletionPort?
  init(_ port: CompletionPort) { self.port = port }
}

/// What epoll gives back: a socket's number and generation, or one of ours, which a descriptor's number never is.
enum Token {
  private static let portBit: UInt64 = 1 << 31
  static let bell = UInt64.max

  static func socket(_ descriptor: Int32, _ generation: UInt32) -> UInt64 {
    UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
  }

  static func port(_ poll: Int32) -> UInt64 { portBit | UInt64(poll) }

  static func port(of token: UInt64) -> Int32? {
    token & portBit != 0 && token != bell ? Int32(token & (portBit - 1)) : nil
  }

  /// Does what has become possible on the socket that is meant, if it is still there.
  static func advance(_ report: ws2_report) {
    guard report.token & portBit == 0 else { return }
    Socket.queue(of: Int32(truncatingIfNeeded: report.token))?.advance(
      report.events, generation: UInt32(report.token >> 32))
  }
}
