public import CWinsock
import Glibc

/// Tells of the network interfaces and their addresses. Page: GetAdaptersAddresses.
/// - Parameters:
///   - family: AF_UNSPEC, AF_INET or AF_INET6: whose addresses; all interfaces are told.
///   - flags: GAA_FLAG_SKIP_UNICAST, _SKIP_DNS_SERVER, _SKIP_FRIENDLY_NAME, _INCLUDE_PREFIX, _INCLUDE_GATEWAYS (IPv4, of
///     /proc/net/route); others have nothing to skip or to add here. Name servers are those of /etc/resolv.conf.
///   - reserved: NULL.
///   - buffer: Receives the list; NULL to learn the size.
///   - size: In: of the buffer in bytes. Out: what it needs.
/// - Returns: NO_ERROR, ERROR_BUFFER_OVERFLOW, ERROR_NO_DATA, ERROR_INVALID_PARAMETER; it is no last error.
@c @implementation
public func GetAdaptersAddresses(
  _ family: ULONG, _ flags: ULONG, _ reserved: PVOID?, _ buffer: PIP_ADAPTER_ADDRESSES?, _ size: PULONG?
) -> ULONG {
  answer { () throws(WSAError) in
    guard let size = unsafe size, [AF_UNSPEC, AF_INET, AF_INET6].contains(Int32(clamping: family)) else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    let interfaces = try NetworkInterface.all()
    guard !interfaces.isEmpty else { throw WSAError(ERROR_NO_DATA) }
    let needed = unsafe AdapterList(nil, Int32(family), flags).lay(interfaces)
    let room = unsafe size.pointee
    unsafe size.pointee = ULONG(needed)
    guard let buffer = unsafe buffer, room >= needed else { throw WSAError(ERROR_BUFFER_OVERFLOW) }
    _ = unsafe AdapterList(UnsafeMutableRawPointer(buffer), Int32(family), flags).lay(interfaces)
  }
}

/// IP Helper's functions return the error itself.
func answer(_ body: () throws(WSAError) -> Void) -> DWORD {
  do throws(WSAError) {
    try body()
    return DWORD(NO_ERROR)
  } catch {
    return DWORD(bitPattern: error.rawValue)
  }
}

/// The list of GetAdaptersAddresses.
@safe
private struct AdapterList {
  private let arena: Arena
  private let family: Int32
  private let flags: ULONG
  private let servers: [[UInt8]]
  private let gateways: [String: [[UInt8]]]

  init(_ start: UnsafeMutableRawPointer?, _ family: Int32, _ flags: ULONG) {
    arena = unsafe Arena(start)
    self.family = family
    self.flags = flags
    servers = flags & GAA_FLAG_SKIP_DNS_SERVER != 0 ? [] : resolverAddresses().filter { Self.has($0, family) }
    gateways = flags & GAA_FLAG_INCLUDE_GATEWAYS == 0 || family == AF_INET6 ? [:] : Winsock.gateways()
  }

  private static func has(_ name: [UInt8], _ family: Int32) -> Bool {
    family == AF_UNSPEC || Int32(name[0]) == family
  }

  /// - Returns: Bytes.
  func lay(_ interfaces: [NetworkInterface]) -> Int {
    var last: PIP_ADAPTER_ADDRESSES?
    for interface in interfaces {
      let entry = unsafe arena.make(IP_ADAPTER_ADDRESSES.self)
      unsafe last?.pointee.Next = unsafe entry
      unsafe fill(entry, interface)
      unsafe last = unsafe entry
    }
    return arena.size
  }

