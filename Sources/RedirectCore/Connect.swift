import CEngine

/// Stages 1 to 3, 7 and 8: what a connect shall do.
@c @implementation
func wfp_core_connect(
  _ fd: Int32, _ address: UnsafePointer<sockaddr>?, _ length: UInt32, _ plan: UnsafeMutablePointer<wfp_connect>
) -> Int32 {
  let required = unsafe wfp_process().pointee.required != 0
  // One that took part before: without a redirect it shall connect as if it had not.
  defer { if unsafe plan.pointee.length == 0 && isWatched(fd) { loosenSource(fd) } }
  if unsafe wfp_load(&wfp_process().pointee.takes_datagrams) != 0 && isWatched(fd) { loosenDatagramSocket(fd) }
  guard case .attached(let engine) = currentEngine() else {
    if !required { return pass }
    return unsafe destination(address, length) == nil ? pass : -ENETDOWN
  }
  guard let policy = engine.policy(), policy.head.filters.count > 0 else { return pass }
  guard let destination = unsafe destination(address, length) else { return pass }
  var request = ConnectRequest(descriptor: fd, engine: engine, destination: destination)
  return failClosed(unsafe decide(&request, policy, plan), &request, required)
}

/// A connect, or a datagram, that may go on only because the kernel does not say what the socket is: with WFPSHIM_REQUIRED=1 it fails
/// (SPEC S10.3).
func failClosed(_ result: Int32, _ request: inout ConnectRequest, _ required: Bool) -> Int32 {
  if result != pass && result != unknownSocket { return result }
  if !required || (result == pass && !request.isGuess()) { return pass }
  return -ENETDOWN
}

let pass: Int32 = 0
let redirected: Int32 = 1
/// A filter would redirect it, but the kernel does not say what address the socket has.
let unknownSocket: Int32 = 2

/// The address that the application dialled; nil for what is not ours: another family, or a pointer that the kernel
/// shall judge.
func destination(_ address: UnsafePointer<sockaddr>?, _ length: UInt32) -> Address? {
  guard let address = unsafe address, length >= 16, length <= 128 else { return nil }
  let raw = unsafe UnsafeRawPointer(address)
  if unsafe !isReadable(raw, Int(length)) { return nil }
  return unsafe Address(raw, length: Int(length))
}

func decide(
  _ request: inout ConnectRequest, _ first: PolicyImage, _ plan: UnsafeMutablePointer<wfp_connect>
) -> Int32 {
  var policy = first
  var attempts = 0
  while attempts < 64 {
    attempts &+= 1
    // What a policy said that was replaced meanwhile is not told.
    unsafe plan.pointee.outcome = UInt32(WFP_TRACE_DIRECT)
    unsafe plan.pointee.filter_id = 0
    let result = unsafe decideOnce(&request, policy, plan)
    if result != policyReplaced && (result == redirected || request.engine.stillWhole(policy)) { return result }
    guard let next = request.engine.policy() else { return pass }
    policy = next
    request.chosen = nil
  }
  return -ENETDOWN
}

private func decideOnce(
  _ request: inout ConnectRequest, _ policy: PolicyImage, _ plan: UnsafeMutablePointer<wfp_connect>
) -> Int32 {
  killPoint(.policyFound)
  let verdict = policy.classify(&request)
  killPoint(.policyJudged)
  switch verdict {
  case .pass:
    if let slot = request.slotIfSought { unsafe request.destination.store(to: &slot.flow.pointee.destination) }
    return pass
  case .block(let filter):
    if isOfAnotherLibrary(&request) { return pass }
    // What is told and counted was not read of two policies.
    if !request.engine.stillWhole(policy) { return policyReplaced }
    request.engine.count(.blocked)
    unsafe note(plan, WFP_TRACE_BLOCKED, filter)
    unsafe logBlocked(request.destination, policy.bytes(filter.pointee.name))
    return -EACCES
  case .redirect(let redirect):
    if isOfAnotherLibrary(&request) { return pass }
    // Of the protocols that can connect these two have flows to redirect.
    let isDatagram = request.protocolNumber() == udpLevel
    if !isDatagram && request.protocolNumber() != tcpLevel { return pass }
    if !isDatagram, let slot = request.slot(), slot.word.isRedirected, isUnderWay(request.descriptor) {
      unsafe aim(plan, Address(&slot.flow.pointee.endpoint), request.destination)
      return redirected
    }
    switch unsafe policy.chooseEndpoint(redirect.provider, &request) {
    case .listening(let endpoint): return unsafe publish(&request, policy, redirect, endpoint, plan)
    case .none:
      if !request.engine.stillWhole(policy) { return policyReplaced }
      unsafe note(plan, WFP_TRACE_NOT_LISTENING, redirect.filter)
      unsafe request.engine.count(.refused, provider: redirect.provider.pointee.interned_name)
      logNotListening(request.destination, policy, redirect)
      return -ECONNREFUSED
    }
  }
}

