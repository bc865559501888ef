import CEngine

struct QueryResult {
  /// 0 or -errno.
  var error: Int32
  var bytes: UInt32
}

private let queryRecordsCode = UInt32(0x9800_00dc)
private let queryContextCode = UInt32(0x9800_00dd)
let setRecordsCode = UInt32(0x9800_00de)
let wouldWaitCode = UInt32(0x9800_00df)

/// Stages 5 and 6: the redirect control codes.
@c @implementation
func wfp_core_ioctl(_ fd: Int32, _ code: UInt32, _ request: UnsafeMutablePointer<wfp_ioctl>?) -> Int32 {
  var wait = HeaderWait(fd)
  while true {
    let error = unsafe answer(fd, code, request)
    // Every check is made anew after a wait: memory that was there may be gone.
    if error != -EINPROGRESS || code == wouldWaitCode { return error }
    let ended = wait.forMore()
    if ended != 0 { return ended }
  }
}

/// The checks of SPEC S2 and S3 in their order, and the answer: -EINPROGRESS when that is still on its way.
private func answer(_ fd: Int32, _ code: UInt32, _ request: UnsafeMutablePointer<wfp_ioctl>?) -> Int32 {
  guard let cookie = socketCookie(fd) else { return -ENOTSOCK }  // S2.3
  if code == wouldWaitCode { return headerIsPending(fd, cookie) }
  guard let request = unsafe request, unsafe isWritable(UnsafeRawPointer(request), MemoryLayout<wfp_ioctl>.size) else {
    return -EFAULT
  }
  let arguments = unsafe request.pointee
  let result: QueryResult
  if code == setRecordsCode {
    result = unsafe checkSet(fd, cookie, arguments)
  } else {
    let output = unsafe QueryOutput(fd, arguments)
    if unsafe !output.isJudgedLate && !output.canBeWritten { return -EFAULT }
    let answer = unsafe query(fd, code, cookie, arguments, output)
    // S2.4 comes before what else is wrong.
    if unsafe answer.error != 0 && output.isJudgedLate && !output.canBeWritten { return -EFAULT }
    result = answer
  }
  if result.error != -EFAULT { unsafe request.pointee.bytes_returned = result.bytes }
  return result.error
}

private func query(
  _ fd: Int32, _ code: UInt32, _ cookie: UInt64, _ arguments: wfp_ioctl, _ output: QueryOutput
) -> QueryResult {
  if unsafe arguments.reserved != 0 || arguments.out_size > 0 && arguments.out_size < 4 {  // S2.5
    return QueryResult(error: -EINVAL, bytes: 0)
  }
  let state = currentEngine()
  guard case .attached = state else {
    let error = checkSocket(fd)
    if error != 0 { return QueryResult(error: error, bytes: 0) }
    if case .refused = state { return QueryResult(error: -ENETDOWN, bytes: 0) }  // S2.9
    return QueryResult(error: -EINVAL, bytes: 0)
  }
  var found = find(cookie) ?? claimLate(fd, cookie) ?? takeKernelRedirect(fd, cookie, nil)
  let pending = receiveHeader(fd, cookie, &found)
  if pending != 0 { return QueryResult(error: pending, bytes: 0) }
  guard let (slot, owner) = found else {
    let error = checkSocket(fd)
    return QueryResult(error: error != 0 ? error : -EINVAL, bytes: 0)  // S2.10
  }
  let generation = slot.word.generation
  let result =
    unsafe code == queryRecordsCode
    ? queryRecords(slot, owner, output) : queryContext(slot, output)
  // Somebody closed the socket while it was asked.
  if slot.word.generation != generation { return QueryResult(error: -ENOTCONN, bytes: 0) }
  // The process that claimed it knows already; so does its forked child.
  if unsafe UInt64(slot.flow.pointee.service_pid) != wfp_load(&wfp_process().pointee.identity_pid) {
    rememberHeld(slot)
    rememberService(of: slot)
  } else {
    // It may have another number by now than when it was accepted, as AcceptEx gives it one.
    watchDescriptor(fd)
  }
  return result
}

/// A socket that the accept hook never saw: accepted by a raw call, inherited, handed over (DESIGN D6).
func claimLate(_ fd: Int32, _ cookie: UInt64) -> (Slot, Engine)? {
  guard let peer = socketPeer(fd) else { return nil }
  let isDatagram = socketOption(fd, SOL_SOCKET, SO_PROTOCOL) == udpLevel
  return inEngines { engine in
    engine.claim(fd, source: peer, cookie: cookie, isDatagram: isDatagram).map { ($0, engine) }
  }
}

func find(_ cookie: UInt64) -> (Slot, Engine)? {
  inEngines { engine in engine.slot(accepted: cookie).map { ($0, engine) } }
}

/// S2.6 to S2.8 for a socket that holds no flow: 0 when it is connected and nothing else is wrong.
private func checkSocket(_ fd: Int32) -> Int32 {
  let error = checkKind(fd)
  if error != 0 { return error }
  // A listener and an unconnected socket have no peer; after a reset there is none either.
  return socketPeer(fd) == nil ? -ENOTCONN : 0
}

/// S2.6 and S2.7: whether the codes apply to this kind of socket.
private func checkKind(_ fd: Int32) -> Int32 {
  let family = socketOption(fd, SOL_SOCKET, SO_DOMAIN) ?? -1
  if family != AF_INET && family != AF_INET6 { return -EOPNOTSUPP }
  // A raw socket's protocol may be TCP's or UDP's number.
  if socketOption(fd, SOL_SOCKET, SO_TYPE) == Int32(truncatingIfNeeded: SOCK_RAW.rawValue) { return -EINVAL }
  let number = socketOption(fd, SOL_SOCKET, SO_PROTOCOL) ?? -1
  if number == 262 || number == 132 { return -ENOPROTOOPT }  // IPPROTO_MPTCP, IPPROTO_SCTP
  return number == 6 || number == 17 ? 0 : -EINVAL
}

/// S3.2 and S3.3, then stage 6.
private func checkSet(_ fd: Int32, _ cookie: UInt64, _ arguments: wfp_ioctl) -> QueryResult {
  let size = unsafe arguments.in_size
  if size > 0 {
    guard let input = unsafe arguments.in, unsafe isReadable(input, Int(size)) else {
      return QueryResult(error: -EFAULT, bytes: 0)
    }
  }
  if unsafe arguments.reserved != 0 || arguments.out_size != 0 { return QueryResult(error: -EINVAL, bytes: 0) }
  if socketOption(fd, SOL_SOCKET, SO_PROTOCOL) != tcpLevel || tcpState(fd) == nil {
    let kind = checkKind(fd)
    return QueryResult(error: kind == -EOPNOTSUPP ? kind : -EINVAL, bytes: 0)
  }
  guard let input = unsafe arguments.in, size > 0 else { return QueryResult(error: -EINVAL, bytes: 0) }
  let state = currentEngine()
  guard case .attached(let engine) = state else {
    if case .refused = state { return QueryResult(error: -ENETDOWN, bytes: 0) }
    return QueryResult(error: -EINVAL, bytes: 0)  // no engine made this blob
  }
  return QueryResult(error: unsafe engine.setRecords(fd, cookie, input, Int(size)), bytes: 0)
}
