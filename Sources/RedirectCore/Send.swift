import CEngine

/// Stages 1 to 3, 7 and 8 of a datagram that is sent with an address, or with records (SPEC S8.1, S8.2).
@c @implementation
func wfp_core_judges_datagrams() -> Int32 {
  let process = unsafe wfp_process()
  if unsafe wfp_load(&process.pointee.takes_datagrams) != 0 { return 1 }
  guard case .attached(let engine) = currentEngine() else { return unsafe process.pointee.required != 0 ? 1 : 0 }
  guard let policy = engine.policy() else { return 0 }
  return policy.head.accepts & UInt32(WFP_JUDGES_DATAGRAMS) != 0 ? 1 : 0
}

@c @implementation
func wfp_core_send(
  _ fd: Int32, _ name: UnsafeRawPointer?, _ length: UInt32, _ control: UnsafeRawPointer?, _ controlLength: Int,
  _ plan: UnsafeMutablePointer<wfp_datagram>
) -> Int32 {
  let kind = socketOption(fd, SOL_SOCKET, SO_PROTOCOL)
  if let kind, kind != udpLevel { return pass }
  let named = unsafe destination(name?.assumingMemoryBound(to: sockaddr.self), length)
  if unsafe named == nil && name != nil { return pass }  // the kernel shall judge it
  if kind == nil {
    return unsafe named != nil && wfp_process().pointee.required != 0 && isSocket(fd) ? -ENETDOWN : pass
  }
  guard case .attached(let engine) = currentEngine() else {
    return unsafe wfp_process().pointee.required != 0 && named != nil ? -ENETDOWN : pass
  }
  if let given = unsafe control, controlLength > 0, unsafe !isReadable(given, controlLength) { return pass }
  let messages = unsafe ControlReader(control, count: control == nil ? 0 : controlLength)
  let records = unsafe recordsAmong(messages)
  if unsafe named == nil && records == nil { return pass }
  guard let dialled = named ?? connectedDestination(fd) else { return pass }
  let outgoing = Outgoing(descriptor: fd, dialled: dialled, isAddressed: named != nil, messages: messages)
  if unsafe records == nil, let slot = outgoing.knownFlow() {
    slot.touch()
    return unsafe outgoing.fill(plan, slot)
  }
  // What goes to many is nobody's connection.
  if isMulticast(dialled) || isBroadcast(dialled) { return unsafe records == nil ? pass : -EINVAL }
  if let records = unsafe records, let cookie = socketCookie(fd) {
    let error = unsafe engine.setRecords(fd, cookie, records, to: dialled, isAddressed: outgoing.isAddressed)
    if error != 0 { return error }
    if !outgoing.isAddressed { return unsafe reconnect(outgoing, plan) }
  }
  var request = ConnectRequest(descriptor: fd, engine: engine, destination: dialled, isAddressed: true)
  return unsafe judge(&request, outgoing, plan, hasRecords: records != nil)
}

/// The records that travel as control data; the last ones count.
private func recordsAmong(_ messages: ControlReader) -> UnsafeRawBufferPointer? {
  var reader = messages
  var found: UnsafeRawBufferPointer?
  while let message = reader.next() {
    if message.level == ipLevel && message.type == Int32(IP_WFP_REDIRECT_RECORDS) { unsafe found = message.content }
  }
  return unsafe found
}

private func judge(
  _ request: inout ConnectRequest, _ outgoing: Outgoing, _ plan: UnsafeMutablePointer<wfp_datagram>, hasRecords: Bool
) -> Int32 {
  var connect = wfp_connect()
  let began = wfp_trace_began()
  let policy = request.engine.policy()
  if let policy, policy.head.filters.count > 0 {
    let required = unsafe wfp_process().pointee.required != 0
    let what = failClosed(unsafe decide(&request, policy, &connect), &request, required)
    if began != 0 { traceSend(began, request, connect, what) }
    if what == -EALREADY, let slot = flowOfAnotherThread(outgoing) { return unsafe outgoing.fill(plan, slot) }
    if what < 0 { return what == -EALREADY ? -EAGAIN : what }
    if what == redirected {
      guard let slot = flowOfAnotherThread(outgoing) else { return -EAGAIN }  // the table lost it at this very moment
      return unsafe outgoing.fill(plan, slot)
    }
  }
  return unsafe hasRecords ? outgoing.fill(plan, nil) : pass
}

/// Other threads may send the first datagram to the same destination at this very moment, and replace each other's flow:
/// what one of them publishes is this one's too. No send says EALREADY. Bounded, because that thread may have been killed.
private func flowOfAnotherThread(_ outgoing: Outgoing) -> Slot? {
  var turns = 0
  while turns < 2000 {
    if let slot = outgoing.knownFlow() { return slot }
    turns &+= 1
    wfp_yield()
  }
  return nil
}

