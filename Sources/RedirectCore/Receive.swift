import CEngine

/// What is received of UDP: on the application's side the source that it dialled (SPEC S7.2), on the service's side the
/// redirect context and records (S8.2). Only in processes that have to do with either.
@c @implementation
func wfp_core_is_datagram(_ fd: Int32) -> Int32 { socketOption(fd, SOL_SOCKET, SO_PROTOCOL) == udpLevel ? 1 : 0 }

@c @implementation
func wfp_core_receiving(_ fd: Int32, _ message: UnsafePointer<msghdr>?) -> Int32 {
  if wfp_core_is_datagram(fd) == 0 { return 0 }
  guard let message = unsafe message, unsafe isWritable(UnsafeRawPointer(message), MemoryLayout<msghdr>.size) else {
    return 0
  }
  return 1
}

@c @implementation
func wfp_core_received(
  _ fd: Int32, _ message: UnsafeMutablePointer<msghdr>, _ kernel: UnsafePointer<msghdr>,
  _ datagram: UnsafeMutablePointer<wfp_datagram>, _ flags: Int32
) {
  let incoming = unsafe Incoming(fd, kernel, datagram)
  unsafe incoming.giveName(to: message)
  var limit = unsafe Int(message.pointee.msg_controllen)
  let target = unsafe message.pointee.msg_control
  if unsafe target == nil || limit < 0 { limit = 0 }
  if unsafe limit > 0 && !isWritable(UnsafeRawPointer(target ?? UnsafeMutableRawPointer(message)), limit) { limit = 0 }
  var writer = unsafe ControlWriter(target, limit: limit)
  incoming.copyControl(to: &writer)
  incoming.claim(to: &writer, isPeeked: flags & Int32(truncatingIfNeeded: MSG_PEEK) != 0)
  let truncated = Int32(truncatingIfNeeded: MSG_CTRUNC)
  var seen = unsafe kernel.pointee.msg_flags
  if writer.isTruncated { seen |= truncated }
  unsafe message.pointee.msg_flags = seen
  unsafe message.pointee.msg_controllen = writer.length
}

/// A thread was waiting already when another one sent the socket's first datagram: what it got was received without the
/// shim, and is the answer to that one. How much room there was for the address nobody knows any more: only what the
/// kernel has written, since it is an endpoint's, is written over.
@c @implementation
func wfp_core_received_early(_ fd: Int32, _ address: UnsafeMutableRawPointer, _ length: UInt32) {
  guard length <= 28, unsafe isReadable(address, Int(length)),
    let source = unsafe Address(address, length: Int(length)),
    let cookie = socketCookie(fd), let slot = slotOfClient(cookie) ?? firstAddressedFlow(cookie), slot.isDatagram,
    Incoming.isFrom(source, slot)
  else { return }
  let dialled = unsafe Address(&slot.flow.pointee.destination)
  if dialled.family != source.family { return }
  unsafe address.storeBytes(of: dialled.port, toByteOffset: 2, as: UInt16.self)
  if dialled.family == Address.ipv4 {
    let host = UInt32(truncatingIfNeeded: dialled.high &>> 32).bigEndian
    unsafe address.storeBytes(of: host, toByteOffset: 4, as: UInt32.self)
  } else {
    unsafe address.storeBytes(of: dialled.high.bigEndian, toByteOffset: 8, as: UInt64.self)
    unsafe address.storeBytes(of: dialled.low.bigEndian, toByteOffset: 16, as: UInt64.self)
  }
}

/// A datagram that the kernel has given.
@safe
private struct Incoming {
  private let descriptor: Int32
  /// As the kernel says it.
  private let source: Address?
  private let name: UnsafeRawPointer
  private let nameLength: Int
  private let control: ControlReader
  /// The flow of which it is an answer.
  private let answered: Slot?

  init(_ descriptor: Int32, _ kernel: UnsafePointer<msghdr>, _ datagram: UnsafeMutablePointer<wfp_datagram>) {
    self.descriptor = descriptor
    unsafe name = UnsafeRawPointer(datagram)
    nameLength = unsafe Int(kernel.pointee.msg_namelen)
    unsafe control = ControlReader(
      wfp_datagram_control(datagram), count: Int(kernel.pointee.msg_controllen))
    let from = unsafe Address(name, length: nameLength)
    let messages = control
    source = from
    answered = from.flatMap { Incoming.answeredFlow(descriptor, $0, messages) }
  }

  private static func answeredFlow(_ fd: Int32, _ source: Address, _ control: ControlReader) -> Slot? {
    guard let cookie = socketCookie(fd) else { return nil }
    guard let own = socketName(fd) else { return nil }
    var destination = own.unmapped
    var reader = control
    while let message = reader.next() {
      if let to = PacketInformation.destination(of: message), to.isFlowSource { destination = to }
    }
    // What came to a flow's own address is that flow's, also when the socket was connected since.
    var connected: Slot?
    if !destination.isFlowSource, let slot = slotOfClient(cookie), slot.isDatagram, isFrom(source, slot) {
      if socketPeer(fd) != nil { return slot }
      connected = slot
    }
    destination.port = own.port
    let unchosen = Address(family: source.unmapped.family, port: own.port, high: 0, low: 0)
    return inEngines { engine in
      let isMeant = { (slot: Slot) -> Bool in
        unsafe slot.flow.pointee.client_cookie == cookie && slot.isAddressed && isFrom(source, slot)
      }
      if destination.isFlowSource { return engine.find(.tuple(source: destination, isDatagram: true), isMeant) }
      return engine.find(.tuple(source: destination, isDatagram: true), isMeant)
        ?? engine.find(.tuple(source: unchosen, isDatagram: true), isMeant)
    } ?? connected
  }

