public import CWinsock

/// Makes a port, or has one hear of a socket's operations, or both. Page: CreateIoCompletionPort.
/// - Parameter threads: How many Windows would let run at once. Here as many run as wait: the scheduler decides.
/// - Returns: The port, or NULL: ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER (served by a port already), WSAENOBUFS
///   (no descriptor is left).
@c @implementation
public func CreateIoCompletionPort(
  _ file: HANDLE?, _ existing: HANDLE?, _ key: ULONG_PTR, _ threads: DWORD
) -> HANDLE? {
  unsafe win32(failing: nil) { () throws(WSAError) in
    if UInt(bitPattern: file) == UInt.max {
      guard unsafe existing == nil else { throw WSAError(ERROR_INVALID_PARAMETER) }
      return unsafe HandleTable.open(try CompletionPort())
    }
    let served = unsafe try socket(unsafe file)
    guard served.isOverlapped else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let known: CompletionPort? = unsafe existing == nil ? nil : try port(unsafe existing)
    let port = if let known { known } else { try CompletionPort() }
    try served.queue.associate(PortAssociation(port: port, key: key))
    return unsafe known == nil ? HandleTable.open(port) : existing
  }
}

/// Says how the end of a socket's operations is told. Page: SetFileCompletionNotificationModes.
/// - Parameter flags: FILE_SKIP_COMPLETION_PORT_ON_SUCCESS: no packet for what succeeds at once.
///   FILE_SKIP_SET_EVENT_ON_HANDLE: taken, as a socket's handle is not signalled here. They stay set.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE (no socket), ERROR_INVALID_PARAMETER (other flags).
@c @implementation
public func SetFileCompletionNotificationModes(_ file: HANDLE?, _ flags: UCHAR) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    let known = UInt8(FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE)
    guard flags & ~known == 0 else { throw WSAError(ERROR_INVALID_PARAMETER) }
    unsafe try socket(unsafe file).queue.add(modes: flags)
    return yes
  }
}

/// Queues a packet of the program's own to a port. The values come out as they went in.
/// Page: PostQueuedCompletionStatus.
/// - Returns: TRUE, or FALSE: ERROR_INVALID_HANDLE.
@c @implementation
public func PostQueuedCompletionStatus(
  _ handle: HANDLE?, _ bytes: DWORD, _ key: ULONG_PTR, _ overlapped: LPOVERLAPPED?
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    unsafe try port(unsafe handle).post(
      unsafe CompletionPort.Packet(key: key, overlapped: overlapped, status: 0, bytes: bytes))
    return yes
  }
}

/// Takes a packet from a port, and waits for it. Page: GetQueuedCompletionStatus.
/// - Parameter milliseconds: INFINITE is for ever. The three places for the packet are all needed.
/// - Returns: TRUE: the packet of an operation that succeeded. FALSE with an OVERLAPPED: of one that failed, the last
///   error says how. FALSE without one: no packet (WAIT_TIMEOUT; ERROR_ABANDONED_WAIT_0: the port was closed;
///   ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER).
@c @implementation
public func GetQueuedCompletionStatus(
  _ handle: HANDLE?, _ bytes: LPDWORD?, _ key: UnsafeMutablePointer<ULONG_PTR>?,
  _ overlapped: UnsafeMutablePointer<LPOVERLAPPED?>?, _ milliseconds: DWORD
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let bytes = unsafe bytes, let key = unsafe key, let overlapped = unsafe overlapped else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    unsafe overlapped.pointee = nil  // also for a handle that is none: programs tell by it whether there is a packet
    let port = unsafe try port(unsafe handle)
    let packet = try unsafe withUnsafeTemporaryAllocation(of: CompletionPort.Packet.self, capacity: 1) {
      buffer throws(WSAError) in
      _ = try unsafe take(from: port, buffer, milliseconds, alertable: false)
      return unsafe buffer[0]
    }
    unsafe (bytes.pointee, key.pointee, overlapped.pointee) = (packet.bytes, packet.key, packet.overlapped)
    let error = unsafe ws2_win32_from_status(packet.status)
    guard error == 0 else { throw WSAError(rawValue: Int32(bitPattern: error)) }
    return yes
  }
}

/// Takes as many packets as there are and fit, and waits for the first. Page: GetQueuedCompletionStatusEx.
/// - Parameters:
///   - count: Of the entries; at most 64 are taken at a time.
///   - removed: Receives how many were taken.
///   - milliseconds: INFINITE is for ever.
///   - alertable: A call that is queued to the thread ends the wait and is run.
/// - Returns: TRUE, or FALSE: WAIT_TIMEOUT, WAIT_IO_COMPLETION, ERROR_ABANDONED_WAIT_0 (the port was closed),
///   ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER.
@c @implementation
public func GetQueuedCompletionStatusEx(
  _ handle: HANDLE?, _ entries: LPOVERLAPPED_ENTRY?, _ count: ULONG, _ removed: PULONG?, _ milliseconds: DWORD,
  _ alertable: WindowsBool
) -> WindowsBool {
  win32(failing: no) { () throws(WSAError) in
    guard let entries = unsafe entries, count > 0, let removed = unsafe removed else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    let port = unsafe try port(unsafe handle)
    unsafe removed.pointee = 0
    let capacity = min(Int(count), 64)
    try unsafe withUnsafeTemporaryAllocation(of: CompletionPort.Packet.self, capacity: capacity) {
      buffer throws(WSAError) in
      let taken = try unsafe take(from: port, buffer, milliseconds, alertable: alertable != 0)
      for index in 0..<taken {
        let packet = unsafe buffer[index]
        unsafe entries[index] = OVERLAPPED_ENTRY(
          lpCompletionKey: packet.key, lpOverlapped: packet.overlapped, Internal: ULONG_PTR(packet.status),
          dwNumberOfBytesTransferred: packet.bytes)
      }
      unsafe removed.pointee = ULONG(taken)
    }
    return yes
  }
}

private func take(
  from port: CompletionPort, _ into: UnsafeMutableBufferPointer<CompletionPort.Packet>, _ milliseconds: DWORD,
  alertable: Bool
) throws(WSAError) -> Int {
  switch unsafe port.take(into, until: Deadline(wait: milliseconds), alertable: alertable) {
  case .packets(let count): return count
  case .timeOut: throw WSAError(Int(WAIT_TIMEOUT))
  case .closed: throw WSAError(ERROR_ABANDONED_WAIT_0)
  case .call:
    ThreadRecord.current.runCalls()
    throw WSAError(Int(WAIT_IO_COMPLETION))
  }
}

private func port(_ handle: HANDLE?) throws(WSAError) -> CompletionPort {
  try HandleTable.object(UInt(bitPattern: handle), as: CompletionPort.self)
}

private func socket(_ handle: HANDLE?) throws(WSAError) -> Socket {
  guard let socket = try? Socket(SOCKET(UInt(bitPattern: handle))), (try? socket.requireKnownSocket()) != nil else {
    throw WSAError(ERROR_INVALID_HANDLE)
  }
  return socket
}
