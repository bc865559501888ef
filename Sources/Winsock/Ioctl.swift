public import CWinsock
import Glibc

@c @implementation
public func WSAIoctl(
  _ handle: SOCKET, _ code: DWORD, _ input: LPVOID?, _ inputSize: DWORD, _ output: LPVOID?, _ outputSize: DWORD,
  _ returned: UnsafeMutablePointer<DWORD>?, _ overlapped: LPWSAOVERLAPPED?,
  _ routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    let call = unsafe IoctlCall(
      socket: socket, code: code, input: input, inputSize: inputSize, output: output, outputSize: outputSize,
      returned: returned, overlapped: socket.isOverlapped ? overlapped : nil, routine: routine)
    try call.judge()
    let bytes =
      switch code {
      case SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS, SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT,
        SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS:
        try call.redirect()
      default: try call.other()
      }
    unsafe returned?.pointee = bytes
    try call.complete(bytes)
    return 0
  }
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
  let routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE?

  var isSet: Bool { code == SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS }

  /// SPEC S2.4, for what only Winsock has. S2.3 outranks it, so a bad pointer asks whether there is a socket at all.
  func judge() throws(WSAError) {
    guard pointersAreGood else {
      try socket.requireSocket()
      throw WSAError(WSAEFAULT)
    }
    guard unsafe overlapped == nil || routine == nil else {
      // No APC delivery yet: refuse, rather than forget the routine.
      try socket.requireSocket()
      throw WSAError(WSAEOPNOTSUPP)
    }
  }

  private var pointersAreGood: Bool {
    if unsafe returned == nil {
      guard unsafe overlapped != nil || isSet else { return false }
    } else if !(unsafe isInThisPage(returned)) {
      guard unsafe isWritable(returned, MemoryLayout<DWORD>.size) else { return false }
    }
    guard let overlapped = unsafe overlapped else { return true }
    guard unsafe isWritable(overlapped, MemoryLayout<WSAOVERLAPPED>.size) else { return false }
    guard let routine = unsafe routine else { return true }
    return unsafe isExecutable(routine)
  }

  /// Ends an overlapped call that is done at once: the count before the status, then the event (SPEC S5.2, S5.4).
  func complete(_ bytes: DWORD) throws(WSAError) {
    guard let overlapped = unsafe overlapped else { return }
    unsafe overlapped.pointee.InternalHigh = ULONG_PTR(bytes)
    unsafe overlapped.pointee.Internal = 0
    // The low bit says that no completion port is to hear of it.
    if let event = unsafe overlapped.pointee.hEvent { try KernelObject.event(UInt(bitPattern: event) & ~1).signal() }
  }
}