  /// Whether it comes from the service to which the flow goes, and the application shall not see that.
  fileprivate static func isFrom(_ source: Address, _ slot: Slot) -> Bool {
    let endpoint = unsafe Address(&slot.flow.pointee.endpoint)
    let isFaithful = unsafe slot.flow.pointee.flags & UInt32(WFP_FLOW_FAITHFUL) != 0
    return slot.word.isRedirected && !isFaithful && endpoint.port == source.port && endpoint.sameHost(as: source)
  }

  func giveName(to message: UnsafeMutablePointer<msghdr>) {
    guard let target = unsafe message.pointee.msg_name else { return }
    let capacity = unsafe Int(message.pointee.msg_namelen)
    guard let answered else { return unsafe give(name, nameLength, to: target, capacity, message) }
    var storage = sockaddr_storage()
    unsafe withUnsafeMutablePointer(to: &storage) { at in
      let raw = UnsafeMutableRawPointer(at)
      let dialled = unsafe Address(&answered.flow.pointee.destination)
      let length = unsafe dialled.writeSocketAddress(to: raw, familyNumber: dialled.family)
      unsafe give(UnsafeRawPointer(raw), length, to: target, capacity, message)
    }
  }

  private func give(
    _ from: UnsafeRawPointer, _ length: Int, to target: UnsafeMutableRawPointer, _ capacity: Int,
    _ message: UnsafeMutablePointer<msghdr>
  ) {
    let shown = length < capacity ? length : capacity
    if unsafe shown > 0 && isWritable(UnsafeRawPointer(target), shown) {
      unsafe target.copyMemory(from: from, byteCount: shown)
    }
    unsafe message.pointee.msg_namelen = socklen_t(truncatingIfNeeded: length)
  }

  /// What the kernel gave, without what the shim alone asked for.
  func copyControl(to writer: inout ControlWriter) {
    let isHidden = hidesPacketInformation(descriptor)
    var reader = control
    while let message = reader.next() {
      if !isHidden || !PacketInformation.isOne(message) { writer.add(message) }
    }
  }

  /// Stage 4 and 5: the first datagram of a flow brings what the callout attached. One whose control data did not fit
  /// stays the first one.
  func claim(to writer: inout ControlWriter, isPeeked: Bool) {
    guard let source, answered == nil, let cookie = socketCookie(descriptor) else { return }
    let wants = wishes(cookie)
    _ = currentEngine()  // it may be younger than this process, and than this very receive (S4.1)
    let isKnown = inEngines { $0.isReadBy(cookie, source) ? true : nil } ?? false
    if isKnown { return }
    guard
      let (slot, engine) = inEngines({ engine in engine.unread(descriptor, source, cookie).map { ($0, engine) } })
    else { return }
    // An older flow of the same source that nobody read does not make this one new.
    if unsafe wfp_load(&slot.flow.pointee.accepted_cookie) == cookie { return }
    if wants & UInt64(WFP_WANTS_CONTEXT) != 0, let context = unsafe slot.context, context.count > 0 {
      unsafe writer.add(ipLevel, Int32(IP_WFP_REDIRECT_CONTEXT), context)
    }
    if wants & UInt64(WFP_WANTS_RECORDS) != 0 { engine.addRecords(slot, to: &writer) }
    if !isPeeked && !writer.isTruncated {
      _ = engine.claim(descriptor, source: source, cookie: cookie, isDatagram: true)
    }
  }
}

extension Engine {
  /// Whether the flow from `source` has brought its context to this socket.
  fileprivate func isReadBy(_ cookie: UInt64, _ source: Address) -> Bool {
    let source = source.unmapped
    let unchosen = Address(family: source.family, port: source.port, high: 0, low: 0)
    var result = false
    let look = { (slot: Slot) -> Bool in
      if !slot.isDatagram || !slot.word.isRedirected { return false }
      let from = unsafe Address(&slot.flow.pointee.source)
      if from.port != source.port || !from.isAny && !from.sameHost(as: source) { return false }
      if unsafe wfp_load(&slot.flow.pointee.accepted_cookie) != cookie {
        result = false
        return true  // one that is new decides
      }
      result = true
      return false
    }
    if find(.tuple(source: source, isDatagram: true), look) == nil && !result {
      _ = find(.tuple(source: unchosen, isDatagram: true), look)
    }
    return result
  }

  /// The flow from `source` as it would be claimed.
  fileprivate func unread(_ fd: Int32, _ source: Address, _ cookie: UInt64) -> Slot? {
    published(to: fd, source: source.unmapped, cookie: cookie, isDatagram: true)
  }

  fileprivate func addRecords(_ slot: Slot, to writer: inout ControlWriter) {
    guard let attachment = slot.attachment else { return }
    let (hops, count) = unsafe (attachment.hops, attachment.hopCount)
    let length = Engine.recordsLength(count)
    if length > Int(WFP_RECORDS_MAX) { return }
    var header = unsafe recordsHeader(slot.flow.pointee.application, hops, count)
    unsafe withUnsafePointer(to: &header) {
      unsafe writer.add(
        ipLevel, Int32(IP_WFP_REDIRECT_RECORDS),
        UnsafeRawBufferPointer(start: $0, count: MemoryLayout<wfp_records>.size),
        UnsafeRawBufferPointer(start: hops, count: length &- MemoryLayout<wfp_records>.size))
    }
  }
}
