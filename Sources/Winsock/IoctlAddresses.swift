import CWinsock
import Glibc

/// The codes about the machine's addresses.
extension IoctlCall {
  /// The addresses of the socket's family that it can be bound to, without the loopback's unless there are no others.
  func addressList() throws(WSAError) -> IoctlAnswer {
    let names = try interfaceAddresses()
    let header = 8
    let entry = unsafe MemoryLayout<SOCKET_ADDRESS>.stride
    let room = names.reduce(max(names.count, 1) * entry + header) { $0 + Self.padded($1.count) }
    // The list points into itself.
    var bytes = [UInt8](repeating: 0, count: room)
    var place = header + max(names.count, 1) * entry
    unsafe bytes.withUnsafeMutableBytes { list in
      unsafe list.storeBytes(of: Int32(names.count), as: Int32.self)
      for (index, name) in names.enumerated() {
        let address = unsafe UInt(bitPattern: output) &+ UInt(place)
        unsafe list.storeBytes(of: address, toByteOffset: header + index * entry, as: UInt.self)
        unsafe list.storeBytes(of: Int32(name.count), toByteOffset: header + index * entry + 8, as: Int32.self)
        unsafe list[place..<place + name.count].copyBytes(from: name)
        place += Self.padded(name.count)
      }
    }
    return try give(bytes)
  }

  private static func padded(_ size: Int) -> Int { (size + 7) & ~7 }

  private func interfaceAddresses() throws(WSAError) -> [[UInt8]] {
    let family = try SocketName.local(of: socket.descriptor).family
    var (own, loopback): ([[UInt8]], [[UInt8]]) = ([], [])
    unsafe try Interfaces.forEach { interface in
      guard let name = unsafe interface.pointee.ifa_addr, unsafe Int32(name.pointee.sa_family) == family else { return }
      let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: name, count: Int(nameSize(family))))
      let flags = unsafe interface.pointee.ifa_flags
      guard flags & UInt32(IFF_UP) != 0 else { return }
      if flags & UInt32(IFF_LOOPBACK) != 0 { loopback.append(bytes) } else { own.append(bytes) }
    }
    return own.isEmpty ? loopback : own
  }

  /// Which local address a packet to that one would have.
  func routingInterface() throws(WSAError) -> IoctlAnswer {
    guard inputSize >= 2, unsafe isReadable(input, Int(inputSize)), let input = unsafe input else {
      throw WSAError(WSAEFAULT)
    }
    let name = unsafe input.assumingMemoryBound(to: sockaddr.self)
    try unsafe checkName(name, Int32(clamping: inputSize))
    let size = unsafe nameSize(Int32(name.pointee.sa_family))
    guard size > 2 else { throw WSAError(WSAEAFNOSUPPORT) }
    var to = SocketName()
    unsafe to.take(name, size)
    if to.port == 0 { to.port = UInt16(9).bigEndian }  // Linux connects to no port 0; the port changes no route
    var from = sockaddr_storage()
    try checked(unsafe to.withPointer { unsafe ws2_source_for($0, socklen_t(size), &from) })
    return try unsafe withUnsafeMutableBytes(of: &from) { bytes throws(WSAError) in
      unsafe bytes.storeBytes(of: 0, toByteOffset: 2, as: UInt16.self)
      return try unsafe give(UnsafeRawBufferPointer(rebasing: bytes[..<Int(size)]))
    }
  }

  func broadcastAddress() throws(WSAError) -> IoctlAnswer {
    guard try SocketName.local(of: socket.descriptor).family == AF_INET else { throw WSAError(WSAENOPROTOOPT) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32.max
    return try give(name)
  }

  /// The IPv4 interfaces, with net/if.h's flags.
  func interfaceList() throws(WSAError) -> IoctlAnswer {
    var list: [UInt8] = []
    unsafe try Interfaces.forEach { interface in
      let entry = unsafe interface.pointee
      guard let name = unsafe entry.ifa_addr, unsafe Int32(name.pointee.sa_family) == AF_INET else { return }
      var info = INTERFACE_INFO()
      info.iiFlags = unsafe entry.ifa_flags & 0xffff
      unsafe withUnsafeMutableBytes(of: &info.iiAddress) { unsafe Self.copy(name, to: $0) }
      unsafe withUnsafeMutableBytes(of: &info.iiNetmask) { unsafe Self.copy(entry.ifa_netmask, to: $0) }
      if unsafe entry.ifa_flags & UInt32(IFF_BROADCAST) != 0 {
        unsafe withUnsafeMutableBytes(of: &info.iiBroadcastAddress) {
          unsafe Self.copy(entry.ifa_ifu.ifu_broadaddr, to: $0)
        }
      }
      unsafe withUnsafeBytes(of: info) { unsafe list.append(contentsOf: $0) }
    }
    guard Int(outputSize) >= list.count else { throw WSAError(WSAEFAULT) }
    return try give(list)
  }

  private static func copy(_ name: UnsafeMutablePointer<sockaddr>?, to bytes: UnsafeMutableRawBufferPointer) {
    guard let name = unsafe name else { return }
    unsafe bytes.copyBytes(from: UnsafeRawBufferPointer(start: name, count: MemoryLayout<sockaddr_in>.size))
  }
}

enum Interfaces {
  static func forEach(_ body: (UnsafeMutablePointer<ifaddrs>) -> Void) throws(WSAError) {
    var list: UnsafeMutablePointer<ifaddrs>?
    try checked(unsafe getifaddrs(&list))
    defer { unsafe freeifaddrs(list) }
    var next = unsafe list
    while let interface = unsafe next {
      unsafe body(interface)
      unsafe next = unsafe interface.pointee.ifa_next
    }
  }
}