  private func fill(_ entry: PIP_ADAPTER_ADDRESSES?, _ interface: NetworkInterface) {
    unsafe entry?.pointee.Length = ULONG(MemoryLayout<IP_ADAPTER_ADDRESSES>.size)
    unsafe entry?.pointee.IfIndex = interface.index
    unsafe entry?.pointee.Ipv6IfIndex = interface.index
    let name = unsafe arena.text(interface.name, CChar.self)
    unsafe entry?.pointee.AdapterName = unsafe name
    let description = unsafe arena.text(interface.name, WCHAR.self)
    unsafe entry?.pointee.Description = unsafe description
    let suffix = unsafe arena.text("", WCHAR.self)
    unsafe entry?.pointee.DnsSuffix = unsafe suffix
    if flags & GAA_FLAG_SKIP_FRIENDLY_NAME == 0 { unsafe entry?.pointee.FriendlyName = unsafe description }
    if let entry = unsafe entry { unsafe describe(&entry.pointee, interface) }
    let addresses = interface.addresses.filter { Self.has($0.name, family) }
    if flags & GAA_FLAG_SKIP_UNICAST == 0 { unsafe unicast(entry, addresses) }
    if flags & GAA_FLAG_INCLUDE_PREFIX != 0 { unsafe prefixes(entry, addresses) }
    guard interface.type != UInt16(IF_TYPE_SOFTWARE_LOOPBACK) else { return }
    unsafe nameServers(entry)
    unsafe gateways(entry, gateways[interface.name] ?? [])
  }

  private func describe(_ entry: inout IP_ADAPTER_ADDRESSES, _ interface: NetworkInterface) {
    unsafe withUnsafeMutableBytes(of: &entry.PhysicalAddress) { unsafe $0.copyBytes(from: interface.hardware) }
    let isLoopback = interface.type == UInt16(IF_TYPE_SOFTWARE_LOOPBACK)
    unsafe entry.PhysicalAddressLength = isLoopback ? 0 : ULONG(interface.hardware.count)
    unsafe entry.Mtu = interface.mtu
    unsafe entry.IfType = IFTYPE(interface.type)
    unsafe entry.OperStatus = interface.isUp ? IfOperStatusUp : IfOperStatusDown
    unsafe (entry.TransmitLinkSpeed, entry.ReceiveLinkSpeed) = (interface.speed, interface.speed)
    unsafe entry.Luid.Value = interface.luid
    unsafe entry.CompartmentId = 1
    unsafe entry.ConnectionType = NET_IF_CONNECTION_DEDICATED
    var bits: ULONG = 0
    if interface.addresses.contains(where: { Self.has($0.name, AF_INET) }) { bits |= IP_ADAPTER_IPV4_ENABLED }
    if interface.addresses.contains(where: { Self.has($0.name, AF_INET6) }) { bits |= IP_ADAPTER_IPV6_ENABLED }
    if interface.flags & UInt32(IFF_MULTICAST) == 0 { bits |= IP_ADAPTER_NO_MULTICAST }
    unsafe entry.Flags = bits
  }

  private func unicast(_ entry: PIP_ADAPTER_ADDRESSES?, _ addresses: [(name: [UInt8], prefix: UInt8)]) {
    var last: PIP_ADAPTER_UNICAST_ADDRESS?
    for (name, prefix) in addresses {
      let made = unsafe arena.make(IP_ADAPTER_UNICAST_ADDRESS.self)
      let address = unsafe arena.address(name)
      if unsafe last == nil { unsafe entry?.pointee.FirstUnicastAddress = unsafe made }
      unsafe last?.pointee.Next = unsafe made
      unsafe last = unsafe made
      guard let made = unsafe made else { continue }
      unsafe made.pointee.Length = ULONG(MemoryLayout<IP_ADAPTER_UNICAST_ADDRESS>.size)
      unsafe made.pointee.Address = unsafe address
      unsafe made.pointee.DadState = IpDadStatePreferred
      unsafe (made.pointee.ValidLifetime, made.pointee.PreferredLifetime) = (.max, .max)
      unsafe made.pointee.OnLinkPrefixLength = prefix
    }
  }

