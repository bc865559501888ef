import CEngine

/// The kernel's REDIRECT and TPROXY as producers of records (SPEC S9.1): connections of programs that no preload reaches
/// come to a service by a rule of iptables or nftables, and the service asks for records and context as ever. Nothing
/// was published for them, so the flow is made when the socket is accepted or first asked.

/// Makes the flow of a socket that the kernel has redirected.
/// - Parameters:
///   - known: SO_COOKIE of the socket if it is known already.
///   - peer: Its peer if that is known already.
/// - Returns: nil when the kernel has not redirected it to a service that takes this.
func takeKernelRedirect(_ fd: Int32, _ known: UInt64?, _ peer: Address?) -> (Slot, Engine)? {
  guard case .attached(let engine) = currentEngine(), let policy = engine.policy(), policy.acceptsKernelRedirects,
    let peer = peer ?? socketPeer(fd), let local = socketName(fd)?.unmapped,
    let (provider, destination) = unsafe policy.kernelRedirect(fd, local), let cookie = known ?? socketCookie(fd)
  else { return nil }
  let arrival = unsafe Arrival(
    descriptor: fd, cookie: cookie, peer: peer, endpoint: local, policy: policy, provider: provider,
    source: peer.unmapped, destination: destination, isUnread: false, records: nil, context: nil)
  // Two that ask first at the same time shall find one flow.
  let lock = HeaderLock(engine, cookie)
  var attempts = 0
  while attempts < 10_000 {
    attempts &+= 1
    if let slot = engine.slot(accepted: cookie) { return (slot, engine) }
    if lock.take() { break }
    wfp_yield()
  }
  defer { lock.release() }
  if let slot = engine.slot(accepted: cookie) { return (slot, engine) }
  let (slot, error) = engine.publish(arrival)
  guard let slot else {
    logNotProduced(destination, 0 &- error)
    return nil
  }
  rememberService(of: slot)
  rememberHeld(slot)
  watchDescriptor(fd)
  return (slot, engine)
}

extension PolicyImage {
  var acceptsKernelRedirects: Bool { head.accepts & (UInt32(WFP_ACCEPTS_REDIRECT) | UInt32(WFP_ACCEPTS_TPROXY)) != 0 }

  /// The provider to whose service the kernel has brought this connection, and where it was dialled.
  /// - Parameter local: The accepted socket's own address.
  fileprivate func kernelRedirect(
    _ fd: Int32, _ local: Address
  ) -> (provider: UnsafePointer<wfp_provider>, destination: Address)? {
    if let provider = unsafe provider(
      accepting: UInt32(WFP_ACCEPTS_REDIRECT),
      where: { endpoint in
        endpoint.port == local.port && endpoint.sameHost(as: local)
      })
    {
      // A connection that was dialled as it came has the same two addresses in the kernel's table.
      guard let original = originalDestination(fd, local.family),
        original.port != local.port || !original.sameHost(as: local)
      else { return nil }
      return unsafe (provider, original)
    }
    // TPROXY changes no address: the socket's own one is what was dialled. One at which this process listens itself was
    // dialled as it is; that it may be another machine's, with the same port, no call tells.
    guard isTransparent(fd, local.family), !serves(local),
      let provider = unsafe provider(accepting: UInt32(WFP_ACCEPTS_TPROXY), where: { serves($0) })
    else { return nil }
    return unsafe (provider, local)
  }

  private func provider(
    accepting what: UInt32, where matches: (Address) -> Bool
  ) -> UnsafePointer<wfp_provider>? {
    let head = head
    if head.accepts & what == 0 { return nil }
    guard let providers = rows(head.providers, of: wfp_provider.self) else { return nil }
    var i: UInt32 = 0
    while i < providers.count {
      let provider = unsafe providers[i]
      i &+= 1
      if unsafe provider.pointee.accepts & what != 0 && anyEndpoint(of: provider, where: matches) {
        return unsafe provider
      }
    }
    return nil
  }

  private func anyEndpoint(of provider: UnsafePointer<wfp_provider>, where matches: (Address) -> Bool) -> Bool {
    guard let endpoints = unsafe rows(provider.pointee.endpoints, of: wfp_address.self) else { return false }
    var i: UInt32 = 0
    while i < endpoints.count {
      if unsafe matches(Address(endpoints[i])) { return true }
      i &+= 1
    }
    return false
  }
}

/// SO_ORIGINAL_DST, which linux/netfilter_ipv4.h and netfilter_ipv6/ip6_tables.h both number 80.
private let originalDestinationOption: Int32 = 80

private func originalDestination(_ fd: Int32, _ family: UInt16) -> Address? {
  var storage = sockaddr_storage()
  let level = family == Address.ipv4 ? ipLevel : ipv6Level
  var length: UInt32 = family == Address.ipv4 ? 16 : 28
  if unsafe wfp_get_option(fd, level, originalDestinationOption, &storage, &length) != 0 { return nil }
  return unsafe withUnsafePointer(to: &storage) { unsafe Address(UnsafeRawPointer($0), length: Int(length)) }
}

/// IP_TRANSPARENT or IPV6_TRANSPARENT, which an accepted socket has from its listener.
private func isTransparent(_ fd: Int32, _ family: UInt16) -> Bool {
  socketOption(fd, ipLevel, 19) == 1 || family == Address.ipv6 && socketOption(fd, ipv6Level, 75) == 1
}

private func logNotProduced(_ destination: Address, _ error: Int32) {
  log { line in
    line.add("a connection to ")
    line.add(destination)
    line.add(" that the kernel redirected has no redirect data: its flow could not be made, errno ")
    line.add(UInt64(truncatingIfNeeded: error))
  }
}
