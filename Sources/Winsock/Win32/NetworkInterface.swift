import CWinsock
import Glibc

/// A network interface, as getifaddrs() and /sys tell of it.
struct NetworkInterface {
  let name: String
  let index: UInt32
  var flags: UInt32 = 0
  var hardware: [UInt8] = []
  /// Names (sockaddr) of its addresses, with the bits of their networks.
  var addresses: [(name: [UInt8], prefix: UInt8)] = []

  static func all() throws(WSAError) -> [NetworkInterface] {
    var found: [NetworkInterface] = []
    try unsafe Interfaces.forEach { entry in
      let name = unsafe String(cString: entry.pointee.ifa_name)
      let index = unsafe if_nametoindex(entry.pointee.ifa_name)
      guard index != 0 else { return }  // a label of an address, or it has just gone
      if !found.contains(where: { $0.index == index }) { found.append(NetworkInterface(name: name, index: index)) }
      let place = found.firstIndex { $0.index == index } ?? 0
      found[place].flags = unsafe entry.pointee.ifa_flags
      guard let address = unsafe entry.pointee.ifa_addr else { return }
      let bytes = UnsafeRawPointer(address)
      switch unsafe Int32(address.pointee.sa_family) {
      case AF_PACKET:  // sockaddr_ll: the length stands at 11, the address at 12
        let length = unsafe Int(bytes.load(fromByteOffset: 11, as: UInt8.self))
        found[place].hardware = (0..<min(length, 8)).map {
          unsafe bytes.load(fromByteOffset: 12 + $0, as: UInt8.self)
        }
      case AF_INET, AF_INET6:
        let size = unsafe Int(nameSize(Int32(address.pointee.sa_family)))
        let name = unsafe [UInt8](UnsafeRawBufferPointer(start: bytes, count: size))
        found[place].addresses.append((name, unsafe prefix(of: entry.pointee.ifa_netmask)))
      default: break
      }
    }
    return found.sorted { $0.index < $1.index }
  }

  static func named(_ name: String) -> NetworkInterface? {
    let index = unsafe if_nametoindex(name)
    return index == 0 ? nil : NetworkInterface(name: name, index: index)
  }

  init?(index: UInt32) {
    var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
    guard unsafe if_indextoname(index, &name) != nil else { return nil }
    self.init(
      name: String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self), index: index)
  }

  private init(name: String, index: UInt32) {
    self.name = name
    self.index = index
  }

  private static func prefix(of mask: UnsafeMutablePointer<sockaddr>?) -> UInt8 {
    guard let mask = unsafe mask else { return 0 }
    let bytes = UnsafeRawPointer(mask)
    let range = unsafe Int32(mask.pointee.sa_family) == AF_INET ? 4..<8 : 8..<24
    return range.reduce(0) { unsafe $0 + UInt8(bytes.load(fromByteOffset: $1, as: UInt8.self).nonzeroBitCount) }
  }

  private func system(_ file: String) -> Int? {
    Int(String(decoding: contents(of: "/sys/class/net/\(name)/\(file)").prefix { $0 != 10 }, as: UTF8.self))
  }

  var mtu: UInt32 { UInt32(clamping: system("mtu") ?? 0) }
  /// Bits a second; ~0 when it is not known, as Windows says it.
  var speed: UInt64 { system("speed").flatMap { $0 > 0 ? UInt64($0) * 1_000_000 : nil } ?? .max }

  /// IF_TYPE_ of Linux' ARPHRD_ number.
  var type: UInt16 {
    let type =
      switch system("type") {
      case 1: unsafe access("/sys/class/net/\(name)/wireless", F_OK) == 0 ? IF_TYPE_IEEE80211 : IF_TYPE_ETHERNET_CSMACD
      case 512: IF_TYPE_PPP
      case 772: IF_TYPE_SOFTWARE_LOOPBACK
      case 768, 769, 776, 778, 823: IF_TYPE_TUNNEL
      case .none: name == "lo" ? IF_TYPE_SOFTWARE_LOOPBACK : IF_TYPE_OTHER
      default: IF_TYPE_OTHER
      }
    return UInt16(type)
  }

  var isUp: Bool { flags & UInt32(IFF_UP) != 0 && flags & UInt32(IFF_RUNNING) != 0 }

  /// The index in bits 24 to 47, the type above.
  var luid: UInt64 { UInt64(type) << 48 | UInt64(index & 0xff_ffff) << 24 }

  init?(luid: UInt64) {
    self.init(index: UInt32(luid >> 24 & 0xff_ffff))
    guard self.luid == luid else { return nil }
  }
}
