import CEngine

/// Endpoints that this process serves (SPEC S4.3). Remembered in the process, so a forked worker knows them too.
@c @implementation
func wfp_core_listening(_ fd: Int32) {
  _ = unsafe ownPath()  // servers may change their root after this
  guard let address = socketName(fd), let cookie = socketCookie(fd) else { return }
  rememberServed(address, cookie: cookie)
  watchDescriptor(fd)
}

/// A service that was started with its listeners (sd_listen_fds(3): from descriptor 3 on) never calls listen, and may
/// connect before it accepts.
@c @implementation
func wfp_core_inherited(_ pid: UnsafePointer<CChar>?, _ count: UnsafePointer<CChar>) {
  guard let pid = unsafe pid, unsafe decimal(pid) == UInt64(wfp_pid()), let count = unsafe decimal(count) else {
    return  // meant for another process, which left its environment
  }
  var i: Int32 = 0
  while i < Int32(truncatingIfNeeded: WFP_SERVED_MAX) && UInt64(truncatingIfNeeded: i) < count {
    if socketOption(3 &+ i, SOL_SOCKET, SO_ACCEPTCONN) == 1 { wfp_core_listening(3 &+ i) }
    i &+= 1
  }
}

/// The process that has the accepted socket of a flow serves its endpoint.
func rememberService(of slot: Slot) {
  let endpoint = unsafe Address(&slot.flow.pointee.endpoint)
  let destination = unsafe Address(&slot.flow.pointee.destination).unmapped
  // TPROXY: the socket's own address is the destination, and no endpoint of this process's.
  if endpoint.port == destination.port && endpoint.sameHost(as: destination) { return }
  rememberServed(endpoint, cookie: 0)
}

/// - Parameter cookie: of the listener; 0 when it was learnt from an accepted socket.
func rememberServed(_ address: Address, cookie: UInt64) {
  if serves(address) && cookie == 0 { return }
  let served = unsafe wfp_served_endpoints()
  var i = 0
  while i < Int(WFP_SERVED_MAX) {
    let entry = unsafe served + i
    if unsafe wfp_load(&entry.pointee.state) == 0 && wfp_swap_if(&entry.pointee.state, 0, 1) != 0 {
      unsafe address.unmapped.store(to: &entry.pointee.address)
      unsafe entry.pointee.cookie = cookie
      unsafe entry.pointee.pid = wfp_pid()
      unsafe wfp_store(&entry.pointee.state, 2)
      return
    }
    i &+= 1
  }
}

/// The listener with this cookie was closed. A forked worker that closes its copy still belongs to the service: only
/// the process that called listen forgets it.
func forgetServed(cookie: UInt64) {
  let served = unsafe wfp_served_endpoints()
  let pid = wfp_pid()
  var i = 0
  while i < Int(WFP_SERVED_MAX) {
    let entry = unsafe served + i
    if unsafe wfp_load(&entry.pointee.state) == 2 && entry.pointee.cookie == cookie && cookie != 0
      && entry.pointee.pid == pid
    {
      _ = unsafe wfp_swap_if(&entry.pointee.state, 2, 0)
    }
    i &+= 1
  }
}

/// Whether a listener of this process takes what is sent to `endpoint`.
func serves(_ endpoint: Address) -> Bool {
  let served = unsafe wfp_served_endpoints()
  var i = 0
  while i < Int(WFP_SERVED_MAX) {
    let entry = unsafe served + i
    if unsafe wfp_load(&entry.pointee.state) == 2 {
      let address = unsafe Address(&entry.pointee.address)
      let anyHost = address.isAny && (address.family == Address.ipv6 || endpoint.unmapped.family == Address.ipv4)
      if address.port == endpoint.port && (anyHost || address.sameHost(as: endpoint)) { return true }
    }
    i &+= 1
  }
  return false
}
