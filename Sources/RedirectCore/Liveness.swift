import CEngine

/// What the kernel says of a socket that is named by its addresses (sock_diag(7)).
enum KernelSocket {
  case absent
  /// There, but no process holds a descriptor of it: in a listener's queue, or closed and not yet forgotten.
  case unheld(state: UInt8)
  case held(state: UInt8)
  /// The kernel gave no answer (a sandbox, another network namespace): take it for living.
  case unknown
}

/// One netlink socket for a few questions. Not kept: a descriptor of ours that stays open is there to be
/// closed, inherited or reused by the host (hazards H1-H4).
struct SocketDiagnosis: ~Copyable {
  private var opened: Int32 = -1

  deinit { if opened >= 0 { _ = wfp_close_descriptor(opened) } }

  private mutating func descriptor() -> Int32 {
    if opened < 0 {
      let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
      opened = wfp_make_socket(AF_NETLINK, type, NETLINK_SOCK_DIAG)
    }
    return opened
  }

  /// The network namespace in which it asks (SO_NETNS_COOKIE).
  mutating func namespace() -> UInt64 { networkNamespace(descriptor()) }

  /// Asks for the socket with these addresses.
  /// - Parameter cookie: 0 for any.
  mutating func ask(
    local: Address, remote: Address, cookie: UInt64, protocolNumber: Int32 = tcpLevel
  ) -> KernelSocket {
    let descriptor = descriptor()
    if descriptor < 0 { return .unknown }
    var request = wfp_diag_request()
    var (from, to) = (local.unmapped, remote.unmapped)
    if protocolNumber == udpLevel { swap(&from, &to) }
    unsafe wfp_diag_prepare(
      &request, protocolNumber, Int32(from.family), from.port, to.port, from.high, from.low, to.high, to.low, cookie)
    let size = MemoryLayout<wfp_diag_request>.size
    if unsafe wfp_send_bytes(descriptor, &request, size) != size { return .unknown }
    var answer = wfp_diag_answer()
    if unsafe wfp_diag_receive(descriptor, &answer) != 0 { return .unknown }
    if answer.error == -ENOENT || answer.error == -ESTALE { return .absent }
    if answer.error != 0 { return .unknown }
    // Where no socket has both addresses, the kernel names the listener that would get the connection.
    let isListener = protocolNumber == tcpLevel && answer.state == UInt8(truncatingIfNeeded: TCP_LISTEN)
    if isListener && remote.port != 0 { return .absent }
    return answer.inode == 0 ? .unheld(state: answer.state) : .held(state: answer.state)
  }

  /// Whether somebody listens on `endpoint`, or takes datagrams there from everybody.
  /// - Returns: nil when the kernel gave no answer.
  mutating func listens(_ endpoint: Address, protocolNumber: Int32) -> Bool? {
    let plain = endpoint.unmapped
    let nobody = Address(family: plain.family, port: 0, high: 0, low: 0)
    let wanted = protocolNumber == udpLevel ? TCP_CLOSE : TCP_LISTEN
    switch ask(local: plain, remote: nobody, cookie: 0, protocolNumber: protocolNumber) {
    case .held(let state), .unheld(let state): return state == UInt8(truncatingIfNeeded: wanted)
    case .absent: return false
    case .unknown: return nil
    }
  }
}
