import CEngine

/// The application's view of its peer (SPEC S7.2): the destination that it dialled. The kernel's answer stands unless
/// it is a service's endpoint and the socket one that was redirected there.
/// - Returns: 0 the kernel shall answer, 1 answered, or -errno.
@c @implementation
func wfp_core_peer_name(
  _ fd: Int32, _ address: UnsafeMutablePointer<sockaddr>?, _ length: UnsafeMutablePointer<socklen_t>?
) -> Int32 {
  if !anyPublished() { return 0 }
  guard let dialled = dialledDestination(fd) else { return 0 }
  guard let length = unsafe length, unsafe isWritable(UnsafeRawPointer(length), 4) else { return -EFAULT }
  let capacity = unsafe Int32(bitPattern: length.pointee)
  if capacity < 0 { return -EINVAL }
  var storage = sockaddr_storage()
  return unsafe withUnsafeMutablePointer(to: &storage) { at in
    let size = unsafe dialled.writeSocketAddress(to: UnsafeMutableRawPointer(at), familyNumber: dialled.family)
    let shown = size < Int(capacity) ? size : Int(capacity)
    if shown > 0 {  // with no room the kernel does not look at the address
      guard let address = unsafe address, unsafe isWritable(UnsafeRawPointer(address), shown) else { return -EFAULT }
      unsafe UnsafeMutableRawPointer(address).copyMemory(from: UnsafeRawPointer(at), byteCount: shown)
    }
    unsafe length.pointee = socklen_t(truncatingIfNeeded: size)
    return 1
  }
}

func dialledDestination(_ fd: Int32) -> Address? {
  guard let peer = socketPeer(fd), let cookie = socketCookie(fd), let slot = slotOfClient(cookie) else { return nil }
  let flow = unsafe slot.flow
  if unsafe !slot.word.isRedirected || flow.pointee.flags & UInt32(WFP_FLOW_FAITHFUL) != 0 { return nil }
  let endpoint = unsafe Address(&flow.pointee.endpoint)
  return unsafe peer.port == endpoint.port && peer.sameHost(as: endpoint) ? Address(&flow.pointee.destination) : nil
}
