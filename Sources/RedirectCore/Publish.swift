import CEngine

/// Stage 3: the flow is in the engine before the SYN leaves, so the service always finds it (DESIGN D2).
@safe
struct Publication {
  let policy: PolicyImage
  let redirect: Redirect
  let endpoint: Address
  let bound: BoundSource
}

/// The policy was replaced while it was read, and the connect is to be classified once more. Not a number that any call
/// which ends up at the application has: EAGAIN is what a socket of UDP gets when no port is left.
let policyReplaced: Int32 = -ESTALE

extension Engine {
  /// Publishes a flow for the request's socket.
  /// - Returns: Its slot, or -errno: EALREADY another thread is at this socket, ENOBUFS the table is full, EMSGSIZE the
  ///   context is too large, policyReplaced.
  func publish(_ publication: Publication, _ request: inout ConnectRequest) -> (slot: Slot?, error: Int32) {
    let (cookie, destination, isAddressed) = (request.cookie(), request.destination, request.isAddressed)
    let previous = repaired(request.slot()) {
      isAddressed ? slot(addressed: cookie, to: destination) : slot(client: cookie)
    }
    let carries = previous.map { $0.word.state == Int(WFP_CARRYING) } ?? false
    if let previous, carries || !previous.word.isSettled {
      let word = previous.word
      if !word.isSettled || !previous.take(word) { return (nil, -EALREADY) }
    }
    let result = publish(publication, &request, replacing: previous)
    if let previous { end(previous, carries, replacedBy: result.slot) }
    return result
  }

  /// - Parameter new: nil when it could not be published.
  private func end(_ previous: Slot, _ carries: Bool, replacedBy new: Slot?) {
    guard let new else {
      if carries { restore(previous) }
      return
    }
    if carries {
      free(previous)
      killPoint(.carryingReplaced)
      return
    }
    let word = previous.word
    if isShadowed(previous, word, by: new) && previous.take(word) {
      free(previous)
    } else {
      leave(previous)
    }
  }

  /// Whether an earlier flow of the socket was given up before the real connect, and has the addresses of the new one:
  /// nobody can accept it any more. Its process was killed there, and another one has the socket too.
  private func isShadowed(_ previous: Slot, _ word: SlotWord, by slot: Slot) -> Bool {
    if word.state != Int(WFP_PUBLISHED) || previous.isDatagram { return false }
    if unsafe wfp_load(&previous.flow.pointee.accepted_cookie) != 0 { return false }
    return unsafe Address(&previous.flow.pointee.source) == Address(&slot.flow.pointee.source)
      && Address(&previous.flow.pointee.endpoint) == Address(&slot.flow.pointee.endpoint)
  }

  /// An earlier flow of this socket: its service may still hold it (S2.13), but it is no longer the socket's.
  private func leave(_ previous: Slot) {
    let flow = unsafe previous.flow
    previous.segment.remove(previous.ownerKey, previous, self)
    if previous.isAddressed {
      unsafe previous.segment.remove(.client(cookie: flow.pointee.client_cookie), previous, self)
    }
    killPoint(.previousUnindexed)
    unsafe wfp_store(&flow.pointee.client_cookie, 0)
    killPoint(.previousLeft)
    unsafe wfp_or32(&flow.pointee.hints, UInt32(WFP_HINT_CLIENT_CLOSED))
  }

  private func publish(
    _ publication: Publication, _ request: inout ConnectRequest, replacing previous: Slot?
  ) -> (slot: Slot?, error: Int32) {
    let base = baseHops(previous, request.destination)
    let own = ownApplication(self)
    var application = own
    if let previous, unsafe previous.flow.pointee.set_hop_count > 0 {
      application = unsafe previous.flow.pointee.application
    }
    let flowId = makeFlowId(request.cookie())
    let source = unsafe ContextSource(
      destination: request.destination, local: publication.bound.local, application: application,
      path: string(application.path), protocolNumber: request.protocolNumber(), flowId: flowId,
      filter: publication.redirect.filter)
    let contextLength = contextLength(publication, source)
    if contextLength > Int(WFP_CONTEXT_MAX) { return (nil, -EMSGSIZE) }
    let hopCount = Int(base.count) &+ 1
    let bytes = hopCount &* MemoryLayout<wfp_hop>.size &+ contextLength
    guard let slot = allocate(bytes: bytes) else { return (nil, -ENOBUFS) }
    let flow = unsafe slot.flow
    unsafe flow.pointee.hop_count = UInt16(truncatingIfNeeded: hopCount)
    unsafe flow.pointee.set_hop_count = base.inherited ? 0 : UInt16(truncatingIfNeeded: base.count)
    unsafe flow.pointee.context_length = UInt32(truncatingIfNeeded: contextLength)
    unsafe flow.pointee.application = application
    slot.setClient(path: own.path)
    if let hops = unsafe slot.hops {
      unsafe copyHops(base, to: hops)
      unsafe writeHop(hops + Int(base.count), publication, flowId)
    }
    killPoint(.hopsWritten)
    writeContext(slot, publication, source)
    killPoint(.contextWritten)
    writeTuple(slot, publication, &request)
    killPoint(.tupleWritten)
    let error = show(slot, publication, &request, replacing: previous)
    if error == 0 { return (slot, 0) }
    free(slot)
    return (nil, error)
  }

