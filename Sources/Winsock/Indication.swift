import CWinsock

/// How a program learns that an overlapped operation has ended (SPEC S5.3), taken from the arguments when it begins, so
/// that nothing has to be read from the OVERLAPPED when it ends.
@safe
struct Indication {
  private var event: Event?
  private var routine: CompletionRoutine?
  private var port: PortAssociation?

  /// - Throws: WSA_INVALID_HANDLE for an hEvent that is none; WSAEINVAL for a routine on a socket that a port serves;
  ///   WSAEFAULT for a routine that a provider is to queue to no thread.
  init(
    _ overlapped: LPWSAOVERLAPPED, _ routine: CompletionRoutine?, _ port: PortAssociation?
  ) throws(WSAError) {
    if let routine {
      guard port == nil else { throw WSAError(WSAEINVAL) }
      guard routine.canBeQueued else { throw WSAError(WSAEFAULT) }
      self.routine = routine
      return
    }
    let handle = unsafe UInt(bitPattern: overlapped.pointee.hEvent)
    if handle & ~1 != 0 { event = try HandleTable.event(handle & ~1) }
    // The low bit says that the port is not to hear of it.
    if handle & 1 == 0 { self.port = port }
  }

  /// The operation is under way.
  func begin() { event?.reset() }

  /// The last touch of the OVERLAPPED: the program may free it as soon as the status stands there (SPEC S5.4, S5.6).
  /// - Parameter skipsPort: The call itself says that it is done, and the program does not want to hear it twice.
  func deliver(
    _ result: OperationResult, _ overlapped: LPWSAOVERLAPPED, to thread: ThreadRecord, skipsPort: Bool
  ) {
    let status = result.status
    if let event {
      // In one step: a program that sees the status may begin the next operation with this event, which resets it, and
      // would take the signal of this one for the end of that one.
      locked {
        unsafe ws2_publish_status(overlapped, status, ULONG_PTR(result.bytes), result.flags)
        event.signalLocked()
      }
    } else {
      unsafe ws2_publish_status(overlapped, status, ULONG_PTR(result.bytes), result.flags)
    }
    unsafe OverlappedWaiters.completed(unsafe overlapped)
    if let port, !skipsPort { unsafe port.post(status: status, bytes: result.bytes, unsafe overlapped) }
    guard let routine else { return }
    let error = DWORD(bitPattern: ws2_error_from_status(status))
    unsafe routine.queue(
      CompletionRoutine.Call(
        error: error, bytes: error == 0 ? result.bytes : 0, overlapped: overlapped, flags: result.flags), to: thread)
  }
}

/// How an operation ended.
struct OperationResult {
  var error: WSAError?
  /// Transferred, or with ERROR_INSUFFICIENT_BUFFER what the buffer needs.
  var bytes: DWORD = 0
  var flags: DWORD = 0

  var status: DWORD { ws2_status_from_error(error?.rawValue ?? 0) }
  static let aborted = OperationResult(error: WSAError(WSA_OPERATION_ABORTED))
}
