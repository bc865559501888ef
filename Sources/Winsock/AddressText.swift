import CWinsock
import Glibc

/// Internet addresses as Winsock writes and reads them: `127.0.0.1:80`, `::1`, `[fe80::1%2]:80`; no port for port 0.
extension Provider {
  func addressToString(
    _ name: UnsafePointer<sockaddr>?, _ size: DWORD, _ text: LPWSTR?, _ length: LPDWORD?, _ error: LPINT?
  ) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) {
      winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
        try unsafe checkName(name, Int32(clamping: size))
        let answer = try unsafe addressText(name!)
        guard let text = unsafe text, let length = unsafe length, unsafe isWritable(length, MemoryLayout<DWORD>.size)
        else { throw WSAError(WSAEFAULT) }
        let room = unsafe length.pointee
        unsafe length.pointee = DWORD(answer.count + 1)
        let bytes = MemoryLayout<WCHAR>.stride * (answer.count + 1)
        guard room > answer.count, unsafe isWritable(text, bytes) else { throw WSAError(WSAEFAULT) }
        for (index, scalar) in answer.enumerated() { unsafe text[index] = scalar }
        unsafe text[answer.count] = 0
        return 0
      }
    }
  }

  func stringToAddress(
    _ text: LPWSTR?, _ family: Int32, _ name: UnsafeMutablePointer<sockaddr>?, _ size: LPINT?, _ error: LPINT?
  ) -> Int32 {
    unsafe procedure(error, failing: SOCKET_ERROR) {
      winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
        let text = try unsafe characters(text)
        guard let name = unsafe name, let size = unsafe size else { throw WSAError(WSAEFAULT) }
        guard let parts = AddressParts(text, family) else { throw WSAError(WSAEINVAL) }
        var answer = SocketName()
        try unsafe answer.fill { storage, length in
          unsafe length.pointee = parts.write(to: storage)
          return 0
        }
        try unsafe answer.copy(to: name, size)
        return 0
      }
    }
  }
}

private func addressText(_ name: UnsafePointer<sockaddr>) throws(WSAError) -> [WCHAR] {
  let bytes = unsafe UnsafeRawPointer(name)
  let port = unsafe UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self))
  switch unsafe Int32(name.pointee.sa_family) {
  case AF_INET:
    let host = try unsafe hostText(AF_INET, bytes + 4)
    return wide(port == 0 ? host : "\(host):\(port)")
  case AF_INET6:
    let scope = unsafe bytes.load(fromByteOffset: 24, as: UInt32.self)
    let host = try unsafe hostText(AF_INET6, bytes + 8) + (scope == 0 ? "" : "%\(scope)")
    return wide(port == 0 ? host : "[\(host)]:\(port)")
  default: throw WSAError(WSAEINVAL)
  }
}

private func wide(_ text: String) -> [WCHAR] { Array(text.utf16) }

private func hostText(_ family: Int32, _ address: UnsafeRawPointer) throws(WSAError) -> String {
  var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
  guard unsafe inet_ntop(family, address, &text, socklen_t(text.count)) != nil else { throw .fromErrno }
  return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// - Throws: WSAEFAULT; WSAEINVAL for more than any address has.
private func characters(_ text: LPWSTR?) throws(WSAError) -> String {
  guard let text = unsafe text else { throw WSAError(WSAEFAULT) }
  let size = MemoryLayout<WCHAR>.size
  var scalars = String.UnicodeScalarView()
  for index in 0..<128 {
    let place = unsafe UnsafeRawPointer(text) + index * size
    guard unsafe isReadable(place, size) else { throw WSAError(WSAEFAULT) }
    let value = unsafe place.loadUnaligned(as: WCHAR.self)
    if value == 0 { return String(scalars) }
    guard let scalar = Unicode.Scalar(value), scalar.isASCII else { throw WSAError(WSAEINVAL) }
    scalars.append(scalar)
  }
  throw WSAError(WSAEINVAL)
}

/// What an address in text says.
private struct AddressParts {
  private let family: Int32
  private var host: Substring
  private var port: UInt16 = 0
  private var scope: UInt32 = 0
  private var address = [UInt8](repeating: 0, count: 16)

  init?(_ text: String, _ family: Int32) {
    self.family = family
    host = text[...]
    guard family == AF_INET || family == AF_INET6, takePort(), takeScope() else { return nil }
    guard unsafe String(host).withCString({ unsafe inet_pton(family, $0, &address) }) == 1 else { return nil }
  }

  private mutating func takePort() -> Bool {
    var digits: Substring?
    if family == AF_INET, let colon = host.firstIndex(of: ":") {
      digits = host[host.index(after: colon)...]
      host = host[..<colon]
    } else if family == AF_INET6, host.first == "[" {
      guard let end = host.firstIndex(of: "]") else { return false }
      let rest = host[host.index(after: end)...]
      host = host[..<end].dropFirst()
      guard rest.isEmpty || rest.first == ":" else { return false }
      if !rest.isEmpty { digits = rest.dropFirst() }
    }
    guard let digits else { return true }
    guard digits.allSatisfy(\.isWholeNumber), let number = UInt16(digits) else { return false }
    port = number
    return true
  }

  private mutating func takeScope() -> Bool {
    guard family == AF_INET6, let percent = host.firstIndex(of: "%") else { return true }
    let digits = host[host.index(after: percent)...]
    guard digits.allSatisfy(\.isWholeNumber), let number = UInt32(digits) else { return false }
    scope = number
    host = host[..<percent]
    return true
  }

  /// - Returns: The size of the name.
  func write(to name: UnsafeMutablePointer<sockaddr>) -> socklen_t {
    let size = family == AF_INET ? 16 : 28
    let bytes = UnsafeMutableRawPointer(name)
    unsafe memset(bytes, 0, size)
    unsafe name.pointee.sa_family = sa_family_t(family)
    unsafe bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
    let (place, length) = family == AF_INET ? (4, 4) : (8, 16)
    for index in 0..<length { unsafe bytes.storeBytes(of: address[index], toByteOffset: place + index, as: UInt8.self) }
    if family == AF_INET6 { unsafe bytes.storeBytes(of: scope, toByteOffset: 24, as: UInt32.self) }
    return socklen_t(size)
  }
}
