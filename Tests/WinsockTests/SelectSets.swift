import CWinsock

extension ws2_fd_set {
  init(_ sockets: SOCKET...) {
    self.init()
    for socket in sockets { ws2_fd_add(socket, &self) }
  }

  var sockets: [SOCKET] {
    withUnsafeBytes(of: self) { bytes in
      (0..<Int(fd_count)).map { bytes.load(fromByteOffset: 8 + 8 * $0, as: SOCKET.self) }
    }
  }
}
