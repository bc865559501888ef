import CWinsock
import DequeModule
import Glibc

/// One piece of a transmission. The bytes of a file go through memory: sendfile() waits on a socket in Linux' blocking
/// mode, and raises SIGPIPE.
@safe
struct TransmitElement {
  private var memory: UnsafeRawBufferPointer
  private let file: SourceFile?
  /// In the file; nil: the descriptor's own, which moves along.
  private var position: Int64?
  private var fileLeft: Int64
  /// A datagram ends here.
  let endsPacket: Bool

  init(_ memory: UnsafeRawBufferPointer, endsPacket: Bool = false) {
    unsafe self.memory = unsafe memory
    (file, position, fileLeft) = (nil, nil, 0)
    self.endsPacket = endsPacket
  }

  /// - Parameter count: Bytes of the file, 0 for all of it.
  init(_ file: SourceFile, at position: Int64?, count: DWORD, endsPacket: Bool = false) {
    unsafe memory = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    self.file = file
    self.position = position
    fileLeft = count == 0 ? .max : Int64(count)
    self.endsPacket = endsPacket
  }

  var isExhausted: Bool { unsafe memory.isEmpty && fileLeft == 0 }

  /// Takes the next bytes out; none: there are no more.
  /// - Parameter room: Where those of a file go; no more are taken than it holds.
  mutating func next(_ room: UnsafeMutableRawBufferPointer) throws(WSAError) -> UnsafeRawBufferPointer {
    guard let file else {
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: memory.prefix(room.count))
      unsafe memory = unsafe UnsafeRawBufferPointer(rebasing: memory.dropFirst(room.count))
      return unsafe bytes
    }
    let wanted = Int(min(Int64(room.count), fileLeft))
    let count = unsafe try checked(
      position.map { unsafe pread(file.descriptor, room.baseAddress, wanted, off_t($0)) }
        ?? read(file.descriptor, room.baseAddress, wanted))
    position = position.map { $0 + Int64(count) }
    fileLeft = count == 0 ? 0 : fileLeft - Int64(count)  // the file ends here
    return unsafe UnsafeRawBufferPointer(rebasing: room.prefix(count))
  }
}

/// A duplicate of a descriptor, so that the program may close its own.
final class SourceFile {
  let descriptor: Int32

  /// - Throws: ERROR_INVALID_HANDLE: no regular file; WSAEMFILE.
  init(_ handle: HANDLE?) throws(WSAError) {
    let number = (try? unsafe descriptorFile(handle))?.descriptor ?? Int32(exactly: UInt(bitPattern: handle))
    var status = stat()
    guard let number, unsafe fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw WSAError(ERROR_INVALID_HANDLE)
    }
    descriptor = try checked(ws2_duplicate(number))
  }

  deinit { close(descriptor) }
}

/// One TransmitFile or TransmitPackets under way: its elements in their order.
@safe
final class Transmission: @unchecked Sendable {  // one attempt at a time, under the queue's lock
  private let socket: Socket
  private var elements: Deque<TransmitElement>
  /// Bytes of a datagram at most; nil: a stream.
  private let packetSize: Int?
  private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 4096)
  private var unsent: UnsafeRawBufferPointer? = nil
  private var total = 0

  /// - Parameter packetSize: Bytes at which a datagram is cut, 0: not at all. Nothing to a stream.
  init(_ socket: Socket, _ elements: Deque<TransmitElement>, packetSize: DWORD = 0) {
    self.socket = socket
    self.elements = elements
    // An uncut datagram that fills the chunk is too long for the kernel, which says so.
    let size = unsafe packetSize == 0 ? chunk.count : min(Int(packetSize), chunk.count)
    self.packetSize = socket.type == ws2_socket_stream() ? nil : size
  }

  deinit { unsafe chunk.deallocate() }

  func attempt() -> OperationResult? {
    do throws(WSAError) {
      while let bytes = unsafe try next() {
        let count = unsafe Glibc.send(
          socket.descriptor, bytes.baseAddress, bytes.count, ws2_no_signal() | ws2_dont_wait())
        guard count >= 0 else {
          guard resultFromErrno() != nil else { return nil }
          return OperationResult(error: socket.sendError(ws2_errno()))
        }
        total += count
        unsafe unsent = count == bytes.count ? nil : UnsafeRawBufferPointer(rebasing: bytes[count...])
      }
      return OperationResult(bytes: DWORD(clamping: total))
    } catch {
      return OperationResult(error: error)
    }
  }

  private func next() throws(WSAError) -> UnsafeRawBufferPointer? {
    if unsafe unsent != nil { return unsafe unsent }
    unsafe unsent = if let packetSize { try unsafe nextPacket(packetSize) } else { try unsafe nextBytes() }
    return unsafe unsent
  }

  private func nextBytes() throws(WSAError) -> UnsafeRawBufferPointer? {
    while !elements.isEmpty {
      let bytes = unsafe try elements[0].next(chunk)
      if unsafe !bytes.isEmpty { return unsafe bytes }
      elements.removeFirst()
    }
    return nil
  }

  private func nextPacket(_ limit: Int) throws(WSAError) -> UnsafeRawBufferPointer? {
    guard !elements.isEmpty else { return nil }
    var size = 0
    while !elements.isEmpty {
      while size < limit {
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: chunk[size..<limit])
        let bytes = unsafe try elements[0].next(room)
        if unsafe bytes.isEmpty { break }
        if unsafe bytes.baseAddress != UnsafeRawPointer(room.baseAddress) { unsafe room.copyMemory(from: bytes) }
        size += bytes.count
      }
      if size == limit, !elements[0].isExhausted { break }
      if elements.removeFirst().endsPacket { break }
    }
    return unsafe UnsafeRawBufferPointer(rebasing: chunk[..<size])
  }
}

extension Socket {
  /// Sends all of a transmission, then ends the connection if that is wanted (TF_DISCONNECT, TF_REUSE_SOCKET).
  func transmit(_ transmission: Transmission, _ overlapped: LPOVERLAPPED?, _ flags: DWORD) throws(WSAError) {
    let (disconnects, reuses) = (flags & DWORD(TF_DISCONNECT) != 0, flags & DWORD(TF_REUSE_SOCKET) != 0)
    let attempt = { [self] () -> OperationResult? in
      guard let result = transmission.attempt() else { return nil }
      if result.error != nil || !disconnects { return result }
      return OperationResult(error: disconnect(reuses: reuses).error, bytes: result.bytes)
    }
    if reuses { endReceives() }
    let result =
      if let overlapped = unsafe overlapped {
        try unsafe self.overlapped(overlapped, nil, .send, attempt: attempt)
      } else {
        try synchronous(waitsAnyway: true) { queue.exclusively(attempt) }
      }
    if let error = result.error { throw error }
  }

  /// What both functions refuse of their TF_ flags.
  static func judge(transmitFlags flags: DWORD) throws(WSAError) {
    let known = DWORD(TF_DISCONNECT | TF_REUSE_SOCKET | TF_WRITE_BEHIND | TF_USE_SYSTEM_THREAD | TF_USE_KERNEL_APC)
    guard flags & ~known == 0, flags & DWORD(TF_DISCONNECT | TF_REUSE_SOCKET) != DWORD(TF_REUSE_SOCKET) else {
      throw WSAError(WSAEINVAL)
    }
  }
}
