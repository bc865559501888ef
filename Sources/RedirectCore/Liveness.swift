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

extension Engine {
  /// Whether the sockets of slot `at` of a segment are gone. For those who only look.
  package func isOver(segment number: UInt32, slot at: UInt32) -> Bool {
    guard let segment = segment(number), at < segment.flowCount else { return true }
    let slot = segment.slot(at)
    let word = slot.word
    var diagnosis = SocketDiagnosis()
    return word.isSettled && isOver(slot, word, &diagnosis)
  }

  /// Whether the sockets of a slot are gone (SPEC S10.5): asked of the kernel, not of the processes.
  func isOver(_ slot: Slot, _ word: SlotWord, _ diagnosis: inout SocketDiagnosis) -> Bool {
    let flow = unsafe slot.flow
    if word.state == Int(WFP_CARRYING) && !slot.isDatagram {
      // A socket that is not connected stands in no table of the kernel: its closer's word, or its owner's end.
      return unsafe wfp_load32(&flow.pointee.hints) != 0 || slot.client.isGone
    }
    if unsafe flow.pointee.netns != 0 && flow.pointee.netns != diagnosis.namespace() {
      // Out of this kernel table's sight: nobody left who could hold its sockets.
      let service = unsafe flow.pointee.service_pid
      let client = slot.client  // pid 0: not one of this machine's
      return (client.pid == 0 || client.isGone)
        && (service == 0 || wfp_process_exists(service) == -ESRCH)
    }
    let endpoint = unsafe Address(&flow.pointee.endpoint)
    var source = unsafe Address(&flow.pointee.source)
    // Before the kernel is asked: a connect that is made in between is not one that has ended.
    let isConnecting = slot.isConnecting
    if slot.isDatagram { return isDatagramFlowOver(slot, source, endpoint, &diagnosis) }
    if source.family == 0 { return unsafe isReleased(flow) }  // reset before it could be asked for its peer
    if source.isAny { source = chosenSource(source, endpoint) }
    let bothClosed = UInt32(WFP_HINT_CLIENT_CLOSED) | UInt32(WFP_HINT_ACCEPTED_CLOSED)
    let closed = unsafe wfp_load32(&flow.pointee.hints) & bothClosed == bothClosed
    // When both ends were closed, only a duplicate of the service's descriptor is worth a question (S2.13).
    if !closed, case .held = unsafe diagnosis.ask(local: source, remote: endpoint, cookie: flow.pointee.client_cookie) {
      return false
    }
    let accepted = unsafe wfp_load(&flow.pointee.accepted_cookie)
    switch diagnosis.ask(local: endpoint, remote: source, cookie: accepted) {
    case .absent:
      if accepted != 0 { return unsafe isReleased(flow) }
      return !isConnecting || isGivenUp(slot)
    case .held, .unknown: return false
    case .unheld(let state):
      if accepted != 0 { return true }
      // Without a claim it may still stand in the listener's queue; before its connect, what stands in TIME_WAIT there is
      // an earlier connection of the same addresses.
      return state == UInt8(truncatingIfNeeded: TCP_TIME_WAIT) && (!isConnecting || isGivenUp(slot))
    }
  }

  /// Between publication and the real connect no table of the kernel has the connection. It will not come when its
  /// process is dead; of one in another pid namespace nobody here can say, and it counts as given up after five minutes.
  private func isGivenUp(_ slot: Slot) -> Bool {
    if slot.client.isGone { return true }
    return unsafe slot.client.isForeign && isUnseenForLong(slot.flow)
  }

  /// A socket that was reset stands in no table of the kernel, and yet its service may hold it and ask (S2.13). It is
  /// gone when its closer said so, when its service is dead, or when the kernel has not known it for five minutes.
  private func isReleased(_ flow: UnsafeMutablePointer<wfp_flow>) -> Bool {
    if unsafe wfp_load32(&flow.pointee.hints) & UInt32(WFP_HINT_ACCEPTED_CLOSED) != 0 { return true }
    if unsafe wfp_process_exists(flow.pointee.service_pid) == -ESRCH { return true }
    return unsafe isUnseenForLong(flow)
  }

  private func isUnseenForLong(_ flow: UnsafeMutablePointer<wfp_flow>) -> Bool {
    let now = steadyTime()
    let since = unsafe wfp_load(&flow.pointee.unseen)
    if since == 0 {
      unsafe wfp_store(&flow.pointee.unseen, now)
      return false
    }
    return now > since &+ 300_000_000_000
  }

  /// The source that the kernel takes for an unbound socket which connects to a local endpoint.
  func chosenSource(_ source: Address, _ endpoint: Address) -> Address {
    var chosen = endpoint.unmapped
    chosen.port = source.port
    if chosen.family == Address.ipv4 && chosen.isLoopback { chosen.high = 0x7f00_0001 &<< 32 }
    return chosen
  }
}
