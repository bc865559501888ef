public import CWinsock
import Glibc

/// Tells of the interfaces that have IPv4 addresses, without the loopback's; GetAdaptersAddresses tells more.
/// Page: GetAdaptersInfo.
/// - Parameters:
///   - buffer: Receives the list; NULL to learn the size.
///   - size: In: of the buffer in bytes. Out: what it needs.
/// - Returns: NO_ERROR, ERROR_BUFFER_OVERFLOW, ERROR_NO_DATA (no such interface), ERROR_INVALID_PARAMETER; it is no last
///   error.
@c @implementation
public func GetAdaptersInfo(_ buffer: PIP_ADAPTER_INFO?, _ size: PULONG?) -> ULONG {
  answer { () throws(WSAError) in
    guard let size = unsafe size else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let interfaces = try NetworkInterface.all().filter { interface in
      interface.type != UInt16(IF_TYPE_SOFTWARE_LOOPBACK)
        && interface.addresses.contains { Int32($0.name[0]) == AF_INET }
    }
    guard !interfaces.isEmpty else { throw WSAError(ERROR_NO_DATA) }
    let needed = unsafe lay(interfaces, Arena(nil))
    let room = unsafe size.pointee
    unsafe size.pointee = ULONG(needed)
    guard let buffer = unsafe buffer, room >= needed else { throw WSAError(ERROR_BUFFER_OVERFLOW) }
    _ = unsafe lay(interfaces, Arena(UnsafeMutableRawPointer(buffer)))
  }
}

private func lay(_ interfaces: [NetworkInterface], _ arena: Arena) -> Int {
  let gateways = gateways()
  var last: PIP_ADAPTER_INFO?
  for interface in interfaces {
    let entry = unsafe arena.make(IP_ADAPTER_INFO.self)
    unsafe last?.pointee.Next = unsafe entry
    unsafe last = unsafe entry
    if let entry = unsafe entry { unsafe describe(&entry.pointee, interface, gateways[interface.name]?.first) }
    let offset = unsafe MemoryLayout<IP_ADAPTER_INFO>.offset(of: \.IpAddressList) ?? 0
    var string = unsafe entry.map {
      unsafe (UnsafeMutableRawPointer($0) + offset).assumingMemoryBound(to: IP_ADDR_STRING.self)
    }
    let addresses = interface.addresses.filter { Int32($0.name[0]) == AF_INET }
    for (index, address) in addresses.enumerated() {
      if index > 0 {
        let next = unsafe arena.make(IP_ADDR_STRING.self)
        unsafe string?.pointee.Next = unsafe next
        unsafe string = unsafe next
      }
      guard let string = unsafe string else { continue }
      unsafe write(address.name[4..<8], to: &string.pointee.IpAddress)
      let mask = address.prefix == 0 ? 0 : UInt32.max << (32 - UInt32(address.prefix))
      unsafe write(
        (0..<4).map { UInt8(truncatingIfNeeded: mask >> UInt32(24 - 8 * $0)) }[...], to: &string.pointee.IpMask)
    }
  }
  return arena.size
}

private func describe(_ entry: inout IP_ADAPTER_INFO, _ interface: NetworkInterface, _ gateway: [UInt8]?) {
  let name = Array(interface.name.utf8)
  unsafe withUnsafeMutableBytes(of: &entry.AdapterName) { unsafe $0.copyBytes(from: name) }
  unsafe withUnsafeMutableBytes(of: &entry.Description) { unsafe $0.copyBytes(from: name) }
  unsafe withUnsafeMutableBytes(of: &entry.Address) { unsafe $0.copyBytes(from: interface.hardware) }
  unsafe entry.AddressLength = UINT(interface.hardware.count)
  unsafe entry.Index = interface.index
  unsafe entry.ComboIndex = interface.index
  unsafe entry.Type = UINT(interface.type)
  if let gateway { unsafe write(gateway[4..<8], to: &entry.GatewayList.IpAddress) }
}

private func write(_ address: ArraySlice<UInt8>, to target: inout IP_ADDRESS_STRING) {
  let text = Array(address.map(String.init).joined(separator: ".").utf8)
  unsafe withUnsafeMutableBytes(of: &target) { unsafe $0.copyBytes(from: text) }
}
