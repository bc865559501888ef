import CEngine

/// A connect that is being classified (FWPS_CONNECT_REQUEST). What costs a system call is asked for when the
/// first condition needs it, so that a connect which no filter can match costs none (DESIGN P2).
@safe
struct ConnectRequest {
  let descriptor: Int32
  let engine: Engine
  /// As dialled.
  let destination: Address
  /// The same, an IPv4-mapped address as IPv4: what conditions compare.
  let remote: Address
  /// A datagram that is sent with an address: the socket may have many such flows.
  let isAddressed: Bool
  private var knownProtocol: Int32?
  private var knownLocal: Address?
  private var knownUser: UInt32?
  private var knownCookie: UInt64?
  private var knownNamespace: UInt64?
  private var knownSlot: Slot?
  private var knownPath: UnsafeRawBufferPointer?
  private var soughtSlot = false
  /// The endpoint that was last chosen, and for which provider (its offset in the image).
  var chosen: (provider: Int, endpoint: Address)?

  init(descriptor: Int32, engine: Engine, destination: Address, isAddressed: Bool = false) {
    self.isAddressed = isAddressed
    self.descriptor = descriptor
    self.engine = engine
    self.destination = destination
    remote = destination.unmapped
  }

  /// IPPROTO_*; -1 when the kernel does not say.
  mutating func protocolNumber() -> Int32 {
    if let known = knownProtocol { return known }
    let value = socketOption(descriptor, SOL_SOCKET, SO_PROTOCOL) ?? -1
    knownProtocol = value
    return value
  }

  /// The kernel refused to say what this socket is (a sandbox may forbid to ask): that no filter wants it, is a guess.
  /// Of what is no socket it says so, and will say it of the connect too.
  mutating func isGuess() -> Bool {
    if knownProtocol != -1 && knownLocal?.family != 0 { return false }
    return isSocket(descriptor)
  }

  mutating func cookie() -> UInt64 {
    if let known = knownCookie { return known }
    let value = socketCookie(descriptor) ?? 0
    knownCookie = value
    return value
  }

  /// SO_NETNS_COOKIE.
  mutating func namespace() -> UInt64 {
    if let known = knownNamespace { return known }
    let value = networkNamespace(descriptor)
    knownNamespace = value
    return value
  }

  /// The slot of this socket: records that were set on it, or an earlier redirect.
  mutating func slot() -> Slot? {
    if !soughtSlot {
      soughtSlot = true
      let cookie = cookie()
      if cookie == 0 { return nil }
      knownSlot = isAddressed ? engine.slot(addressed: cookie, to: destination) : engine.slot(client: cookie)
    }
    return knownSlot
  }

  /// The slot if a redirect filter matched and asked for it, and it only carries records: the last leg of a chain.
  var slotIfSought: Slot? {
    guard let slot = knownSlot, slot.word.state == Int(WFP_CARRYING) else { return nil }
    return slot
  }

  /// The bound local address; an unspecified one when the socket is not bound.
  mutating func local() -> Address {
    if let known = knownLocal { return known }
    let value = (socketName(descriptor) ?? Address(family: 0, port: 0, high: 0, low: 0)).unmapped
    knownLocal = value
    return value
  }

  mutating func user() -> UInt32 {
    if let known = knownUser { return known }
    let value = wfp_uid()
    knownUser = value
    return value
  }

  /// The path of the connecting process's program.
  func path() -> UnsafeRawBufferPointer { unsafe knownPath ?? ownPath() }

  /// The path of the original application: that of the records, or this process's.
  mutating func originalPath() -> UnsafeRawBufferPointer {
    if let slot = slot(), unsafe slot.flow.pointee.set_hop_count > 0 {
      return unsafe engine.string(slot.flow.pointee.application.path)
    }
    return unsafe path()
  }

  #if !hasFeature(Embedded)
    /// What is given is not asked for (Supposition.swift).
    mutating func suppose(
      path: UnsafeRawBufferPointer, user: UInt32, protocolNumber: Int32, local: Address, slot: Slot?
    ) {
      unsafe knownPath = path
      knownUser = user
      knownProtocol = protocolNumber
      knownLocal = local
      knownSlot = slot
      soughtSlot = true
    }
  #endif
}

/// Also of one about which the kernel says nothing else.
func isSocket(_ descriptor: Int32) -> Bool {
  var kind: Int32 = 0
  var length: UInt32 = 4
  let result = unsafe wfp_get_option(descriptor, SOL_SOCKET, SO_TYPE, &kind, &length)
  return result != -EBADF && result != -ENOTSOCK
}

func socketOption(_ descriptor: Int32, _ level: Int32, _ name: Int32) -> Int32? {
  var value: Int32 = 0
  var length: UInt32 = 4
  return unsafe wfp_get_option(descriptor, level, name, &value, &length) == 0 ? value : nil
}

/// SO_COOKIE: the number of the kernel's socket, the same through every duplicate of the descriptor.
func socketCookie(_ descriptor: Int32) -> UInt64? {
  var value: UInt64 = 0
  var length: UInt32 = 8
  return unsafe wfp_get_option(descriptor, SOL_SOCKET, SO_COOKIE, &value, &length) == 0 ? value : nil
}

/// SO_NETNS_COOKIE (Linux 5.14); 0 where the kernel has none, the same for all then.
func networkNamespace(_ descriptor: Int32) -> UInt64 {
  var value: UInt64 = 0
  var length: UInt32 = 8
  return unsafe wfp_get_option(descriptor, SOL_SOCKET, WFP_SO_NETNS_COOKIE, &value, &length) == 0 ? value : 0
}

/// TCP_INFO's first byte: the connection's state.
func tcpState(_ descriptor: Int32) -> UInt8? {
  var info: UInt8 = 0
  var length: UInt32 = 1
  return unsafe wfp_get_option(descriptor, tcpLevel, TCP_INFO, &info, &length) == 0 ? info : nil
}

let tcpLevel: Int32 = 6
let udpLevel: Int32 = 17

func socketName(_ descriptor: Int32) -> Address? {
  var storage = sockaddr_storage()
  var length = UInt32(truncatingIfNeeded: MemoryLayout<sockaddr_storage>.size)
  if unsafe wfp_socket_name(descriptor, &storage, &length) != 0 { return nil }
  return unsafe withUnsafePointer(to: &storage) { unsafe Address(UnsafeRawPointer($0), length: Int(length)) }
}

func socketPeer(_ descriptor: Int32) -> Address? {
  var storage = sockaddr_storage()
  var length = UInt32(truncatingIfNeeded: MemoryLayout<sockaddr_storage>.size)
  if unsafe wfp_socket_peer(descriptor, &storage, &length) != 0 { return nil }
  return unsafe withUnsafePointer(to: &storage) { unsafe Address(UnsafeRawPointer($0), length: Int(length)) }
}
