import CWinsock
import Glibc

/// A name that bind, connect or sendto is given. Winsock says WSAEFAULT where the kernel says EINVAL: the address is
/// shorter than its family needs.
func checkName(_ name: UnsafePointer<sockaddr>?, _ size: Int32) throws(WSAError) {
  guard let name = unsafe name, size >= 2 else { throw WSAError(WSAEFAULT) }
  guard unsafe isReadable(name, Int(size)) else { throw WSAError(WSAEFAULT) }
  guard unsafe nameSize(Int32(name.pointee.sa_family)) <= size else { throw WSAError(WSAEFAULT) }
}

func nameSize(_ family: Int32) -> Int32 {
  switch family {
  case AF_INET: 16
  case AF_INET6: 28
  default: 2
  }
}

/// Asks the kernel for a name (the accepted peer's, the socket's, the peer's) and gives it out as Winsock does: too
/// small a buffer is WSAEFAULT and not a cut name.
func answerName(
  _ name: UnsafeMutablePointer<sockaddr>?, _ size: UnsafeMutablePointer<Int32>?,
  _ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
) throws(WSAError) {
  guard let name = unsafe name, let size = unsafe size else { throw WSAError(WSAEFAULT) }
  var storage = SocketName()
  try unsafe storage.fill(ask)
  try unsafe storage.copy(to: name, size)
}

/// Room for a name of any family.
struct SocketName {
  private var storage = sockaddr_storage()
  private(set) var size = socklen_t(MemoryLayout<sockaddr_storage>.size)

  mutating func fill(
    _ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) throws(WSAError) {
    size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = unsafe withUnsafeMutablePointer(to: &storage) { storage in
      unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe ask($0, &size) }
    }
    try checked(result)
  }

  /// What a program has given, after `checkName`.
  mutating func take(_ name: UnsafePointer<sockaddr>, _ length: Int32) {
    size = socklen_t(min(Int(length), MemoryLayout<sockaddr_storage>.size))
    unsafe withUnsafeMutableBytes(of: &storage) {
      unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: name, count: Int(size)))
    }
  }

  /// It can be received on: bound, or of a family that has no ports.
  var isUsable: Bool { !isInternetName || port != 0 }

  func copy(to name: UnsafeMutablePointer<sockaddr>, _ room: UnsafeMutablePointer<Int32>) throws(WSAError) {
    guard unsafe isWritable(room, MemoryLayout<Int32>.size), unsafe room.pointee >= Int32(size),
      unsafe isWritable(name, Int(size))
    else { throw WSAError(WSAEFAULT) }
    unsafe withUnsafeBytes(of: storage) {
      unsafe UnsafeMutableRawPointer(name).copyMemory(from: $0.baseAddress!, byteCount: Int(size))
    }
    unsafe room.pointee = Int32(size)
  }

  var family: Int32 { Int32(storage.ss_family) }

  /// Network order; the port is at the same place in both families. 0 for other families.
  var port: UInt16 {
    get {
      guard isInternetName else { return 0 }
      return unsafe withUnsafeBytes(of: storage) { unsafe $0.load(fromByteOffset: 2, as: UInt16.self) }
    }
    set {
      unsafe withUnsafeMutableBytes(of: &storage) {
        unsafe $0.storeBytes(of: newValue, toByteOffset: 2, as: UInt16.self)
      }
    }
  }

  func withPointer<Result>(_ body: (UnsafeMutablePointer<sockaddr>) -> Result) -> Result {
    var copy = storage
    return unsafe withUnsafeMutablePointer(to: &copy) { storage in
      unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0) }
    }
  }

  static func local(of descriptor: Int32) throws(WSAError) -> SocketName {
    var name = SocketName()
    try unsafe name.fill { unsafe getsockname(descriptor, $0, $1) }
    return name
  }

  var isInternetName: Bool { family == AF_INET || family == AF_INET6 }
}
