import CWinsock
import Glibc

/// IP_WFP_REDIRECT_CONTEXT and IP_WFP_REDIRECT_RECORDS, and their twins at IPPROTO_IPV6 (SPEC S8.2). The preload has one
/// pair, at IPPROTO_IP: at IPPROTO_IPV6 Linux has other options of these numbers, so that level is known here alone.
extension Socket {
  static func isRedirectOption(_ level: Int32, _ name: Int32) -> Bool {
    (level == ws2_protocol_ip() || level == ws2_protocol_ipv6())
      && (name == IP_WFP_REDIRECT_RECORDS || name == IP_WFP_REDIRECT_CONTEXT)
  }

  private static func attribute(_ level: Int32, _ name: Int32) -> SocketAttributes {
    let isRecords = name == IP_WFP_REDIRECT_RECORDS
    if level == ws2_protocol_ip() { return isRecords ? .tellsRecords : .tellsContext }
    return isRecords ? .tellsRecordsV6 : .tellsContextV6
  }

  /// - Throws: WSAEFAULT: less than a DWORD. WSAENOPROTOOPT: no datagram socket, or no preload.
  func setRedirectOption(_ level: Int32, _ name: Int32, _ value: UnsafeRawPointer, _ size: Int32) throws(WSAError) {
    guard size >= 4 else { throw WSAError(WSAEFAULT) }
    let isOn = unsafe value.loadUnaligned(as: DWORD.self) != 0
    let otherLevel = level == ws2_protocol_ip() ? ws2_protocol_ipv6() : ws2_protocol_ip()
    let isOnThere = attributes.contains(Self.attribute(otherLevel, name))
    try setOption(ws2_protocol_ip(), name, isOn || isOnThere ? 1 : 0)
    set(Self.attribute(level, name), isOn)
  }

  func redirectOption(_ level: Int32, _ name: Int32) throws(WSAError) -> DWORD {
    guard type == ws2_socket_datagram() else { throw WSAError(WSAENOPROTOOPT) }
    return attributes.contains(Self.attribute(level, name)) ? 1 : 0
  }

  fileprivate var isIPv6: Bool {
    var (domain, length): (Int32, socklen_t) = (0, 4)
    return unsafe getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_INET6
  }

  /// The level at which the program awaits what the preload delivers.
  fileprivate func level(of name: Int32, isFromIPv6: Bool) -> Int32 {
    let (plain, twin) = (
      attributes.contains(Self.attribute(ws2_protocol_ip(), name)),
      attributes.contains(Self.attribute(ws2_protocol_ipv6(), name))
    )
    return twin && (isFromIPv6 || !plain) ? ws2_protocol_ipv6() : ws2_protocol_ip()
  }
}

/// Control data of a WSAMSG (WSACMSGHDR is Linux' cmsghdr): calls `body` with each header that is whole.
private func forEachControl(
  _ start: UnsafeMutableRawPointer, _ count: Int, _ body: (UnsafeMutablePointer<cmsghdr>) -> Void
) {
  var at = 0
  while count - at >= MemoryLayout<cmsghdr>.size {
    let header = unsafe (start + at).assumingMemoryBound(to: cmsghdr.self)
    let length = unsafe Int(clamping: header.pointee.cmsg_len)
    guard length >= MemoryLayout<cmsghdr>.size, length <= count - at else { return }
    unsafe body(header)
    at += (length + 7) & ~7
  }
}

extension Message {
  /// What came with a datagram, at the level at which the program awaits it.
  func levelReceivedControl(_ socket: Socket) {
    guard let start = unsafe header.msg_control, unsafe header.msg_controllen > 0 else { return }
    let isFromIPv6 = unsafe isIPv6(header.msg_name, header.msg_namelen) ?? socket.isIPv6
    unsafe forEachControl(start, Int(header.msg_controllen)) { control in
      let (level, name) = unsafe (control.pointee.cmsg_level, control.pointee.cmsg_type)
      guard level == ws2_protocol_ip(), Socket.isRedirectOption(level, name) else { return }
      unsafe control.pointee.cmsg_level = socket.level(of: name, isFromIPv6: isFromIPv6)
    }
  }

  /// nil without an address.
  private func isIPv6(_ name: UnsafeMutableRawPointer?, _ length: socklen_t) -> Bool? {
    guard let name = unsafe name, length >= 2 else { return nil }
    guard unsafe name.loadUnaligned(as: sa_family_t.self) == sa_family_t(AF_INET6), length >= 24 else { return false }
    let (high, low) = unsafe (
      name.loadUnaligned(fromByteOffset: 8, as: UInt64.self), name.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
    )
    return !(high == 0 && low == UInt32(0xffff).bigEndian)
  }
}

/// Control data to be sent with records at IPPROTO_IPV6: a copy that says IPPROTO_IP, which the owner gives back; nil
/// when there is none of these.
func controlWithPlainRecords(_ start: UnsafeMutableRawPointer, _ count: Int) -> UnsafeMutableRawPointer? {
  var found = false
  let isTwin = { (control: UnsafeMutablePointer<cmsghdr>) -> Bool in
    unsafe control.pointee.cmsg_level == ws2_protocol_ipv6() && control.pointee.cmsg_type == IPV6_WFP_REDIRECT_RECORDS
  }
  unsafe forEachControl(start, count) { if unsafe isTwin($0) { found = true } }
  guard found else { return nil }
  let copy = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 8)
  unsafe copy.copyMemory(from: start, byteCount: count)
  unsafe forEachControl(copy, count) { if unsafe isTwin($0) { unsafe $0.pointee.cmsg_level = ws2_protocol_ip() } }
  return unsafe copy
}
