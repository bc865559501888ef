import CEngine

/// setsockopt of a datagram socket: the two options of SPEC S8.2, and those that the shim switches on for itself.
@c @implementation
func wfp_core_set_option(
  _ fd: Int32, _ level: Int32, _ name: Int32, _ value: UnsafeRawPointer?, _ length: UInt32,
  _ result: UnsafeMutablePointer<Int32>
) -> Int32 {
  let wish =
    level != ipLevel
    ? 0
    : name == Int32(IP_WFP_REDIRECT_CONTEXT)
      ? UInt64(WFP_WANTS_CONTEXT) : name == Int32(IP_WFP_REDIRECT_RECORDS) ? UInt64(WFP_WANTS_RECORDS) : 0
  if wish != 0 {
    unsafe result.pointee = unsafe setWish(fd, wish, value, length)
    return 1
  }
  return unsafe keepInformed(fd, level, name, value, length, result)
}

/// - Returns: 0 or -errno: ENOTSOCK, EINVAL a value of less than four bytes, EFAULT, ENOPROTOOPT no socket of UDP,
///   ENOBUFS so many sockets have wishes.
private func setWish(_ fd: Int32, _ wish: UInt64, _ value: UnsafeRawPointer?, _ length: UInt32) -> Int32 {
  guard let cookie = socketCookie(fd) else { return -ENOTSOCK }
  if socketOption(fd, SOL_SOCKET, SO_PROTOCOL) != udpLevel { return -ENOPROTOOPT }
  if length < 4 { return -EINVAL }
  guard let value = unsafe value, unsafe isReadable(value, 4) else { return -EFAULT }
  let isOn = unsafe value.loadUnaligned(as: Int32.self) != 0
  takeDatagrams()
  watchDescriptor(fd)
  noteDatagramService(fd, cookie)
  guard let entry = unsafe wishEntry(cookie, adding: isOn) else { return isOn ? -ENOBUFS : 0 }
  _ = unsafe isOn ? wfp_or64(&entry.pointee.wants, wish) : wfp_and64(&entry.pointee.wants, ~wish)
  return 0
}

private func wishEntry(_ cookie: UInt64, adding: Bool) -> UnsafeMutablePointer<wfp_wish>? {
  var i = 0
  while i < Int(WFP_WISHES_MAX) {
    let entry = unsafe wfp_wishes() + i
    if unsafe wfp_load(&entry.pointee.cookie) == cookie { return unsafe entry }
    i &+= 1
  }
  i = adding ? 0 : Int(WFP_WISHES_MAX)
  while i < Int(WFP_WISHES_MAX) {
    let entry = unsafe wfp_wishes() + i
    if unsafe wfp_swap_if(&entry.pointee.cookie, 0, cookie) != 0 { return unsafe entry }
    i &+= 1
  }
  return nil
}

/// WFP_WANTS_* of a socket.
func wishes(_ cookie: UInt64) -> UInt64 {
  guard let entry = unsafe wishEntry(cookie, adding: false) else { return 0 }
  return unsafe wfp_load(&entry.pointee.wants)
}

func forgetWishes(_ cookie: UInt64) {
  guard let entry = unsafe wishEntry(cookie, adding: false) else { return }
  unsafe wfp_store(&entry.pointee.wants, 0)
  unsafe wfp_store(&entry.pointee.cookie, 0)
}

/// The application sets IP_PKTINFO on a socket that needs it for its flows: on it is from now on also for the
/// application, off it is only for the application.
private func keepInformed(
  _ fd: Int32, _ level: Int32, _ name: Int32, _ value: UnsafeRawPointer?, _ length: UInt32,
  _ result: UnsafeMutablePointer<Int32>
) -> Int32 {
  let isV4 = level == ipLevel && name == IP_PKTINFO
  let isV6 = level == ipv6Level && name == IPV6_RECVPKTINFO
  guard isV4 || isV6, unsafe wfp_load(&wfp_process().pointee.takes_datagrams) != 0, isWatched(fd) else { return 0 }
  guard let value = unsafe value, length >= 4, unsafe isReadable(value, 4) else { return 0 }
  if unsafe value.loadUnaligned(as: Int32.self) != 0 {
    hidePacketInformation(fd, false)
    return 0
  }
  guard socketOption(fd, level, name) == 1, let cookie = socketCookie(fd), firstAddressedFlow(cookie) != nil else {
    return 0
  }
  hidePacketInformation(fd, true)
  unsafe result.pointee = 0
  return 1
}

/// A socket was bound, maybe to an endpoint: then its process serves it (SPEC S4.3).
@c @implementation
func wfp_core_bound(_ fd: Int32) {
  // One that has wishes is a service's, whatever the policy says by now.
  if unsafe wfp_load(&wfp_process().pointee.takes_datagrams) != 0, isWatched(fd), let cookie = socketCookie(fd),
    wishes(cookie) != 0
  {
    return noteDatagramService(fd, cookie)
  }
  guard case .attached(let engine) = currentEngine() else {
    // The service may be there before any policy is.
    guard socketOption(fd, SOL_SOCKET, SO_PROTOCOL) == udpLevel, let cookie = socketCookie(fd),
      let address = socketName(fd)
    else { return }
    rememberServed(address, cookie: cookie)
    return watchDescriptor(fd)
  }
  guard let policy = engine.policy(), policy.head.accepts & UInt32(WFP_JUDGES_DATAGRAMS) != 0,
    socketOption(fd, SOL_SOCKET, SO_PROTOCOL) == udpLevel, let address = socketName(fd),
    policy.isEndpoint(address), let cookie = socketCookie(fd)
  else { return }
  noteDatagramService(fd, cookie)
}

func noteDatagramService(_ fd: Int32, _ cookie: UInt64) {
  guard let address = socketName(fd), address.port != 0 else { return }
  takeDatagrams()
  rememberServed(address, cookie: cookie)
  watchDescriptor(fd)
}

extension PolicyImage {
  /// Whether a socket that is bound to `address` takes what is sent to some provider's endpoint.
  func isEndpoint(_ address: Address) -> Bool {
    guard let providers = rows(head.providers, of: wfp_provider.self) else { return false }
    var i: UInt32 = 0
    while i < providers.count {
      let table = unsafe providers[i].pointee.endpoints
      i &+= 1
      guard let endpoints = rows(table, of: wfp_address.self) else { continue }
      var j: UInt32 = 0
      while j < endpoints.count {
        let endpoint = unsafe Address(endpoints[j])
        j &+= 1
        if endpoint.port == address.port && (address.isAny || endpoint.sameHost(as: address)) { return true }
      }
    }
    return false
  }
}
