import CWinsock
import Glibc

extension Socket {
  /// Waits for the connection whatever the mode is, and no longer than that.
  func connect(to name: SocketName, until deadline: Deadline) throws(WSAError) {
    try operation { () throws(WSAError) in
      let flags = ws2_descriptor_flags(descriptor)
      _ = ws2_set_descriptor_flags(descriptor, flags | O_NONBLOCK)
      defer { _ = ws2_set_descriptor_flags(descriptor, flags) }
      let result = unsafe name.withPointer { unsafe Glibc.connect(descriptor, $0, name.size) }
      if result != 0 {
        guard ws2_errno() == EINPROGRESS || ws2_errno() == EINTR else { throw .fromErrno }
        guard try wait(for: POLLOUT, until: deadline) else { throw WSAError(WSAETIMEDOUT) }
        // connect() itself is asked: after SO_ERROR the next one, to another address, would only say that this one is over.
        let again = unsafe name.withPointer { unsafe Glibc.connect(descriptor, $0, name.size) }
        guard again == 0 || ws2_errno() == EISCONN else { throw .fromErrno }
      }
      becomeConnected(attributes: [])
    }
    connectBegan()
  }
}