  private func prefixes(_ entry: PIP_ADAPTER_ADDRESSES?, _ addresses: [(name: [UInt8], prefix: UInt8)]) {
    var last: PIP_ADAPTER_PREFIX?
    for (name, prefix) in addresses {
      let made = unsafe arena.make(IP_ADAPTER_PREFIX.self)
      let address = unsafe arena.address(masked(name, prefix))
      if unsafe last == nil { unsafe entry?.pointee.FirstPrefix = unsafe made }
      unsafe last?.pointee.Next = unsafe made
      unsafe last = unsafe made
      guard let made = unsafe made else { continue }
      unsafe made.pointee.Length = ULONG(MemoryLayout<IP_ADAPTER_PREFIX>.size)
      unsafe made.pointee.Address = unsafe address
      unsafe made.pointee.PrefixLength = ULONG(prefix)
    }
  }

  private func masked(_ name: [UInt8], _ prefix: UInt8) -> [UInt8] {
    var name = name
    let start = name.count == 16 ? 4 : 8
    for index in 0..<(name.count == 16 ? 4 : 16) {
      let bits = min(max(Int(prefix) - index * 8, 0), 8)
      name[start + index] &= UInt8(truncatingIfNeeded: 0xff00 >> bits)
    }
    return name
  }

  private func nameServers(_ entry: PIP_ADAPTER_ADDRESSES?) {
    var last: PIP_ADAPTER_DNS_SERVER_ADDRESS?
    for name in servers {
      let made = unsafe arena.make(IP_ADAPTER_DNS_SERVER_ADDRESS.self)
      let address = unsafe arena.address(name)
      if unsafe last == nil { unsafe entry?.pointee.FirstDnsServerAddress = unsafe made }
      unsafe last?.pointee.Next = unsafe made
      unsafe last = unsafe made
      unsafe made?.pointee.Length = ULONG(MemoryLayout<IP_ADAPTER_DNS_SERVER_ADDRESS>.size)
      unsafe made?.pointee.Address = unsafe address
    }
  }

  private func gateways(_ entry: PIP_ADAPTER_ADDRESSES?, _ names: [[UInt8]]) {
    var last: PIP_ADAPTER_GATEWAY_ADDRESS?
    for name in names {
      let made = unsafe arena.make(IP_ADAPTER_GATEWAY_ADDRESS.self)
      let address = unsafe arena.address(name)
      if unsafe last == nil { unsafe entry?.pointee.FirstGatewayAddress = unsafe made }
      unsafe last?.pointee.Next = unsafe made
      unsafe last = unsafe made
      unsafe made?.pointee.Length = ULONG(MemoryLayout<IP_ADAPTER_GATEWAY_ADDRESS>.size)
      unsafe made?.pointee.Address = unsafe address
    }
  }
}

/// Of /etc/resolv.conf, as names of their families.
private func resolverAddresses() -> [[UInt8]] {
  String(decoding: contents(of: "/etc/resolv.conf"), as: UTF8.self).split(separator: "\n").compactMap { line in
    let words = line.split(whereSeparator: \.isWhitespace)
    guard words.count > 1, words[0] == "nameserver" else { return nil }
    return AddressParts(String(words[1]), words[1].contains(":") ? AF_INET6 : AF_INET)?.name
  }
}

/// The default routes of /proc/net/route, by their interfaces.
func gateways() -> [String: [[UInt8]]] {
  var found: [String: [[UInt8]]] = [:]
  for line in String(decoding: contents(of: "/proc/net/route"), as: UTF8.self).split(separator: "\n").dropFirst() {
    let fields = line.split(whereSeparator: \.isWhitespace)
    guard fields.count > 7, fields[1] == "00000000", fields[7] == "00000000",
      let gateway = UInt32(fields[2], radix: 16), gateway != 0
    else { continue }
    var name = [UInt8](repeating: 0, count: 16)
    name[0] = UInt8(AF_INET)
    unsafe withUnsafeBytes(of: gateway) { for index in 0..<4 { unsafe name[4 + index] = $0[index] } }
    found[String(fields[0]), default: []].append(name)
  }
  return found
}
