import CWinsock
import Glibc

extension Socket {
  /// Begins one overlapped call (SPEC S5.2).
  /// - Parameter attempt: Tries the operation without waiting; nil when it cannot be done yet. It is called again when
  ///   the socket is ready, on another thread, and must hold what it needs.
  /// - Returns: How the call ended at once. With an error, nothing was begun and nothing will be indicated.
  /// - Throws: WSA_IO_PENDING; WSA_INVALID_HANDLE; WSAEINVAL for a routine on a socket that a port serves.
  func overlapped(
    _ overlapped: LPWSAOVERLAPPED, _ routine: CompletionRoutine?,
    _ direction: OverlappedOperation.Direction, attempt: @escaping () -> OperationResult?
  ) throws(WSAError) -> OperationResult {
    if Reactor.forcesPending { try requireSocket() }
    let queue = queue
    let indication = try unsafe Indication(overlapped, routine, queue.port)
    let operation = unsafe OverlappedOperation(overlapped, direction, indication, attempt: attempt)
    let result = try self.operation { () throws(WSAError) in try queue.start(operation) }
    guard let result else { throw WSAError(WSA_IO_PENDING) }
    return result
  }
}

extension Socket {
  /// A call that is done at once as a rule: nothing is allocated for it then.
  /// - Parameters:
  ///   - atOnce: Tries without waiting; nil when it cannot be done yet.
  ///   - attempt: What goes on trying then.
  func overlapped(
    _ overlapped: LPWSAOVERLAPPED, _ routine: CompletionRoutine?, _ direction: OverlappedOperation.Direction,
    atOnce: () -> OperationResult?, attempt: () throws(WSAError) -> () -> OperationResult?
  ) throws(WSAError) -> OperationResult {
    let queue = queue
    let indication = try unsafe Indication(overlapped, routine, queue.port)
    let (result, skipsPort) = try operation { () throws(WSAError) in
      try queue.start(direction, atOnce: atOnce) { () throws(WSAError) in
        unsafe OverlappedOperation(overlapped, direction, indication, attempt: try attempt())
      }
    }
    guard let result else { throw WSAError(WSA_IO_PENDING) }
    if result.error == nil {
      unsafe indication.deliver(result, overlapped, to: ThreadRecord.current, skipsPort: skipsPort)
    }
    return result
  }
}

/// What an attempt gives when a system call has failed: nil when it has to wait.
func resultFromErrno() -> OperationResult? {
  let number = ws2_errno()
  return number == EAGAIN || number == EINTR ? nil : OperationResult(error: WSAError(errno: number))
}

/// The pointers that every transfer has: only an overlapped one may leave the count out.
func judge(count: UnsafeMutablePointer<DWORD>?, _ overlapped: LPWSAOVERLAPPED?) throws(WSAError) {
  if let count = unsafe count {
    guard unsafe isWritable(count, MemoryLayout<DWORD>.size) else { throw WSAError(WSAEFAULT) }
  } else {
    guard unsafe overlapped != nil else { throw WSAError(WSAEFAULT) }
  }
  guard let overlapped = unsafe overlapped else { return }
  guard unsafe isWritable(overlapped, MemoryLayout<WSAOVERLAPPED>.size) else { throw WSAError(WSAEFAULT) }
}
