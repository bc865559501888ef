public import CWinsock
import DequeModule
import Glibc

/// Sends a head, a file and a tail (Microsoft's page "TransmitFile function").
/// - Parameters:
///   - file: A regular file of CreateFile's, or the number of its descriptor as a HANDLE, or NULL: head and tail only. A
///     duplicate is kept, so that the program may close its own.
///   - count: Bytes of the file, 0 for all. It begins where the OVERLAPPED's Offset says; without one at the
///     descriptor's position, which moves along.
///   - perSend: Ignored: the kernel cuts.
///   - buffers: Head and tail, or NULL; the program's memory until the end.
///   - flags: TF_DISCONNECT: the connection ends afterwards; with TF_REUSE_SOCKET the socket can be used again. The
///     other TF_ flags are hints.
/// - Returns: FALSE with ERROR_IO_PENDING, or with WSAENOTSOCK, WSAENOTCONN, WSAESHUTDOWN, WSAEINVAL, WSAEFAULT,
///   ERROR_INVALID_HANDLE, WSAECONNRESET, WSAECONNABORTED; never SIGPIPE (SPEC S6.2).
@c @implementation
public func TransmitFile(
  _ handle: SOCKET, _ file: HANDLE?, _ count: DWORD, _ perSend: DWORD, _ overlapped: LPOVERLAPPED?,
  _ buffers: LPTRANSMIT_FILE_BUFFERS?, _ flags: DWORD
) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    try Socket.judge(transmitFlags: flags)
    guard count <= Int32.max - 1 else { throw WSAError(WSAEINVAL) }
    guard socket.type == ws2_socket_stream(), !socket.neverConnected else { throw WSAError(WSAENOTCONN) }
    guard !socket.attributes.contains(.sendIsShut) else { throw WSAError(WSAESHUTDOWN) }
    let overlapped = unsafe socket.isOverlapped ? overlapped : nil
    if let overlapped = unsafe overlapped { try unsafe judge(count: nil, overlapped) }
    let (head, tail) = try unsafe ends(of: buffers)
    var elements: Deque<TransmitElement> = unsafe [TransmitElement(head)]
    if unsafe file != nil {
      let position = unsafe overlapped.map { unsafe Int64($0.pointee.Offset) | Int64($0.pointee.OffsetHigh) << 32 }
      elements.append(TransmitElement(try unsafe SourceFile(file), at: position, count: count))
    }
    unsafe elements.append(TransmitElement(tail))
    try unsafe socket.transmit(Transmission(socket, elements), overlapped, flags)
    return yes
  }
}

private func ends(
  of buffers: LPTRANSMIT_FILE_BUFFERS?
) throws(WSAError) -> (head: UnsafeRawBufferPointer, tail: UnsafeRawBufferPointer) {
  let none = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  guard let buffers = unsafe buffers else { return unsafe (none, none) }
  guard unsafe isReadable(buffers, MemoryLayout<TRANSMIT_FILE_BUFFERS>.size) else { throw WSAError(WSAEFAULT) }
  let (head, tail) = unsafe (
    UnsafeRawBufferPointer(start: buffers.pointee.Head, count: Int(buffers.pointee.HeadLength)),
    UnsafeRawBufferPointer(start: buffers.pointee.Tail, count: Int(buffers.pointee.TailLength))
  )
  guard unsafe isReadable(head.baseAddress, head.count), unsafe isReadable(tail.baseAddress, tail.count) else {
    throw WSAError(WSAEFAULT)
  }
  return unsafe (head, tail)
}