  /// A slot that is written goes into the index, and into force.
  private func show(
    _ slot: Slot, _ publication: Publication, _ request: inout ConnectRequest, replacing previous: Slot?
  ) -> Int32 {
    if !stillWhole(publication.policy) { return policyReplaced }
    if !slot.segment.insert(slot.ownerKey, slot, self) { return -ENOBUFS }
    killPoint(.ownerIndexed)
    if !slot.segment.insert(slot.tupleKey, slot, self) { return -ENOBUFS }
    killPoint(.tupleIndexed)
    // The first flow of a socket is what its close finds.
    let cookie = request.cookie()
    let isFirst = { (other: Slot) -> Bool in
      unsafe other.isAddressed && other.flow.pointee.client_cookie == cookie && other.number != previous?.number
    }
    if request.isAddressed && find(.client(cookie: cookie), isFirst) == nil {
      _ = slot.segment.insert(.client(cookie: cookie), slot, self)
    }
    notePublished()
    slot.settle(Int(WFP_PUBLISHED))
    killPoint(.flowPublished)
    unsafe count(.published, provider: publication.redirect.provider.pointee.interned_name)
    killPoint(.flowCounted)
    return 0
  }

  private func contextLength(_ publication: Publication, _ source: ContextSource) -> Int {
    if unsafe publication.redirect.provider.pointee.has_context == 0 { return 0 }
    var measure = unsafe ContextWriter(nil, limit: Int.max)
    unsafe measure.write(publication.redirect.provider, of: publication.policy, source)
    return measure.length
  }

  private func writeContext(_ slot: Slot, _ publication: Publication, _ source: ContextSource) {
    guard let context = unsafe slot.context, context.count > 0, let start = context.baseAddress else { return }
    var writer = unsafe ContextWriter(UnsafeMutableRawPointer(mutating: start), limit: context.count)
    unsafe writer.write(publication.redirect.provider, of: publication.policy, source)
  }

  private func writeTuple(_ slot: Slot, _ publication: Publication, _ request: inout ConnectRequest) {
    let flow = unsafe slot.flow
    unsafe flow.pointee.client_cookie = request.cookie()
    unsafe flow.pointee.netns = request.namespace()
    unsafe flow.pointee.published = wfp_now(CLOCK_REALTIME)
    let faithful = unsafe publication.redirect.set.pointee.flags & UInt32(WFP_SET_PEER_NAME_FAITHFUL) != 0
    let isDatagram = request.protocolNumber() == udpLevel
    unsafe flow.pointee.flags =
      (faithful ? UInt32(WFP_FLOW_FAITHFUL) : 0)
      | (isDatagram ? UInt32(WFP_FLOW_DATAGRAM) : UInt32(WFP_FLOW_CONNECTING))
      | (request.isAddressed ? UInt32(WFP_FLOW_ADDRESSED) : 0)
    if isDatagram { unsafe flow.pointee.unseen = steadyTime() }
    let endpoint = publication.endpoint.unmapped
    var source = publication.bound.source
    if source.isAny {
      source = Address(family: endpoint.family, port: source.port, high: 0, low: 0)
    } else {
      source = source.unmapped
    }
    unsafe source.store(to: &flow.pointee.source)
    unsafe endpoint.store(to: &flow.pointee.endpoint)
    unsafe request.destination.store(to: &flow.pointee.destination)
    unsafe publication.bound.local.store(to: &flow.pointee.local)
  }

  private func writeHop(_ hop: UnsafeMutablePointer<wfp_hop>, _ publication: Publication, _ flowId: (UInt64, UInt64)) {
    let raw = UnsafeMutableRawPointer(hop)
    unsafe raw.storeBytes(of: flowId.0, as: UInt64.self)
    unsafe raw.storeBytes(of: flowId.1, toByteOffset: 8, as: UInt64.self)
    unsafe (raw + 16).copyMemory(from: UnsafeRawPointer(publication.redirect.provider), byteCount: 16)
    unsafe hop.pointee.filter_id = publication.redirect.filter.pointee.id
    unsafe hop.pointee.time = wfp_now(CLOCK_REALTIME)
    unsafe hop.pointee.provider_name = publication.redirect.provider.pointee.interned_name
    unsafe hop.pointee.filter_name = publication.redirect.filter.pointee.interned_name
    unsafe hop.pointee.flags = 0
    unsafe hop.pointee.reserved = 0
  }

  /// Before the first flow is one: whoever accepts asks for flows from now on.
  func notePublished() {
    if unsafe wfp_load(&flowHeader.pointee.published) == 0 { unsafe wfp_store(&flowHeader.pointee.published, 1) }
  }

  /// A number for each publication: clocks differ between processes, and are set.
  func nextSequence() -> UInt64 { unsafe wfp_add(&flowHeader.pointee.sequence, 1) &+ 1 }

  /// Unguessable without the engine's key, and never the same twice.
  func makeFlowId(_ cookie: UInt64) -> (UInt64, UInt64) {
    var hash = unsafe SipHash(key: (header.pointee.key.0, header.pointee.key.1))
    hash.add(cookie)
    hash.add(nextSequence())
    hash.add(UInt64(wfp_pid()))
    return hash.finish()
  }
}
