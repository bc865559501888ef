import CWinsock
import Glibc

/// One send or receive: the kernel's message header over the program's buffers.
@safe
struct Message {
  var header = unsafe msghdr()

  /// Calls the body with a message over one buffer.
  static func over<Result>(
    _ buffer: UnsafeMutableRawPointer?, _ size: Int32, _ body: (inout Message) throws(WSAError) -> Result
  ) throws(WSAError) -> Result {
    guard size >= 0 else { throw WSAError(WSAEFAULT) }
    var vector = unsafe iovec(iov_base: buffer, iov_len: Int(size))
    return try unsafe withUnsafeMutablePointer(to: &vector) { vector throws(WSAError) in
      var message = Message()
      unsafe message.header.msg_iov = vector
      unsafe message.header.msg_iovlen = 1
      return try body(&message)
    }
  }

  /// Calls the body with a message over an array of WSABUF.
  static func over<Result>(
    _ buffers: LPWSABUF?, _ count: DWORD, _ body: (inout Message) throws(WSAError) -> Result
  ) throws(WSAError) -> Result {
    guard let buffers = unsafe buffers, count > 0 else { throw WSAError(WSAEINVAL) }
    guard count <= 1024 else { throw WSAError(WSAENOBUFS) }  // UIO_MAXIOV
    guard unsafe isReadable(buffers, Int(count) * MemoryLayout<WSABUF>.stride) else { throw WSAError(WSAEFAULT) }
    let vectors = UnsafeMutablePointer<iovec>.allocate(capacity: Int(count))
    defer { unsafe vectors.deallocate() }
    for index in 0..<Int(count) {
      unsafe vectors[index] = iovec(iov_base: buffers[index].buf, iov_len: Int(buffers[index].len))
    }
    var message = Message()
    unsafe message.header.msg_iov = vectors
    unsafe message.header.msg_iovlen = Int(count)
    return try body(&message)
  }

  mutating func address(to name: UnsafePointer<sockaddr>?, _ size: Int32) {
    unsafe header.msg_name = UnsafeMutableRawPointer(mutating: name)
    unsafe header.msg_namelen = socklen_t(size)
  }

  var bytesLeft: Int {
    unsafe (0..<Int(header.msg_iovlen)).reduce(0) { unsafe $0 + header.msg_iov[$1].iov_len }
  }

  /// Leaves out what has been transferred.
  mutating func advance(_ count: Int) {
    var count = count
    while count > 0 {
      let length = unsafe header.msg_iov.pointee.iov_len
      if count < length {
        unsafe header.msg_iov.pointee.iov_base += count
        unsafe header.msg_iov.pointee.iov_len -= count
        return
      }
      count -= length
      unsafe header.msg_iov += 1
      unsafe header.msg_iovlen -= 1
    }
  }
}
