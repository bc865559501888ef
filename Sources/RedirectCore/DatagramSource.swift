import CEngine

/// Where datagrams come from, as the service sees them (docs/decisions/0014): a flow of a socket that is bound to no
/// host has an address of its own in 127.64.0.0/10, so the service tells flows apart by their sources, its replies reach
/// the socket without help, and the address to which they were sent says whose they are.
func bindDatagramSource(_ request: inout ConnectRequest, to endpoint: Address) -> BindOutcome {
  let descriptor = request.descriptor
  guard let before = socketName(descriptor) else { return .unknown }
  if before.family != request.destination.family { return .notFresh }
  if request.destination.isMapped && socketOption(descriptor, ipv6Level, Int32(truncatingIfNeeded: IPV6_V6ONLY)) != 0 {
    return .notFresh
  }
  var local = before
  var bound = before
  if before.port == 0 {
    local.port = 0
    // As the kernel does it itself at the first datagram, but known before.
    let result = bind(descriptor, Address(family: before.family, port: 0, high: 0, low: 0))
    // EINVAL: another thread that sends its first datagram was here first.
    let isBound = result == 0 || result == -EINVAL
    guard isBound, let after = socketName(descriptor), after.port != 0 else {
      return .failed(isBound || result == -EADDRINUSE ? -EAGAIN : result)  // as udp_sendmsg says it
    }
    bound = after
  }
  if !request.isAddressed { return .bound(BoundSource(source: bound, local: local)) }
  let plain = endpoint.unmapped
  // A connected socket that sends elsewhere never gets an answer from there: any address will do.
  let isConnected = socketPeer(descriptor) != nil
  if (bound.isAny || isConnected) && plain.family == Address.ipv4 && plain.isLoopback {
    guard let source = request.engine.freeSource(&request, port: bound.port) else { return .failed(-EADDRNOTAVAIL) }
    if !isConnected && !request.engine.tellsDestinations(descriptor, bound.family) { return .failed(-EADDRNOTAVAIL) }
    return .bound(BoundSource(source: source, local: local))
  }
  // The kernel's choice, or what the application bound: enough for one destination.
  var source = bound.unmapped
  if bound.isAny { source = Address(family: plain.family, port: bound.port, high: 0, low: 0) }
  if request.engine.isTaken(source, &request) {
    logOneDestination(request.destination)
    return .failed(-EADDRNOTAVAIL)
  }
  return .bound(BoundSource(source: source, local: local))
}

extension Engine {
  /// An address of 127.64.0.0/10 at which no other flow of this port stands: by cookie and destination, or the next.
  fileprivate func freeSource(_ request: inout ConnectRequest, port: UInt16) -> Address? {
    let start = mix(request.cookie() ^ mix(request.remote.hash))
    var attempt: UInt64 = 0
    while attempt < 64 {
      let host = 0x7f40_0000 | (start &+ attempt) & 0x3f_ffff
      attempt &+= 1
      if host & 0xff == 0 || host & 0xff == 0xff { continue }
      let source = Address(family: Address.ipv4, port: port, high: host &<< 32, low: 0)
      if !isTaken(source, &request) { return source }
    }
    return nil
  }

  /// Whether a flow to another destination has this source. A port that the kernel gave to this socket was given up by
  /// those that had it before.
  fileprivate func isTaken(_ source: Address, _ request: inout ConnectRequest) -> Bool {
    let (cookie, destination) = (request.cookie(), request.destination)
    let namespace = request.namespace()
    return find(.tuple(source: source, isDatagram: true)) { slot in
      let flow = unsafe slot.flow
      guard slot.word.isRedirected, slot.isDatagram else { return false }
      let (from, to) = unsafe (Address(&flow.pointee.source), Address(&flow.pointee.destination))
      if from.port != source.port || from.high != source.high || from.low != source.low { return false }
      let owner = unsafe flow.pointee.client_cookie
      if unsafe flow.pointee.netns != namespace || owner != cookie && !source.isFlowSource { return false }
      let isMeant = to.port == destination.port && to.sameHost(as: destination)
      if owner == cookie && !slot.isAddressed { return false }  // it is connected no longer
      return !(owner == cookie && isMeant) && owner != 0 && isRecent(slot)
    } != nil
  }

  /// Switches on what tells to which of its addresses a datagram came.
  fileprivate func tellsDestinations(_ descriptor: Int32, _ family: UInt16) -> Bool {
    let (level, name) = packetInformation(family)
    if socketOption(descriptor, level, name) == 1 { return true }
    var on: Int32 = 1
    if unsafe wfp_set_option(descriptor, level, name, &on, 4) != 0 { return false }
    hidePacketInformation(descriptor, true)
    return true
  }
}

/// The option that switches on IP_PKTINFO or IPV6_PKTINFO.
func packetInformation(_ family: UInt16) -> (level: Int32, name: Int32) {
  family == Address.ipv4 ? (ipLevel, IP_PKTINFO) : (ipv6Level, IPV6_RECVPKTINFO)
}

extension Address {
  /// Of a flow of its own.
  var isFlowSource: Bool { family == Address.ipv4 && high &>> 54 == 0x7f40_0000 &>> 22 }
}

/// A socket whose connect was redirected, and that connects once more: it must not leave from where the service is
/// (SPEC S7.4). The kernel keeps a connected socket's source; one that the application did not bind has its port again.
func loosenDatagramSocket(_ descriptor: Int32) {
  guard let name = socketName(descriptor), let peer = socketPeer(descriptor), let cookie = socketCookie(descriptor),
    let slot = slotOfClient(cookie), slot.isDatagram, slot.word.isRedirected
  else { return }
  let flow = unsafe slot.flow
  if unsafe !Address(&flow.pointee.endpoint).sameHost(as: peer) { return }
  var unspecified: UInt64 = 0  // AF_UNSPEC
  _ = unsafe wfp_connect_socket(descriptor, &unspecified, 16)
  guard let after = socketName(descriptor), after.port == 0 else { return }
  _ = bind(descriptor, Address(family: name.family, port: name.port, high: 0, low: 0))
}

private func logOneDestination(_ destination: Address) {
  log { line in
    line.add("refused: datagram to ")
    line.add(destination)
    line.add(": its socket has another redirected destination, and no addresses to tell the two apart: it is bound to ")
    line.add("one host, or the service has no endpoint on IPv4's loopback")
  }
}
