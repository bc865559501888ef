import CWinsock
import Glibc

/// The buffers of an overlapped transfer, kept for as long as it is under way.
@safe
final class Transfer: @unchecked Sendable {  // one attempt at a time, under the queue's lock
  private let vectors: UnsafeMutablePointer<iovec>
  private var message = Message()
  private var total = 0
  /// The program's, until the operation ends.
  private var nameSize: UnsafeMutablePointer<Int32>?
  /// Where to, copied: the program may free its own when the call returns.
  private var name: UnsafeMutablePointer<sockaddr_storage>?
  /// WSARecvMsg's message, which hears of its lengths and flags.
  private var record: LPWSAMSG?
  private var ownControl: UnsafeMutableRawPointer?

  /// - Throws: WSAEINVAL without buffers, WSAENOBUFS for more than Linux takes, WSAEFAULT.
  init(_ buffers: LPWSABUF?, _ count: DWORD) throws(WSAError) {
    guard let buffers = unsafe buffers, count > 0 else { throw WSAError(WSAEINVAL) }
    guard count <= 1024 else { throw WSAError(WSAENOBUFS) }  // UIO_MAXIOV
    guard unsafe isReadable(buffers, Int(count) * MemoryLayout<WSABUF>.stride) else { throw WSAError(WSAEFAULT) }
    unsafe vectors = .allocate(capacity: Int(count))
    for index in 0..<Int(count) {
      unsafe vectors[index] = iovec(iov_base: buffers[index].buf, iov_len: Int(buffers[index].len))
    }
    unsafe message.header.msg_iov = vectors
    unsafe message.header.msg_iovlen = Int(count)
  }

  /// WSARecvMsg's buffers: the datagram, where it came from, and control data.
  convenience init(receiving message: LPWSAMSG) throws(WSAError) {
    try unsafe self.init(message.pointee.lpBuffers, message.pointee.dwBufferCount)
    let control = unsafe message.pointee.Control
    guard unsafe isWritable(control.buf, Int(control.len)) else { throw WSAError(WSAEFAULT) }
    unsafe self.message.header.msg_control = UnsafeMutableRawPointer(control.buf)
    unsafe self.message.header.msg_controllen = unsafe control.buf == nil ? 0 : Int(control.len)
    try unsafe self.message.take(from: message.pointee.name, &message.pointee.namelen)
    unsafe record = unsafe message
  }

  /// WSASendMsg's.
  convenience init(sending message: LPWSAMSG) throws(WSAError) {
    try unsafe self.init(message.pointee.lpBuffers, message.pointee.dwBufferCount)
    let control = unsafe message.pointee.Control
    guard unsafe isReadable(control.buf, Int(control.len)) else { throw WSAError(WSAEFAULT) }
    unsafe self.message.header.msg_control = UnsafeMutableRawPointer(control.buf)
    unsafe self.message.header.msg_controllen = unsafe control.buf == nil ? 0 : Int(control.len)
    if let start = unsafe self.message.header.msg_control {
      unsafe ownControl = controlWithPlainRecords(start, Int(self.message.header.msg_controllen))
      if let own = unsafe ownControl { unsafe self.message.header.msg_control = unsafe own }
    }
    guard let name = unsafe message.pointee.name, unsafe message.pointee.namelen != 0 else { return }
    try unsafe checkName(name, message.pointee.namelen)
    unsafe address(to: name, message.pointee.namelen)
  }

  deinit {
    unsafe vectors.deallocate()
    unsafe name?.deallocate()
    unsafe ownControl?.deallocate()
  }

  /// A receive also says where from.
  func take(from name: UnsafeMutablePointer<sockaddr>?, _ size: UnsafeMutablePointer<Int32>?) throws(WSAError) {
    try unsafe message.take(from: name, size)
    if unsafe name != nil { unsafe nameSize = unsafe size }
  }

  func address(to given: UnsafePointer<sockaddr>, _ size: Int32) {
    let length = min(Int(size), MemoryLayout<sockaddr_storage>.size)
    let copy = UnsafeMutablePointer<sockaddr_storage>.allocate(capacity: 1)
    unsafe copy.initialize(to: sockaddr_storage())
    unsafe UnsafeMutableRawPointer(copy).copyMemory(from: given, byteCount: length)
    unsafe name = unsafe copy
    unsafe message.header.msg_name = UnsafeMutableRawPointer(copy)
    unsafe message.header.msg_namelen = socklen_t(length)
  }

  /// One try to receive, without waiting. With MSG_WAITALL a stream's buffers are filled over several.
  func receive(_ socket: Socket, _ flags: Int32, isStream: Bool) -> OperationResult? {
    let fillsAll = flags & Int32(MSG_WAITALL) != 0 && flags & Int32(MSG_PEEK) == 0 && isStream
    let systemFlags = flags & ~(Int32(MSG_WAITALL) | MSG_PARTIAL) | ws2_dont_wait()
    while true {
      let count = unsafe recvmsg(socket.descriptor, &message.header, systemFlags)
      if count < 0, !isStream, ws2_errno() == ECONNREFUSED {
        guard let error = socket.datagramError(ECONNREFUSED) else { continue }
        return OperationResult(error: error)
      }
      guard count >= 0 else { return failed() }
      total += count
      unsafe nameSize?.pointee = Int32(bitPattern: message.header.msg_namelen)
      let flags = unsafe message.header.msg_flags
      if fillsAll, count > 0 {
        message.advance(count)
        if message.bytesLeft > 0 { continue }
      }
      let isCut = flags & Int32(MSG_TRUNC | MSG_CTRUNC) != 0
      message.levelReceivedControl(socket)
      fillRecord(flags)
      return OperationResult(
        error: isCut ? WSAError(WSAEMSGSIZE) : nil, bytes: DWORD(clamping: total),
        flags: DWORD(bitPattern: flags & Int32(MSG_OOB)))
    }
  }

  private func fillRecord(_ flags: Int32) {
    guard let record = unsafe record else { return }
    if unsafe record.pointee.name != nil { unsafe record.pointee.namelen = Int32(message.header.msg_namelen) }
    unsafe record.pointee.Control.len = ULONG(message.header.msg_controllen)
    unsafe record.pointee.dwFlags = DWORD(bitPattern: flags & Int32(MSG_TRUNC | MSG_CTRUNC | MSG_OOB))
  }

  /// So much has been sent already.
  func skip(_ count: Int) {
    total += count
    message.advance(count)
  }

  /// One try to send, without waiting. A stream has sent when all of it is with the kernel.
  func send(_ socket: Socket, _ flags: Int32) -> OperationResult? {
    let systemFlags = flags & ~MSG_PARTIAL | ws2_no_signal() | ws2_dont_wait()
    while true {
      let count = unsafe sendmsg(socket.descriptor, &message.header, systemFlags)
      guard count >= 0 else {
        guard resultFromErrno() != nil else { return nil }
        return OperationResult(error: socket.sendError(ws2_errno()))
      }
      total += count
      message.advance(count)
      if message.bytesLeft == 0 { return OperationResult(bytes: DWORD(clamping: total)) }
    }
  }

  private func failed() -> OperationResult? {
    guard let result = resultFromErrno() else { return nil }
    // What a stream has received before it broke is received.
    return total > 0 ? OperationResult(bytes: DWORD(clamping: total)) : result
  }
}
