import CWinsock
import Glibc

/// An alertable wait for a port: a call that is queued to the thread ends it.
@safe
final class Alert: Sleeper {
  private let thread = ThreadRecord.current
  private let bell = ws2_make_cancel_descriptor()

  deinit { if bell >= 0 { close(bell) } }

  override func wake() { if bell >= 0 { ws2_ring(bell) } }

  /// From here on the next call rings.
  var hasCall: Bool {
    locked {
      thread.wakes(self)
      return thread.hasCalls
    }
  }

  func end() { locked { thread.wakes(nil) } }

  /// Without a descriptor of its own it looks every few milliseconds.
  func wait(_ poll: Int32, _ milliseconds: Int32) {
    var pair = (
      pollfd(fd: poll, events: Int16(POLLIN), revents: 0), pollfd(fd: bell, events: Int16(POLLIN), revents: 0)
    )
    let limit = bell >= 0 ? milliseconds : 5
    _ = unsafe withUnsafeMutableBytes(of: &pair) {
      unsafe Glibc.poll($0.baseAddress!.assumingMemoryBound(to: pollfd.self), 2, limit)
    }
  }
}
