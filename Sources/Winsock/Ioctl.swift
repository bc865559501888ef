public import CWinsock
import Glibc

/// Asks or tells a socket by a control code; the redirect codes are in man 3 WSAIoctl. Page: WSAIoctl.
/// - Parameters:
///   - returned: Receives the size of the answer in bytes, or the size needed with ERROR_INSUFFICIENT_BUFFER; NULL in
///     an overlapped call and with SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS only.
///   - routine: Runs in an alertable wait of this thread; hEvent is then ignored.
/// - Returns: 0, or SOCKET_ERROR: WSA_IO_PENDING (the end is indicated), WSAENOTSOCK, WSAEFAULT, WSAEINVAL,
///   WSAENOTCONN, WSAEOPNOTSUPP (an unknown code), WSAENOPROTOOPT, WSAENETDOWN, and the code's own.
@c @implementation
public func WSAIoctl(
  _ handle: SOCKET, _ code: DWORD, _ input: LPVOID?, _ inputSize: DWORD, _ output: LPVOID?, _ outputSize: DWORD,
  _ returned: UnsafeMutablePointer<DWORD>?, _ overlapped: LPWSAOVERLAPPED?,
  _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  unsafe control(
    handle, code, input, inputSize, output, outputSize, returned, overlapped, CompletionRoutine(routine))
}

/// WSAIoctl, whoever calls it.
func control(
  _ handle: SOCKET, _ code: DWORD, _ input: LPVOID?, _ inputSize: DWORD, _ output: LPVOID?, _ outputSize: DWORD,
  _ returned: UnsafeMutablePointer<DWORD>?, _ overlapped: LPWSAOVERLAPPED?, _ routine: CompletionRoutine?,
  _ convention: CallingConvention = .systemV
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    let call = unsafe IoctlCall(
      socket: socket, code: code, input: input, inputSize: inputSize, output: output, outputSize: outputSize,
      returned: returned, overlapped: socket.isOverlapped ? overlapped : nil, routine: routine,
      convention: convention)
    try call.judge()
    let answer = try call.answer()
    if let bytes = answer.bytes { unsafe returned?.pointee = bytes }
    if let error = answer.error { throw error }
    return 0
  }
}

/// What a control code says. Without a count the caller's stays as it is.
struct IoctlAnswer {
  var error: WSAError?
  var bytes: DWORD?
}

/// The arguments of one WSAIoctl. `overlapped` is nil when it is to be ignored (SPEC S5.1).
@safe
struct IoctlCall {
  let socket: Socket
  let code: DWORD
  let input: LPVOID?
  let inputSize: DWORD
  let output: LPVOID?
  let outputSize: DWORD
  let returned: UnsafeMutablePointer<DWORD>?
  let overlapped: LPWSAOVERLAPPED?
  let routine: CompletionRoutine?
  /// Of the callbacks that the caller will hand to extension functions.
  let convention: CallingConvention

  var isSet: Bool { code == SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS }

  /// SPEC S2.4, for what only Winsock has. S2.3 outranks it, so a bad pointer asks whether there is a socket at all.
  func judge() throws(WSAError) {
    guard pointersAreGood else {
      try socket.requireSocket()
      throw WSAError(WSAEFAULT)
    }
  }

  func answer() throws(WSAError) -> IoctlAnswer {
    // Not in the attempt, which has the lock that cancelling takes.
    if code == ws2_SIO_FLUSH { socket.flush() }
    guard let overlapped = unsafe overlapped else { return perform() }
    if Reactor.forcesPending, let refusal = failsAtOnce() { return refusal }
    // The indication says the rest: an answer that comes later may not touch what the program has on its stack.
    var bytes: DWORD?
    let result = try unsafe socket.overlapped(overlapped, routine, .control) {
      if isPending { return nil }
      let answer = perform()
      if answer.error == WSAError(WSAEWOULDBLOCK) { return nil }
      bytes = answer.bytes
      return OperationResult(error: answer.error, bytes: answer.bytes ?? 0)
    }
    return IoctlAnswer(error: result.error, bytes: bytes)
  }

  private func perform() -> IoctlAnswer {
    switch code {
    case SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT,
      SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS:
      return redirect()
    default: return other()
    }
  }

  /// What S2.1 to S2.8 refuse is refused at once also when all else has to pend (SPEC S5.2).
  private func failsAtOnce() -> IoctlAnswer? {
    guard !isPending else { return nil }
    let answer = perform()
    guard let error = answer.error else { return nil }
    switch Int(error.rawValue) {
    case WSAENOTSOCK, WSAEFAULT, WSAEOPNOTSUPP, WSAENOPROTOOPT, WSAENOTCONN: return answer
    case WSAEINVAL where isSet || (1...3).contains(outputSize) || !socket.isConnectedTransport: return answer
    default: return nil
    }
  }

  private var pointersAreGood: Bool {
    if unsafe returned == nil {
      guard unsafe overlapped != nil || isSet else { return false }
    } else {
      guard unsafe isWritable(returned, MemoryLayout<DWORD>.size) else { return false }
    }
    guard let overlapped = unsafe overlapped else { return true }
    guard unsafe isWritable(overlapped, MemoryLayout<WSAOVERLAPPED>.size) else { return false }
    guard let routine else { return true }
    return unsafe isExecutable(routine.function) && routine.canBeQueued
  }
}
