import CEngine

/// The PROXY protocol v2 as a producer of records (SPEC S9.1): the header that stands at the beginning of an accepted
/// socket's stream becomes a flow, and goes out of the stream. Nothing is kept between two calls: the header is peeked
/// at until it is whole, and SO_RCVLOWAT makes the socket readable when there is more to see.
enum HeaderResult {
  /// The socket is none that waits for a header.
  case notOurs
  /// The header is gone or never was one, and no flow came of it; `length` bytes of one were looked at.
  case none(length: Int)
  case flow(Slot, Engine, length: Int)
  /// So many bytes in all tell more.
  case pending(Int)
  /// Another thread or process is at it.
  case busy
  case failed(Int32)
}

/// Takes the header of an accepted socket if it is whole. Never waits.
func takeHeader(_ fd: Int32, _ peer: Address?) -> HeaderResult {
  guard case .attached(let engine) = currentEngine(), let policy = engine.policy(),
    policy.head.accepts & UInt32(WFP_ACCEPTS_PROXY_V2) != 0, let local = socketName(fd)?.unmapped,
    let provider = unsafe policy.provider(acceptingHeadersOn: local), let head = HeaderHead(fd)
  else { return .notOurs }
  switch head.progress {
  case .foreign: return .none(length: head.length)
  case .needs(let count): return head.hasEnded ? .none(length: head.length) : .pending(count)
  case .complete(let length):
    guard let cookie = socketCookie(fd) else { return .notOurs }
    let lock = HeaderLock(engine, cookie)
    if !lock.take() { return .busy }
    defer { lock.release() }
    if let slot = engine.slot(accepted: cookie) { return engine.finishHeader(slot, fd, lock) }
    // Somebody may have taken it while the lock was his.
    guard let again = HeaderHead(fd), again.progress == .complete(length) else { return .none(length: length) }
    return withPeeked(fd, length) { bytes in
      guard let header = ProxyHeader(bytes) else {
        logMalformed(fd)
        return .none(length: length)
      }
      guard let (source, destination) = header.addresses else {
        if lock.isHeld { _ = wfp_discard_bytes(fd, length) }
        return .none(length: length)
      }
      let arrival = unsafe Arrival(
        descriptor: fd, cookie: cookie, peer: peer, endpoint: local, policy: policy, provider: provider,
        source: source, destination: destination, isUnread: true, records: header.records, context: header.context)
      let (slot, error) = engine.publish(arrival)
      guard let slot else { return error == policyReplaced ? .busy : .failed(error) }
      return engine.finishHeader(slot, fd, lock)
    }
  }
}

extension Engine {
  /// The flow is published; now its header goes out of the stream. Who is killed in between leaves that to the next one
  /// who asks: the number of bytes that were read says whether it was done.
  fileprivate func finishHeader(_ slot: Slot, _ fd: Int32, _ lock: HeaderLock) -> HeaderResult {
    let flow = unsafe slot.flow
    var length = 0
    if unsafe wfp_load32(&flow.pointee.flags) & UInt32(WFP_FLOW_UNREAD) != 0 {
      if let head = HeaderHead(fd), case .complete(let count) = head.progress {
        length = count
        if !lock.isHeld { return .busy }
        _ = wfp_discard_bytes(fd, count)
        killPoint(.headerTaken)
      }
      unsafe wfp_and32(&flow.pointee.flags, ~UInt32(WFP_FLOW_UNREAD))
      killPoint(.headerNoted)
      unsafe noteListener(Address(&flow.pointee.endpoint), flow.pointee.netns)
      rememberServed(unsafe Address(&flow.pointee.endpoint), cookie: 0)
      rememberHeld(slot)
      watchDescriptor(fd)
    }
    return .flow(slot, self, length: length)
  }
}

/// The first bytes of an accepted socket's stream.
private struct HeaderHead {
  let progress: HeaderProgress
  /// The peer has ended the stream or reset it: no more bytes will come.
  let hasEnded: Bool
  /// Of the header that has begun, as far as it says.
  let length: Int

  /// - Returns: nil when the socket has no stream.
  init?(_ fd: Int32) {
    var stream = wfp_stream()
    if unsafe wfp_stream_of(fd, &stream) != 0 { return nil }
    let state = Int(stream.state)
    let isReset = state == Int(TCP_CLOSE)
    let hasFin =
      state == Int(TCP_CLOSE_WAIT) || state == Int(TCP_LAST_ACK) || state == Int(TCP_CLOSING)
      || state == Int(TCP_TIME_WAIT)
    if state == Int(TCP_SYN_SENT) || isReset && stream.unread == 0 { return nil }
    // What was read already is not there to be a header. A FIN counts among what came, also before a reset.
    let read = Int64(bitPattern: stream.received) &- Int64(stream.unread) &- (hasFin ? 1 : 0)
    hasEnded = hasFin || isReset
    if read > (isReset ? 1 : 0) {
      progress = .foreign
      length = 0
      return
    }
    // Without a byte there is nothing to peek at, and peeking would take the socket's error from its owner.
    if stream.unread == 0 {
      progress = .needs(1)
      length = 0
      return
    }
    (progress, length) = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { buffer in
      guard let start = buffer.baseAddress else { return (.foreign, 0) }
      let count = unsafe wfp_peek_bytes(fd, start, HeaderProgress.fixedLength)
      if count <= 0 { return (.needs(1), 0) }
      let head = unsafe ByteReader(start, count: count)
      // Less than was peeked is not there, whatever the kernel said a moment ago.
      let available = Int(stream.unread) < count ? count : Int(stream.unread)
      let claimed = unsafe count == HeaderProgress.fixedLength ? count &+ (Int(start[14]) &<< 8 | Int(start[15])) : 0
      return (HeaderProgress(head, available: available), claimed)
    }
  }
}

/// Calls `body` with the first `length` bytes of the stream, which are there.
private func withPeeked(_ fd: Int32, _ length: Int, _ body: (ByteReader) -> HeaderResult) -> HeaderResult {
  if length <= 1024 {  // the largest size that stays on the stack for certain
    return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { buffer in
      guard let start = buffer.baseAddress else { return .failed(-ENETDOWN) }
      return unsafe peek(fd, start, length, body)
    }
  }
  guard let memory = unsafe wfp_map_memory(length) else { return .failed(-ENETDOWN) }
  defer { unsafe wfp_unmap(memory, length) }
  return unsafe peek(fd, memory, length, body)
}

private func peek(
  _ fd: Int32, _ memory: UnsafeMutableRawPointer, _ length: Int, _ body: (ByteReader) -> HeaderResult
) -> HeaderResult {
  if unsafe wfp_peek_bytes(fd, memory, length) != length { return .pending(length) }
  return unsafe body(ByteReader(UnsafeRawPointer(memory), count: length))
}

private func logMalformed(_ fd: Int32) {
  log { line in
    line.add("descriptor ")
    line.add(UInt64(truncatingIfNeeded: fd))
    line.add(": the connection begins with a malformed PROXY header; it has no redirect data")
  }
}
