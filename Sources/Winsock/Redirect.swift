import CWinsock
import Glibc

extension IoctlCall {
  /// Whether a query would have to wait for a record that is still on its way (SPEC S5.7). A synchronous query of a
  /// blocking socket waits; an overlapped one must not, so it asks first.
  var isPending: Bool {
    let isQuery =
      code == SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS || code == SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT
    return isQuery && ws2_ioctl(socket.descriptor, UInt(ws2_redirect_is_pending()), nil) != 0
      && ws2_errno() == EINPROGRESS
  }

  /// The three redirect codes (SPEC S2, S3). The seam is ioctl(2): the preload's hook makes every check from S2.3 on
  /// and answers; without it the kernel says ENOTTY.
  func redirect() -> IoctlAnswer {
    var request = unsafe wfp_ioctl(
      in: input, out: output, in_size: inputSize, out_size: outputSize, bytes_returned: 0, reserved: 0)
    if unsafe ws2_ioctl(socket.descriptor, UInt(code), &request) == 0 {
      return unsafe IoctlAnswer(bytes: request.bytes_returned)
    }
    switch ws2_errno() {
    case ENOTTY: return withoutPreload()
    case EFAULT: return IoctlAnswer(error: WSAError(WSAEFAULT))
    case EBADF, ENOTSOCK: return IoctlAnswer(error: WSAError(WSAENOTSOCK))
    case ENOBUFS: return unsafe IoctlAnswer(error: WSAError(ERROR_INSUFFICIENT_BUFFER), bytes: request.bytes_returned)
    default: return unsafe IoctlAnswer(error: .fromErrno, bytes: request.bytes_returned)
    }
  }

  /// SPEC S1.2: what S2.3 to S2.5 (S3.2 for SET) refuse is refused here too; the rest no transport supports.
  private func withoutPreload() -> IoctlAnswer {
    guard (try? socket.requireSocket()) != nil else { return IoctlAnswer(error: WSAError(WSAENOTSOCK)) }
    if isSet {
      guard unsafe isReadable(input, Int(inputSize)) else { return IoctlAnswer(error: WSAError(WSAEFAULT)) }
      guard inputSize > 0, outputSize == 0 else { return IoctlAnswer(error: WSAError(WSAEINVAL), bytes: 0) }
    } else {
      guard unsafe isWritable(output, Int(outputSize)) else { return IoctlAnswer(error: WSAError(WSAEFAULT)) }
      guard outputSize == 0 || outputSize >= 4 else { return IoctlAnswer(error: WSAError(WSAEINVAL), bytes: 0) }
    }
    return IoctlAnswer(error: WSAError(WSAEOPNOTSUPP), bytes: 0)
  }
}