/// Two versions of this library in one process: what reaches this one is the other's connect to the endpoint, for which
/// it has just published the flow. Asked only when a filter matches.
private func isOfAnotherLibrary(_ request: inout ConnectRequest) -> Bool {
  guard let slot = request.slot(), slot.word.state == Int(WFP_PUBLISHED) else { return false }
  let endpoint = unsafe Address(&slot.flow.pointee.endpoint)
  return slot.client.pid == wfp_pid() && endpoint.port == request.remote.port
    && endpoint.sameHost(as: request.remote)
    && (request.protocolNumber() == udpLevel || !isUnderWay(request.descriptor))
}

/// A repeated connect: the kernel answers EALREADY, EISCONN or 0, and nothing is published (SPEC S7.3).
private func isUnderWay(_ descriptor: Int32) -> Bool {
  tcpState(descriptor) != UInt8(truncatingIfNeeded: TCP_CLOSE)
}

private func publish(
  _ request: inout ConnectRequest, _ policy: PolicyImage, _ redirect: Redirect, _ endpoint: Address,
  _ plan: UnsafeMutablePointer<wfp_connect>
) -> Int32 {
  if request.engine.isOverLimit(redirect, &request) {
    if !request.engine.stillWhole(policy) { return policyReplaced }
    unsafe note(plan, WFP_TRACE_OVER_LIMIT, redirect.filter)
    unsafe request.engine.count(.loops, provider: redirect.provider.pointee.interned_name)
    return -ELOOP
  }
  let outcome =
    request.protocolNumber() == udpLevel
    ? bindDatagramSource(&request, to: endpoint)
    : bindSource(request.descriptor, for: request.destination, to: endpoint, cookie: request.cookie(), request.engine)
  switch outcome {
  case .notFresh: return pass
  case .unknown: return unknownSocket
  case .failed(let error): return error
  case .bound(let bound):
    let publication = Publication(policy: policy, redirect: redirect, endpoint: endpoint, bound: bound)
    let (slot, error) = request.engine.publish(publication, &request)
    guard let slot else {
      // EALREADY: another thread publishes this flow, and a datagram takes what it made.
      if error != policyReplaced && !(error == -EALREADY && request.isAddressed) {
        logNotPublished(request.destination, 0 &- error)
      }
      return error
    }
    unsafe aim(plan, endpoint, request.destination)
    unsafe plan.pointee.slot = slot.number
    unsafe plan.pointee.generation = slot.flow.pointee.generation
    unsafe note(plan, WFP_TRACE_REDIRECTED, redirect.filter)
    watchDescriptor(request.descriptor)
    if request.protocolNumber() == udpLevel { takeDatagrams() }
    killPoint(.connectPlanned)
    return redirected
  }
}

/// What `wfpctl trace` tells of it.
private func note(_ plan: UnsafeMutablePointer<wfp_connect>, _ outcome: Int, _ filter: UnsafePointer<wfp_filter>) {
  unsafe plan.pointee.outcome = UInt32(truncatingIfNeeded: outcome)
  unsafe plan.pointee.filter_id = filter.pointee.id
}

/// Fills in the endpoint in the family of the application's socket.
func aim(_ plan: UnsafeMutablePointer<wfp_connect>, _ endpoint: Address, _ destination: Address) {
  let shown = destination.family == Address.ipv6 ? endpoint.mapped : endpoint
  let length = unsafe withUnsafeMutablePointer(to: &plan.pointee.address) { at in
    unsafe shown.writeSocketAddress(to: UnsafeMutableRawPointer(at), familyNumber: shown.family)
  }
  unsafe plan.pointee.length = UInt32(truncatingIfNeeded: length)
  unsafe plan.pointee.slot = 0
}

/// The result of the real connect. What may still become a connection stays published.
@c @implementation
func wfp_core_connected(_ fd: Int32, _ plan: UnsafePointer<wfp_connect>, _ result: Int32) {
  let number = unsafe plan.pointee.slot
  if number == 0 { return }
  guard let engine = mappedEngine() else { return }
  let generation = unsafe plan.pointee.generation
  if result == 0 || result == -EINPROGRESS || result == -EINTR {
    engine.noteConnected(number: number, generation: generation)
  } else {
    engine.unpublish(number: number, generation: generation)
  }
}

private func logBlocked(_ destination: Address, _ filter: UnsafeRawBufferPointer) {
  log { line in
    line.add("blocked: connect to ")
    line.add(destination)
    line.add(" by filter ")
    unsafe line.add(filter)
  }
}

private func logNotListening(_ destination: Address, _ policy: PolicyImage, _ redirect: Redirect) {
  log { line in
    line.add("refused: connect to ")
    line.add(destination)
    line.add(": filter ")
    unsafe line.add(policy.bytes(redirect.filter.pointee.name))
    line.add(" redirects it to ")
    unsafe line.add(policy.bytes(redirect.provider.pointee.name))
    if unsafe policy.takesPrograms(redirect.provider) {
      line.add(", of which no endpoint is listening")
    } else {
      line.add(", which accepts connections with a PROXY header only")
    }
  }
}

private func logNotPublished(_ destination: Address, _ error: Int32) {
  log { line in
    line.add("refused: connect to ")
    line.add(destination)
    if error == ENOBUFS {
      line.add(": the flow table is full")
    } else {
      line.add(": the flow could not be published, errno ")
      line.add(UInt64(truncatingIfNeeded: error))
    }
  }
}
