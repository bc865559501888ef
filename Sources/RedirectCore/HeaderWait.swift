import CEngine

/// Stage 5 on a socket whose PROXY header may still be in its stream.
/// - Parameter found: The flow that is known by now; receives the one that the header gives.
/// - Returns: 0 when `found` is the answer, or -errno: EINPROGRESS the header is not whole yet, and the socket will be
///   readable when there is more of it.
func receiveHeader(_ fd: Int32, _ cookie: UInt64, _ found: inout (Slot, Engine)?) -> Int32 {
  var raised = 0
  while true {
    if let (slot, _) = found, unsafe wfp_load32(&slot.flow.pointee.flags) & UInt32(WFP_FLOW_UNREAD) == 0 {
      if raised > 0 { restoreLowWater(fd, raised) }
      return 0
    }
    switch takeHeader(fd, socketPeer(fd)) {
    case .notOurs: return 0
    case .none(let length):
      restoreLowWater(fd, length)
      // Another thread or process may have made a flow of it since the first look.
      if found == nil { found = find(cookie) }
      return 0
    case .flow(let slot, let engine, let length):
      restoreLowWater(fd, length)
      found = (slot, engine)
      return 0
    case .pending(let needed):
      if needed == raised { return -EINPROGRESS }
      killPoint(.headerSeenInPart)
      raiseLowWater(fd, needed)
      raised = needed
      // And once more: another one may have taken the header after this look, and set the mark back before it was raised.
      // What follows the header may be shorter than the mark.
      if found == nil { found = find(cookie) }
    case .busy: return -EINPROGRESS
    case .failed(let error): return error
    }
  }
}

/// The private fourth code (DESIGN D11): -EINPROGRESS when a query would have to wait, else 0.
func headerIsPending(_ fd: Int32, _ cookie: UInt64) -> Int32 {
  var found = find(cookie) ?? claimLate(fd, cookie)
  return receiveHeader(fd, cookie, &found) == -EINPROGRESS ? -EINPROGRESS : 0
}

/// The socket shall be readable when `needed` bytes are there.
private func raiseLowWater(_ fd: Int32, _ needed: Int) {
  if lowWater(fd) == needed { return }
  setOption(fd, SO_RCVLOWAT, needed)
  if needed <= 1024 { return }
  // The kernel makes room for so much, but not when the service has fixed the buffer's size.
  if lowWater(fd) < needed {
    setOption(fd, SO_RCVBUF, needed &* 2)
    setOption(fd, SO_RCVLOWAT, needed)
  }
  // Looking at the stream tells the sender of the room.
  var byte: UInt8 = 0
  _ = unsafe wfp_peek_bytes(fd, &byte, 1)
}

/// Sets SO_RCVLOWAT back to its default if it is one of ours: of the signature, of the fixed part, of a header.
private func restoreLowWater(_ fd: Int32, _ length: Int) {
  let mark = lowWater(fd)
  if mark > 1 && (mark <= HeaderProgress.fixedLength || mark == length) { setOption(fd, SO_RCVLOWAT, 1) }
}

private func lowWater(_ fd: Int32) -> Int { Int(socketOption(fd, SOL_SOCKET, SO_RCVLOWAT) ?? 1) }

private func setOption(_ fd: Int32, _ name: Int32, _ value: Int) {
  var number = Int32(truncatingIfNeeded: value)
  _ = unsafe wfp_set_option(fd, SOL_SOCKET, name, &number, 4)
}

/// The wait of a synchronous query (SPEC S2.15): in the kernel, for as long as SO_RCVTIMEO says.
struct HeaderWait {
  private let descriptor: Int32
  private var deadline: UInt64 = 0
  private var isWaiting = false
  private var lastMark = -1

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Waits until a query is worth another try.
  /// - Returns: 0, or -errno: EINPROGRESS the socket is non-blocking or its time is over, EINTR a signal came.
  mutating func forMore() -> Int32 {
    if wfp_is_nonblocking(descriptor) != 0 { return -EINPROGRESS }
    let now = wfp_now(CLOCK_MONOTONIC)
    if !isWaiting {
      isWaiting = true
      let timeout = wfp_receive_timeout(descriptor)
      deadline = timeout == 0 ? 0 : now &+ timeout
    }
    if deadline != 0 && now >= deadline { return giveUp(-EINPROGRESS) }
    var rest = deadline == 0 ? 0 : deadline &- now
    let mark = lowWater(descriptor)
    // Readable and yet not enough: another one is at it, or memory is short. Look again, but not all the time.
    let isStalled = mark == lastMark
    lastMark = mark
    // Another thread or process may have taken the header meanwhile, and what follows it may never come.
    let longest: UInt64 = isStalled ? 5_000_000 : 100_000_000
    rest = rest == 0 || rest > longest ? longest : rest
    let result = wfp_wait_readable(isStalled ? -1 : descriptor, rest)
    if result == -EINTR { return giveUp(-EINTR) }
    return result < 0 ? giveUp(-EINPROGRESS) : 0
  }

  private func giveUp(_ error: Int32) -> Int32 {
    restoreLowWater(descriptor, lowWater(descriptor))
    return error
  }
}
