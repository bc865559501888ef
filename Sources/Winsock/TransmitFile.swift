public import CWinsock
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
    let known = DWORD(TF_DISCONNECT | TF_REUSE_SOCKET | TF_WRITE_BEHIND | TF_USE_SYSTEM_THREAD | TF_USE_KERNEL_APC)
    let (disconnects, reuses) = (flags & DWORD(TF_DISCONNECT) != 0, flags & DWORD(TF_REUSE_SOCKET) != 0)
    guard flags & ~known == 0, disconnects || !reuses, count <= Int32.max - 1 else { throw WSAError(WSAEINVAL) }
    guard socket.type == ws2_socket_stream(), !socket.neverConnected else { throw WSAError(WSAENOTCONN) }
    guard !socket.attributes.contains(.sendIsShut) else { throw WSAError(WSAESHUTDOWN) }
    let overlapped = unsafe socket.isOverlapped ? overlapped : nil
    if let overlapped = unsafe overlapped { try unsafe judge(count: nil, overlapped) }
    let transmission = try unsafe Transmission(socket, file, count, overlapped, buffers)
    let attempt = { () -> OperationResult? in
      guard let result = transmission.attempt() else { return nil }
      if result.error != nil || !disconnects { return result }
      return OperationResult(error: socket.disconnect(reuses: reuses).error, bytes: result.bytes)
    }
    if reuses { socket.endReceives() }
    let result: OperationResult
    if let overlapped = unsafe overlapped {
      result = try unsafe socket.overlapped(overlapped, nil, .send, attempt: attempt)
    } else {
      result = try socket.synchronous(waitsAnyway: true) { socket.queue.exclusively(attempt) }
      unsafe transmission.movePosition(of: unsafe file)
    }
    if let error = result.error { throw error }
    return yes
  }
}

/// One TransmitFile under way: its parts in their order. The file goes through memory: sendfile() waits on a socket
/// in Linux' blocking mode, and raises SIGPIPE.
@safe
private final class Transmission: @unchecked Sendable {  // one attempt at a time, under the queue's lock
  private let socket: Socket
  private var file: Int32 = -1
  private var position: Int64 = 0
  private var fileLeft: Int64 = 0
  private var parts: [UnsafeRawBufferPointer] = unsafe []
  private var tail = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  private var hasTail: Bool
  private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 4096)
  private var total = 0

  init(
    _ socket: Socket, _ handle: HANDLE?, _ count: DWORD, _ overlapped: LPOVERLAPPED?,
    _ buffers: LPTRANSMIT_FILE_BUFFERS?
  ) throws(WSAError) {
    self.socket = socket
    hasTail = false
    if let buffers = unsafe buffers {
      guard unsafe isReadable(buffers, MemoryLayout<TRANSMIT_FILE_BUFFERS>.size) else { throw WSAError(WSAEFAULT) }
      let (head, tail) = unsafe (
        (buffers.pointee.Head, Int(buffers.pointee.HeadLength)), (buffers.pointee.Tail, Int(buffers.pointee.TailLength))
      )
      guard unsafe isReadable(head.0, head.1), unsafe isReadable(tail.0, tail.1) else { throw WSAError(WSAEFAULT) }
      if unsafe head.1 > 0 { unsafe parts.append(UnsafeRawBufferPointer(start: head.0, count: head.1)) }
      unsafe self.tail = UnsafeRawBufferPointer(start: tail.0, count: tail.1)
      hasTail = unsafe tail.1 > 0
    }
    if unsafe handle != nil { try unsafe open(handle, count, overlapped) }
  }

  private func open(_ handle: HANDLE?, _ count: DWORD, _ overlapped: LPOVERLAPPED?) throws(WSAError) {
    guard let number = unsafe descriptor(of: unsafe handle) else { throw WSAError(ERROR_INVALID_HANDLE) }
    var status = stat()
    guard unsafe fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw WSAError(ERROR_INVALID_HANDLE)
    }
    if let overlapped = unsafe overlapped {
      position = unsafe Int64(overlapped.pointee.Offset) | Int64(overlapped.pointee.OffsetHigh) << 32
    } else {
      position = Int64(lseek(number, 0, SEEK_CUR))
    }
    let rest = max(0, Int64(status.st_size) - position)
    fileLeft = count == 0 ? rest : min(rest, Int64(count))
    file = try checked(ws2_duplicate(number))
  }

  deinit {
    if file >= 0 { close(file) }
    unsafe chunk.deallocate()
  }

  func attempt() -> OperationResult? {
    while true {
      while let part = unsafe parts.first {
        let count = unsafe Glibc.send(
          socket.descriptor, part.baseAddress, part.count, ws2_no_signal() | ws2_dont_wait())
        guard count >= 0 else {
          guard resultFromErrno() != nil else { return nil }
          return OperationResult(error: socket.sendError(ws2_errno()))
        }
        total += count
        if count == part.count {
          _ = unsafe parts.removeFirst()
        } else {
          unsafe parts[0] = UnsafeRawBufferPointer(rebasing: part[count...])
        }
      }
      do throws(WSAError) {
        guard try nextPart() else { return OperationResult(bytes: DWORD(clamping: total)) }
      } catch {
        return OperationResult(error: error)
      }
    }
  }

  private func nextPart() throws(WSAError) -> Bool {
    if fileLeft > 0 {
      let count = try unsafe checked(pread(file, chunk.baseAddress, min(chunk.count, Int(fileLeft)), off_t(position)))
      position += Int64(count)
      fileLeft = count == 0 ? 0 : fileLeft - Int64(count)  // the file has become shorter
      if count > 0 { unsafe parts.append(UnsafeRawBufferPointer(rebasing: chunk[..<count])) }
      return true
    }
    guard hasTail else { return false }
    hasTail = false
    unsafe parts.append(tail)
    return true
  }

  func movePosition(of handle: HANDLE?) {
    if file >= 0, let number = unsafe descriptor(of: unsafe handle) { lseek(number, off_t(position), SEEK_SET) }
  }
}

private func descriptor(of handle: HANDLE?) -> Int32? {
  (try? unsafe descriptorFile(handle))?.descriptor ?? Int32(exactly: UInt(bitPattern: handle))
}
