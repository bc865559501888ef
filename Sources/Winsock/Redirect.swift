import CWinsock
import Glibc

extension IoctlCall {
  /// The three redirect codes (SPEC S2, S3). The seam is ioctl(2): the preload's hook makes every check from S2.3 on
  /// and answers; without it the kernel says ENOTTY.
  func redirect() throws(WSAError) -> DWORD {
    var request = unsafe wfp_ioctl(
      in: input, out: output, in_size: inputSize, out_size: outputSize, bytes_returned: 0, reserved: 0)
    if unsafe ws2_ioctl(socket.descriptor, UInt(code), &request) == 0 { return unsafe request.bytes_returned }
    switch ws2_errno() {
    case ENOTTY: throw try withoutPreload()
    case EFAULT: throw WSAError(WSAEFAULT)
    case EBADF, ENOTSOCK: throw WSAError(WSAENOTSOCK)
    case ENOBUFS:
      unsafe returned?.pointee = request.bytes_returned
      throw WSAError(ERROR_INSUFFICIENT_BUFFER)
    default:
      let error = WSAError.fromErrno
      unsafe returned?.pointee = request.bytes_returned
      throw error
    }
  }

  /// SPEC S1.2: what S2.3 to S2.5 (S3.2 for SET) refuse is refused here too; the rest no transport supports.
  private func withoutPreload() throws(WSAError) -> WSAError {
    try socket.requireSocket()
    if isSet {
      guard unsafe isReadable(input, Int(inputSize)) else { throw WSAError(WSAEFAULT) }
      unsafe returned?.pointee = 0
      guard inputSize > 0, outputSize == 0 else { throw WSAError(WSAEINVAL) }
    } else {
      guard unsafe isWritable(output, Int(outputSize)) else { throw WSAError(WSAEFAULT) }
      unsafe returned?.pointee = 0
      guard outputSize == 0 || outputSize >= 4 else { throw WSAError(WSAEINVAL) }
    }
    return WSAError(WSAEOPNOTSUPP)
  }
}