/// Records for a socket that is connected already: what it connected to is asked for again, with the lineage.
private func reconnect(_ outgoing: Outgoing, _ plan: UnsafeMutablePointer<wfp_datagram>) -> Int32 {
  var address = sockaddr_storage()
  var connect = wfp_connect()
  let result = unsafe withUnsafeMutablePointer(to: &address) { at -> Int32 in
    let raw = UnsafeMutableRawPointer(at)
    let length = unsafe outgoing.dialled.writeSocketAddress(to: raw, familyNumber: outgoing.dialled.family)
    let size = UInt32(truncatingIfNeeded: length)
    let what = unsafe wfp_core_connect(outgoing.descriptor, raw.assumingMemoryBound(to: sockaddr.self), size, &connect)
    if what < 0 { return what }
    let made =
      unsafe what == redirected
      ? wfp_connect_socket(outgoing.descriptor, &connect.address, connect.length)
      : wfp_connect_socket(outgoing.descriptor, raw, size)
    unsafe wfp_core_connected(outgoing.descriptor, &connect, made)
    return made
  }
  return unsafe result < 0 ? result : outgoing.fill(plan, nil)
}

/// A datagram on its way out.
@safe
struct Outgoing {
  let descriptor: Int32
  let dialled: Address
  let isAddressed: Bool
  let messages: ControlReader

  /// The flow to which it belongs; one that was idle for too long is not taken up again, nor one whose datagrams have
  /// come back to this process since: with every turn of a loop the lineage grows (S4.4).
  func knownFlow() -> Slot? {
    guard let cookie = socketCookie(descriptor) else { return nil }
    return inEngines { engine in
      guard let slot = engine.slot(addressed: cookie, to: dialled), slot.word.isRedirected, engine.isRecent(slot) else {
        return nil
      }
      return isOutgrown(slot, engine) ? nil : slot
    }
  }

  private func isOutgrown(_ slot: Slot, _ engine: Engine) -> Bool {
    if unsafe slot.flow.pointee.set_hop_count > 0 { return false }
    guard let held = longestHeld(dialled, engine) else { return false }
    return unsafe held.number != slot.number && held.flow.pointee.hop_count >= slot.flow.pointee.hop_count
  }

  /// - Parameter slot: nil: it goes where it was dialled to.
  func fill(_ plan: UnsafeMutablePointer<wfp_datagram>, _ slot: Slot?) -> Int32 {
    var writer = unsafe ControlWriter(wfp_datagram_control(plan), limit: Int(WFP_CONTROL_MAX))
    var reader = messages
    let source = slot.map { unsafe Address(&$0.flow.pointee.source) }
    let hasSource = source?.isFlowSource ?? false
    while let message = reader.next() {
      if message.level == ipLevel && message.type == Int32(IP_WFP_REDIRECT_RECORDS) { continue }
      if hasSource && PacketInformation.isOne(message) { continue }
      writer.add(message)
    }
    if let source, hasSource { PacketInformation.write(source, dialled.family, to: &writer) }
    if writer.isTruncated { return -ENOBUFS }
    unsafe plan.pointee.control_length = UInt32(truncatingIfNeeded: writer.length)
    var shown = dialled
    if let slot {
      let endpoint = unsafe Address(&slot.flow.pointee.endpoint)
      shown = dialled.family == Address.ipv6 ? endpoint.mapped : endpoint
    }
    let length = unsafe withUnsafeMutablePointer(to: &plan.pointee.address) { at in
      unsafe shown.writeSocketAddress(to: UnsafeMutableRawPointer(at), familyNumber: shown.family)
    }
    unsafe plan.pointee.length = isAddressed ? UInt32(truncatingIfNeeded: length) : 0
    return redirected
  }
}

/// What a connected socket dialled.
private func connectedDestination(_ fd: Int32) -> Address? { dialledDestination(fd) ?? socketPeer(fd) }

private func isMulticast(_ address: Address) -> Bool {
  let plain = address.unmapped
  if plain.family == Address.ipv4 { return plain.high &>> 60 == 0xe || plain.high &>> 32 == 0xffff_ffff }
  return plain.high &>> 56 == 0xff
}

/// The question is put to the kernel: a connect without SO_BROADCAST. A socket that may not broadcast shall hear that,
/// too, and not from a service.
private func isBroadcast(_ address: Address) -> Bool {
  let plain = address.unmapped
  if plain.family != Address.ipv4 { return false }
  let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
  let asker = wfp_make_socket(AF_INET, type, 0)
  if asker < 0 { return false }
  defer { _ = wfp_close_descriptor(asker) }
  var storage = sockaddr_storage()
  return unsafe withUnsafeMutablePointer(to: &storage) { at in
    let length = unsafe plain.writeSocketAddress(to: UnsafeMutableRawPointer(at), familyNumber: plain.family)
    return unsafe wfp_connect_socket(asker, at, UInt32(truncatingIfNeeded: length)) == -EACCES
  }
}
