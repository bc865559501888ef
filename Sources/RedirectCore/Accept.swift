import CEngine

/// Whether an accepted socket can belong to a flow at all.
@c @implementation
func wfp_core_listens() -> Int32 {
  _ = currentEngine()
  return anyPublished() || flowsAreMade() ? 1 : 0
}

/// Whether the policy in force has a service to which connections come for which nothing is published.
private func flowsAreMade() -> Bool {
  guard case .attached(let engine) = currentEngine(), let policy = engine.policy() else { return false }
  let producers = UInt32(WFP_ACCEPTS_PROXY_V2) | UInt32(WFP_ACCEPTS_REDIRECT) | UInt32(WFP_ACCEPTS_TPROXY)
  return policy.head.accepts & producers != 0
}

/// Stage 4: the service accepted a socket; if a flow was published for it, it is claimed.
@c @implementation
func wfp_core_accepted(_ fd: Int32, _ peer: UnsafePointer<sockaddr>?, _ length: UInt32) {
  var source: Address?
  if let peer = unsafe peer { source = unsafe Address(UnsafeRawPointer(peer), length: Int(length)) }
  guard let source = source ?? socketPeer(fd) else { return }
  if inEngines({ $0.claim(fd, source: source, cookie: nil) }) != nil || !flowsAreMade() { return }
  if takeKernelRedirect(fd, nil, source) == nil { _ = takeHeader(fd, source) }
}

extension Engine {
  /// Claims the flow that was published for an accepted socket.
  /// - Parameters:
  ///   - source: The peer's address.
  ///   - cookie: SO_COOKIE of the socket if it is known already.
  ///   - isDatagram: The socket is one of UDP.
  /// - Returns: The claimed slot.
  func claim(_ fd: Int32, source: Address, cookie known: UInt64?, isDatagram: Bool = false) -> Slot? {
    if !mayBePublished(source.unmapped, isDatagram) { return nil }
    guard let cookie = known ?? socketCookie(fd),
      let slot = published(to: fd, source: source.unmapped, cookie: cookie, isDatagram: isDatagram)
    else { return nil }
    return take(slot, fd, cookie) ? slot : nil
  }

  /// The newest flow that was published for this socket.
  /// - Parameter source: An IPv4-mapped address as IPv4.
  func published(to fd: Int32, source: Address, cookie: UInt64, isDatagram: Bool) -> Slot? {
    guard let local = socketName(fd)?.unmapped else { return nil }
    let namespace = networkNamespace(fd)
    // The newest: an older one of the same addresses that nobody claimed is of a connection that was given up.
    var newest: Slot?
    let compare = { (slot: Slot) -> Bool in
      let flow = unsafe slot.flow
      if !slot.word.isRedirected || slot.isDatagram != isDatagram { return false }
      // A flow of datagrams is its reader's, and another one may read on.
      let accepted = unsafe wfp_load(&flow.pointee.accepted_cookie)
      if accepted != 0 && accepted != cookie && !isDatagram { return false }
      let (endpoint, from) = unsafe (Address(&flow.pointee.endpoint), Address(&flow.pointee.source))
      // One socket of UDP may take what comes to any address.
      let isHere = endpoint.sameHost(as: local) || isDatagram && local.isAny
      if unsafe flow.pointee.netns != namespace || endpoint.port != local.port || !isHere { return false }
      if from.port != source.port { return false }
      // The kernel chose: a local endpoint is reached from loopback or from itself.
      if from.isAny ? !source.isLoopback && !source.sameHost(as: endpoint) : !from.sameHost(as: source) { return false }
      if accepted == cookie && !isDatagram {
        newest = slot
        return true
      }
      if let known = newest, !slot.isNewer(than: known) { return false }
      newest = slot
      return false
    }
    let unchosen = Address(family: source.family, port: source.port, high: 0, low: 0)
    if find(.tuple(source: source, isDatagram: isDatagram), compare) == nil && (newest == nil || !isDatagram) {
      _ = find(.tuple(source: unchosen, isDatagram: isDatagram), compare)
    }
    return newest
  }

  /// A look at the index only: most servers accept nothing of ours.
  private func mayBePublished(_ source: Address, _ isDatagram: Bool) -> Bool {
    let unchosen = Address(family: source.family, port: source.port, high: 0, low: 0)
    return find(.tuple(source: source, isDatagram: isDatagram)) { _ in true } != nil
      || find(.tuple(source: unchosen, isDatagram: isDatagram)) { _ in true } != nil
  }

  /// Whether the slot holds the flow that it held when its word was read.
  private func isStill(_ slot: Slot, _ word: SlotWord) -> Bool {
    let now = slot.word
    return now.isRedirected && now.generation == word.generation
  }

  /// Exactly one socket claims a flow: its cookie goes in where 0 was.
  private func take(_ slot: Slot, _ fd: Int32, _ cookie: UInt64) -> Bool {
    let flow = unsafe slot.flow
    let word = slot.word
    if !word.isRedirected { return false }
    let previous = unsafe slot.isDatagram ? wfp_load(&flow.pointee.accepted_cookie) : 0
    if previous == cookie { return true }
    // Before the cookie: a claim whose process is killed right behind it would seem to be nobody's for ever.
    if previous == 0 { _ = unsafe wfp_swap_if32(&flow.pointee.service_pid, 0, wfp_pid()) }
    killPoint(.serviceNoted)
    if unsafe wfp_swap_if(&flow.pointee.accepted_cookie, previous, cookie) == 0 {
      if unsafe wfp_load(&flow.pointee.accepted_cookie) != cookie { return false }
    } else {
      // Somebody may have taken the slot for over meanwhile, and another flow may be in it: that one's service shall claim it.
      if !isStill(slot, word) {
        _ = unsafe wfp_swap_if(&flow.pointee.accepted_cookie, cookie, previous)
        return false
      }
      killPoint(.acceptedSet)
      unsafe flow.pointee.service_pid = wfp_pid()
      unsafe flow.pointee.service_path = ownPathNumber(self)
      unsafe flow.pointee.claimed = wfp_now(CLOCK_REALTIME)
    }
    // One socket takes all datagrams of an endpoint: its flows are found by their sources.
    if !slot.isDatagram && slot.segment.find(.accepted(cookie: cookie), self, { $0.number == slot.number }) == nil {
      _ = slot.segment.insert(.accepted(cookie: cookie), slot, self)
      if !isStill(slot, word) { slot.segment.remove(.accepted(cookie: cookie), slot, self) }
    }
    killPoint(.acceptedIndexed)
    if word.state == Int(WFP_PUBLISHED) {
      let claimed = SlotWord(state: Int(WFP_CLAIMED), generation: word.generation)
      if unsafe wfp_swap_if(&flow.pointee.state, word.raw, claimed.raw) != 0 { count(.claimed, slot) }
    }
    killPoint(.flowClaimed)
    if !slot.isDatagram { unsafe noteListener(Address(&flow.pointee.endpoint), flow.pointee.netns) }
    rememberServed(unsafe Address(&flow.pointee.endpoint), cookie: 0)
    rememberHeld(slot)
    watchDescriptor(fd)
    return true
  }
}
