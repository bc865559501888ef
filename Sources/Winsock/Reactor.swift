import CWinsock
import Dispatch
import Glibc

/// Where pending operations wait: one epoll descriptor for all sockets, and one Dispatch source that reads it. A
/// source for each socket would have to be cancelled, asynchronously, before its number may be closed.
enum Reactor {
  /// WFPSHIM_FORCE_PENDING=1 (SPEC S5.2).
  static let forcesPending = unsafe getenv("WFPSHIM_FORCE_PENDING").map { unsafe strcmp($0, "1") == 0 } ?? false

  private struct Running: @unchecked Sendable {  // its parts are
    let poll: Int32
    let queue: DispatchQueue
    let source: any DispatchSourceRead
  }

  private static let running: Running? = {
    guard DispatchLife.isHere else { return nil }
    let poll = ws2_poll_make()
    guard poll >= 0 else { return nil }
    let queue = DispatchQueue(label: "wfpshim.completion")
    let source = DispatchSource.makeReadSource(fileDescriptor: poll, queue: queue)
    source.setEventHandler { drain(poll) }
    source.activate()
    return Running(poll: poll, queue: queue, source: source)
  }()

  /// - Throws: WSAENOBUFS: no descriptor is left. WSAENETDOWN: in the child of a fork whose parent had operations
  ///   under way, where Dispatch does not live.
  static func require() throws(WSAError) {
    guard DispatchLife.isHere else { throw WSAError(WSAENETDOWN) }
    guard running != nil else { throw WSAError(WSAENOBUFS) }
  }

  /// Reports the socket once, by a call of its queue's `advance`.
  static func watch(_ descriptor: Int32, _ events: UInt32, token: UInt64) {
    guard let running, DispatchLife.isHere else { return }
    if ws2_poll_watch(running.poll, descriptor, events, token) != 0 {
      // What epoll does not take (EPERM, EBADF) fails when it is tried again. While the kernel is short of memory or of
      // the user's watches (ENOMEM, ENOSPC) that takes several tries, and not all the processor's time.
      running.queue.asyncAfter(deadline: .now() + .milliseconds(10)) { Socket.queue(of: descriptor)?.advance() }
    }
  }

  static func forget(_ descriptor: Int32) {
    guard let running, DispatchLife.isHere else { return }
    ws2_poll_forget(running.poll, descriptor)
  }

  static func visit(_ queue: SocketQueue) { running?.queue.async { queue.advance() } }

  private static func drain(_ poll: Int32) {
    unsafe withUnsafeTemporaryAllocation(of: ws2_ready.self, capacity: 64) { ready in
      while true {
        let count = unsafe ws2_poll_take(poll, ready.baseAddress!, 64)
        for index in 0..<Int(max(count, 0)) {
          let token = unsafe ready[index].token
          let descriptor = Int32(truncatingIfNeeded: token)
          Socket.queue(of: descriptor)?.advance(generation: UInt32(token >> 32))
        }
        if count < 64 { return }
      }
    }
  }
}
