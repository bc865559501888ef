import CEngine

/// One control message (cmsg(3)) of a buffer that can be read.
@safe
struct ControlMessage {
  let level: Int32
  let type: Int32
  let content: UnsafeRawBufferPointer
}

/// Walks over control data as the kernel does: a header that does not fit ends it.
@safe
struct ControlReader {
  static let headerSize = MemoryLayout<cmsghdr>.size
  private let start: UnsafeRawPointer?
  private let count: Int
  private var at = 0

  init(_ start: UnsafeRawPointer?, count: Int) {
    unsafe self.start = start
    self.count = count
  }

  mutating func next() -> ControlMessage? {
    guard let start = unsafe start, at >= 0, count &- at >= ControlReader.headerSize else { return nil }
    let length = unsafe start.loadUnaligned(fromByteOffset: at, as: Int.self)
    if length < ControlReader.headerSize || length > count &- at { return nil }
    let level = unsafe start.loadUnaligned(fromByteOffset: at &+ 8, as: Int32.self)
    let type = unsafe start.loadUnaligned(fromByteOffset: at &+ 12, as: Int32.self)
    let content = unsafe UnsafeRawBufferPointer(
      start: start + (at &+ ControlReader.headerSize), count: length &- ControlReader.headerSize)
    at = at &+ ((length &+ 7) & ~7)
    return unsafe ControlMessage(level: level, type: type, content: content)
  }
}

/// Writes control data. What does not fit is cut, as put_cmsg of the kernel does it, and `isTruncated` says so.
@safe
struct ControlWriter {
  private let start: UnsafeMutableRawPointer?
  private let limit: Int
  private(set) var length = 0
  private(set) var isTruncated = false

  init(_ start: UnsafeMutableRawPointer?, limit: Int) {
    unsafe self.start = start
    self.limit = unsafe start == nil ? 0 : limit
  }

  /// - Parameter rest: Follows `content` in the same message.
  mutating func add(
    _ level: Int32, _ type: Int32, _ content: UnsafeRawBufferPointer,
    _ rest: UnsafeRawBufferPointer = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  ) {
    let room = limit &- length
    guard let start = unsafe start, room >= ControlReader.headerSize else {
      isTruncated = true
      return
    }
    let wanted = content.count &+ rest.count &+ ControlReader.headerSize
    let size = wanted < room ? wanted : room
    if size < wanted { isTruncated = true }
    unsafe start.storeBytes(of: size, toByteOffset: length, as: Int.self)
    unsafe start.storeBytes(of: level, toByteOffset: length &+ 8, as: Int32.self)
    unsafe start.storeBytes(of: type, toByteOffset: length &+ 12, as: Int32.self)
    let first = ControlReader.headerSize &+ content.count
    unsafe copy(content, to: start + (length &+ ControlReader.headerSize), size &- ControlReader.headerSize)
    unsafe copy(rest, to: start + (length &+ first), size &- first)
    let space = (size &+ 7) & ~7
    length = length &+ (space < room ? space : room)
  }

  private func copy(_ from: UnsafeRawBufferPointer, to: UnsafeMutableRawPointer, _ most: Int) {
    guard let start = from.baseAddress, most > 0 else { return }
    unsafe to.copyMemory(from: start, byteCount: from.count < most ? from.count : most)
  }

  mutating func add(_ message: ControlMessage) { unsafe add(message.level, message.type, message.content) }
}

/// IP_PKTINFO or IPV6_PKTINFO.
struct PacketInformation {
  /// To which address a datagram came.
  static func destination(of message: ControlMessage) -> Address? {
    guard let start = unsafe message.content.baseAddress else { return nil }
    if unsafe message.level == ipLevel && message.type == IP_PKTINFO && message.content.count >= 12 {
      let host = UInt32(bigEndian: unsafe start.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
      return Address(family: Address.ipv4, port: 0, high: UInt64(host) &<< 32, low: 0)
    }
    if unsafe message.level == ipv6Level && message.type == IPV6_PKTINFO && message.content.count >= 16 {
      return Address(
        family: Address.ipv6, port: 0,
        high: UInt64(bigEndian: unsafe start.loadUnaligned(as: UInt64.self)),
        low: UInt64(bigEndian: unsafe start.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      ).unmapped
    }
    return nil
  }

  static func isOne(_ message: ControlMessage) -> Bool {
    message.level == ipLevel && message.type == IP_PKTINFO || message.level == ipv6Level && message.type == IPV6_PKTINFO
  }

  /// Says from which address a datagram shall go.
  /// - Parameter family: The socket's.
  static func write(_ source: Address, _ family: UInt16, to writer: inout ControlWriter) {
    var bytes: (UInt64, UInt64, UInt64) = (0, 0, 0)
    unsafe withUnsafeMutableBytes(of: &bytes) { buffer in
      guard let start = buffer.baseAddress else { return }
      let host = UInt32(truncatingIfNeeded: source.high &>> 32).bigEndian
      if family == Address.ipv4 {
        unsafe start.storeBytes(of: host, toByteOffset: 4, as: UInt32.self)
        unsafe writer.add(ipLevel, IP_PKTINFO, UnsafeRawBufferPointer(start: start, count: 12))
      } else {
        unsafe start.storeBytes(of: UInt32(0xffff).bigEndian, toByteOffset: 8, as: UInt32.self)
        unsafe start.storeBytes(of: host, toByteOffset: 12, as: UInt32.self)
        unsafe writer.add(ipv6Level, IPV6_PKTINFO, UnsafeRawBufferPointer(start: start, count: 20))
      }
    }
  }
}
