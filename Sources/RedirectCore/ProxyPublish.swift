import CEngine

/// A connection for which nothing was published, as the flow that it becomes when its service has it.
@safe
struct Arrival {
  let descriptor: Int32
  let cookie: UInt64
  /// The other end, as the kernel sees it; nil after a reset.
  let peer: Address?
  let endpoint: Address
  let policy: PolicyImage
  let provider: UnsafePointer<wfp_provider>
  let source: Address
  let destination: Address
  /// A PROXY header stands in its stream.
  let isUnread: Bool
  /// What travelled in that header.
  let records: CarriedRecords?
  let context: CarriedContext?
}

extension PolicyImage {
  /// The provider whose connections come to `local` with a PROXY header.
  func provider(acceptingHeadersOn local: Address) -> UnsafePointer<wfp_provider>? {
    let head = head
    if head.accepts & UInt32(WFP_ACCEPTS_PROXY_V2) == 0 { return nil }
    guard let providers = rows(head.providers, of: wfp_provider.self) else { return nil }
    var i: UInt32 = 0
    while i < providers.count {
      let provider = unsafe providers[i]
      i &+= 1
      if unsafe provider.pointee.accepts & UInt32(WFP_ACCEPTS_PROXY_V2) == 0 { continue }
      guard let endpoints = unsafe rows(provider.pointee.endpoints, of: wfp_address.self) else { continue }
      var j: UInt32 = 0
      while j < endpoints.count {
        let endpoint = unsafe Address(endpoints[j])
        j &+= 1
        if endpoint.port == local.port && endpoint.sameHost(as: local) { return unsafe provider }
      }
    }
    return nil
  }
}

extension Engine {
  /// Publishes a flow that its service has already: CLAIMED, and UNREAD until its header is out of the stream.
  /// - Returns: Its slot, or -errno: policyReplaced, EINVAL the context would be too large, ENETDOWN
  ///   the table is full.
  func publish(_ arrival: Arrival) -> (slot: Slot?, error: Int32) {
    let records = arrival.records
    var application = records?.application ?? wfp_application()
    if let path = records?.path { application.path = internForeign(path) }
    let flowId = makeFlowId(arrival.cookie)
    var filter = wfp_filter()  // none sent it here
    return unsafe withUnsafePointer(to: &filter) { filter in
      let source = unsafe ContextSource(
        destination: arrival.destination, local: arrival.source, application: application,
        path: records?.path.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0), protocolNumber: tcpLevel,
        flowId: flowId,
        filter: filter)
      let contextLength = contextLength(arrival, source)
      if contextLength > Int(WFP_CONTEXT_MAX) { return (nil, -EINVAL) }
      let hopCount = (records?.hopCount ?? 0) &+ 1
      guard let slot = allocate(bytes: Int(hopCount) &* MemoryLayout<wfp_hop>.size &+ contextLength) else {
        return (nil, -ENETDOWN)
      }
      let flow = unsafe slot.flow
      unsafe flow.pointee.hop_count = UInt16(truncatingIfNeeded: hopCount)
      unsafe flow.pointee.set_hop_count = UInt16(truncatingIfNeeded: hopCount &- 1)
      unsafe flow.pointee.context_length = UInt32(truncatingIfNeeded: contextLength)
      unsafe flow.pointee.application = application
      if let hops = unsafe slot.hops {
        unsafe records?.copyHops(to: hops, self)
        unsafe writeHop(hops + Int(hopCount &- 1), arrival, flowId)
      }
      writeContext(slot, arrival, source)
      writeEnds(slot, arrival)
      if !stillWhole(arrival.policy) {
        free(slot)
        return (nil, policyReplaced)
      }
      if !slot.segment.insert(.accepted(cookie: arrival.cookie), slot, self) {
        free(slot)
        return (nil, -ENETDOWN)
      }
      notePublished()
      slot.settle(Int(WFP_CLAIMED))
      unsafe count(.published, provider: arrival.provider.pointee.interned_name)
      unsafe count(.claimed, provider: arrival.provider.pointee.interned_name)
      killPoint(.headerPublished)
      return (slot, 0)
    }
  }

  /// The context that travelled, if it is for this provider.
  private func carriedContext(_ arrival: Arrival) -> UnsafeRawBufferPointer? {
    guard let carried = arrival.context, let guid = unsafe carried.provider.bytes.baseAddress,
      unsafe sameGuid(guid, UnsafeRawPointer(arrival.provider))
    else { return nil }
    return unsafe carried.content.bytes
  }

  private func contextLength(_ arrival: Arrival, _ source: ContextSource) -> Int {
    if let carried = unsafe carriedContext(arrival) { return carried.count }
    if unsafe arrival.provider.pointee.has_context == 0 { return 0 }
    var measure = unsafe ContextWriter(nil, limit: Int.max)
    unsafe measure.write(arrival.provider, of: arrival.policy, source)
    return measure.length
  }

  private func writeContext(_ slot: Slot, _ arrival: Arrival, _ source: ContextSource) {
    guard let context = unsafe slot.context, context.count > 0, let start = context.baseAddress else { return }
    var writer = unsafe ContextWriter(UnsafeMutableRawPointer(mutating: start), limit: context.count)
    if let carried = unsafe carriedContext(arrival) {
      unsafe writer.add(carried)
    } else {
      unsafe writer.write(arrival.provider, of: arrival.policy, source)
    }
  }

  private func writeHop(_ hop: UnsafeMutablePointer<wfp_hop>, _ arrival: Arrival, _ flowId: (UInt64, UInt64)) {
    let raw = UnsafeMutableRawPointer(hop)
    unsafe raw.storeBytes(of: flowId.0, as: UInt64.self)
    unsafe raw.storeBytes(of: flowId.1, toByteOffset: 8, as: UInt64.self)
    unsafe (raw + 16).copyMemory(from: UnsafeRawPointer(arrival.provider), byteCount: 16)
    unsafe hop.pointee.filter_id = 0
    unsafe hop.pointee.time = wfp_now(CLOCK_REALTIME)
    unsafe hop.pointee.provider_name = arrival.provider.pointee.interned_name
    unsafe hop.pointee.filter_name = 0
    unsafe hop.pointee.flags = 0
    unsafe hop.pointee.reserved = 0
  }

  private func writeEnds(_ slot: Slot, _ arrival: Arrival) {
    let flow = unsafe slot.flow
    let now = wfp_now(CLOCK_REALTIME)
    unsafe flow.pointee.flags = arrival.isUnread ? UInt32(WFP_FLOW_UNREAD) : 0
    unsafe flow.pointee.netns = networkNamespace(arrival.descriptor)
    unsafe flow.pointee.published = now
    unsafe flow.pointee.claimed = now
    unsafe flow.pointee.client_pid = 0
    unsafe flow.pointee.client_mark = 0
    unsafe flow.pointee.client_path = 0
    unsafe flow.pointee.service_pid = wfp_pid()
    unsafe flow.pointee.service_path = ownPathNumber(self)
    let nobody = Address(family: 0, port: 0, high: 0, low: 0)
    unsafe (arrival.peer?.unmapped ?? nobody).store(to: &flow.pointee.source)
    unsafe arrival.endpoint.store(to: &flow.pointee.endpoint)
    unsafe arrival.destination.store(to: &flow.pointee.destination)
    unsafe arrival.source.store(to: &flow.pointee.local)
    unsafe wfp_store(&flow.pointee.accepted_cookie, arrival.cookie)
  }
}
