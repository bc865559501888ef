import CWinsock
import Glibc
import Synchronization

/// A call under way on a socket. closesocket wakes those that wait and frees the number only when all have left:
/// a thread that came out of poll() must not read from whoever got the number next.
///
/// A wait is a poll() on the socket and an eventfd: close() does not wake a blocked accept() or recv() on Linux, and
/// shutdown() would hit every duplicate of the descriptor.

private let closing: UInt32 = 0x8000
private let countMask: UInt32 = 0x7fff

private func forkBits() -> UInt32 { (ws2_fork_count() & 0xffff) << 16 }

extension Socket {
  func operation<Result>(_ body: () throws(WSAError) -> Result) throws(WSAError) -> Result {
    try begin()
    defer { end() }
    return try body()
  }

  private func begin() throws(WSAError) {
    var found = unsafe state.pointee.operations.load(ordering: .acquiring)
    while true {
      let isInherited = found & 0xffff_0000 != forkBits()
      if !isInherited, found & closing != 0 { throw WSAError(WSAENOTSOCK) }
      let desired = isInherited ? forkBits() | 1 : found + 1
      let (done, now) = unsafe state.pointee.operations.compareExchange(
        expected: found, desired: desired, ordering: .sequentiallyConsistent)
      if done {
        if isInherited { closeCancel() }
        return
      }
      found = now
    }
  }

  private func end() {
    let left = unsafe state.pointee.operations.subtract(1, ordering: .sequentiallyConsistent).newValue
    if left & closing != 0, left & countMask == 0 { unsafe ws2_futex_wake(operationsWord) }
  }

  private var operationsWord: UnsafeMutablePointer<UInt32> {
    // The atomic is the first member of the state and has its value's layout.
    unsafe UnsafeMutableRawPointer(state).assumingMemoryBound(to: UInt32.self)
  }

  var isClosing: Bool { unsafe state.pointee.operations.load(ordering: .sequentiallyConsistent) & closing != 0 }

  /// Waits until the socket is ready. False: the time is over. WSAEINTR: closesocket took the socket away, as a
  /// blocked call that is cancelled on Windows says.
  func wait(for events: Int32, until deadline: Deadline) throws(WSAError) -> Bool {
    let cancel = try cancelDescriptor()
    while true {
      guard !isClosing else { throw WSAError(WSAEINTR) }
      var pair = (
        pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0),
        pollfd(fd: cancel, events: Int16(truncatingIfNeeded: POLLIN), revents: 0)
      )
      let ready = unsafe withUnsafeMutableBytes(of: &pair) {
        unsafe poll($0.baseAddress!.assumingMemoryBound(to: pollfd.self), 2, deadline.pollTimeout)
      }
      guard !isClosing else { throw WSAError(WSAEINTR) }
      if ready > 0, pair.0.revents != 0 {
        guard Int32(pair.0.revents) & POLLNVAL == 0 else { throw WSAError(WSAENOTSOCK) }
        return true
      }
      if ready < 0, ws2_errno() != EINTR { throw .fromErrno }
      if deadline.isOver { return false }
    }
  }

  private func cancelDescriptor() throws(WSAError) -> Int32 {
    let known = unsafe state.pointee.cancel.load(ordering: .sequentiallyConsistent)
    if known >= 0 { return known }
    let fresh = try checked(ws2_make_cancel_descriptor())
    let (done, found) = unsafe state.pointee.cancel.compareExchange(
      expected: known, desired: fresh, ordering: .sequentiallyConsistent)
    if done { return fresh }
    close(fresh)
    return found
  }

  private func closeCancel() {
    let cancel = unsafe state.pointee.cancel.exchange(-1, ordering: .sequentiallyConsistent)
    if cancel >= 0 { close(cancel) }
  }

  /// Wakes whoever waits, lets all calls leave and forgets the socket. The caller closes the descriptor.
  func dismantle() throws(WSAError) {
    try begin()
    let before = unsafe state.pointee.operations.bitwiseOr(closing, ordering: .sequentiallyConsistent).oldValue
    guard before & closing == 0 else {
      end()
      throw WSAError(WSAENOTSOCK)
    }
    end()
    drain()
    Self.queue(of: descriptor)?.close()
    closeCancel()
    unsafe state.pointee.attributes.store(0, ordering: .releasing)
    unsafe state.pointee.operations.store(forkBits(), ordering: .sequentiallyConsistent)
  }

  private func drain() {
    // A second at most: another process that shares the listener can leave our accept() blocked (see Accept.swift).
    for _ in 0..<100 {
      let now = unsafe state.pointee.operations.load(ordering: .sequentiallyConsistent)
      guard now & countMask != 0 else { return }
      var one: UInt64 = 1
      let cancel = unsafe state.pointee.cancel.load(ordering: .sequentiallyConsistent)
      if cancel >= 0 { _ = unsafe write(cancel, &one, MemoryLayout<UInt64>.size) }
      unsafe ws2_futex_wait(operationsWord, now, 10)
    }
  }
}

/// When a wait ends; the clock is the monotonic one.
struct Deadline {
  private let end: UInt64?

  static let never = Deadline(end: nil)
  static let now = Deadline(end: 0)
  private init(end: UInt64?) { self.end = end }

  /// Milliseconds from now; 0 is for ever, as SO_RCVTIMEO says it.
  init(timeoutOption milliseconds: UInt32) {
    end = milliseconds == 0 ? nil : monotonicMilliseconds() + UInt64(milliseconds)
  }

  /// Milliseconds from now; INFINITE is for ever.
  init(wait milliseconds: DWORD) {
    end = milliseconds == DWORD.max ? nil : monotonicMilliseconds() + UInt64(milliseconds)
  }

  /// Milliseconds left; negative when there is no end.
  var remaining: Int64 {
    guard let end else { return -1 }
    let now = monotonicMilliseconds()
    return now >= end ? 0 : Int64(end - now)
  }

  var isOver: Bool { remaining == 0 }
  var pollTimeout: Int32 { Int32(clamping: remaining) }
}

/// Whole milliseconds, rounded down: a wait of N ends after N or a little more, never before.
func monotonicMilliseconds() -> UInt64 {
  var now = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return UInt64(now.tv_sec) * 1000 + UInt64(now.tv_nsec) / 1_000_000
}
