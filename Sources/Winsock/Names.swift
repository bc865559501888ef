public import CWinsock
import Glibc

/// Finds the addresses of a host and the port of a service, by glibc's resolver. Page: getaddrinfo.
/// - Parameter result: Receives a list, which freeaddrinfo releases; `ai_addrlen` has 64 bits as on Windows.
/// - Returns: 0, or the error, which is the last error too: WSAHOST_NOT_FOUND, WSATRY_AGAIN, WSANO_RECOVERY,
///   WSATYPE_NOT_FOUND, WSAEINVAL, WSAEAFNOSUPPORT, WSAESOCKTNOSUPPORT, WSA_NOT_ENOUGH_MEMORY, WSAEFAULT (no result),
///   WSANOTINITIALISED.
@c @implementation
public func ws2_getaddrinfo(
  _ node: UnsafePointer<CChar>?, _ service: UnsafePointer<CChar>?, _ hints: UnsafePointer<ws2_addrinfo>?,
  _ result: UnsafeMutablePointer<UnsafeMutablePointer<ws2_addrinfo>?>?
) -> Int32 {
  var answer: Int32 = 0
  let failed = winsock(failing: true) { () throws(WSAError) in
    guard let result = unsafe result else { throw WSAError(WSAEFAULT) }
    var list: UnsafeMutablePointer<addrinfo>?
    // Ours is glibc's structure with the names and the order of Windows' prototypes.
    let error = unsafe getaddrinfo(
      node, service, UnsafeRawPointer(hints)?.assumingMemoryBound(to: addrinfo.self), &list)
    guard error == 0 else { throw resolverError(error) }
    unsafe widenLengths(list)
    unsafe result.pointee = UnsafeMutableRawPointer(list)?.assumingMemoryBound(to: ws2_addrinfo.self)
    return false
  }
  if failed { answer = ws2_last_error() }
  return answer
}

/// `ai_addrlen` is a size_t on Windows; glibc's is half of it, with four bytes of padding after it.
private func widenLengths(_ list: UnsafeMutablePointer<addrinfo>?) {
  var next = unsafe list
  while let entry = unsafe next {
    let length = unsafe Int(entry.pointee.ai_addrlen)
    unsafe UnsafeMutableRawPointer(entry).assumingMemoryBound(to: ws2_addrinfo.self).pointee.ai_addrlen = length
    unsafe next = entry.pointee.ai_next
  }
}

private func resolverError(_ error: Int32) -> WSAError {
  // glibc's numbers: Winsock's header gives these names Windows' values.
  switch error {
  case -1: WSAError(WSAEINVAL)  // EAI_BADFLAGS
  case -2, -5: WSAError(WSAHOST_NOT_FOUND)  // EAI_NONAME, EAI_NODATA
  case -3: WSAError(WSATRY_AGAIN)  // EAI_AGAIN
  case -4: WSAError(WSANO_RECOVERY)  // EAI_FAIL
  case -6, -9: WSAError(WSAEAFNOSUPPORT)  // EAI_FAMILY, EAI_ADDRFAMILY
  case -7: WSAError(WSAESOCKTNOSUPPORT)  // EAI_SOCKTYPE
  case -8: WSAError(WSATYPE_NOT_FOUND)  // EAI_SERVICE
  case -10: WSAError(WSA_NOT_ENOUGH_MEMORY)  // EAI_MEMORY
  case -11: .fromErrno  // EAI_SYSTEM
  default: WSAError(WSANO_RECOVERY)
  }
}

/// Releases a list of getaddrinfo; NULL is none. Page: freeaddrinfo.
@c @implementation
public func ws2_freeaddrinfo(_ list: UnsafeMutablePointer<ws2_addrinfo>?) {
  guard let list = unsafe list else { return }
  unsafe freeaddrinfo(UnsafeMutableRawPointer(list).assumingMemoryBound(to: addrinfo.self))
}

/// Finds the host and the service of an address. Page: getnameinfo.
/// - Parameters:
///   - hostSize: In characters with the final zero; serviceSize as well.
///   - flags: NI_ bits.
/// - Returns: 0, or the error, which is the last error too: ERROR_INSUFFICIENT_BUFFER, WSAEFAULT (the address),
///   WSAHOST_NOT_FOUND and the others of getaddrinfo.
@c @implementation
public func ws2_getnameinfo(
  _ name: UnsafePointer<sockaddr>?, _ nameSize: Int32, _ host: UnsafeMutablePointer<CChar>?, _ hostSize: DWORD,
  _ service: UnsafeMutablePointer<CChar>?, _ serviceSize: DWORD, _ flags: Int32
) -> Int32 {
  let failed = winsock(failing: true) { () throws(WSAError) in
    try unsafe checkName(name, nameSize)
    let error = unsafe getnameinfo(name, socklen_t(nameSize), host, hostSize, service, serviceSize, flags)
    // EAI_OVERFLOW
    guard error != -12 else { throw WSAError(ERROR_INSUFFICIENT_BUFFER) }
    guard error == 0 else { throw resolverError(error) }
    return false
  }
  return failed ? ws2_last_error() : 0
}

/// Reads an address from text. Page: inet_pton.
/// - Parameter address: Receives 4 bytes (AF_INET) or 16 (AF_INET6), in network order.
/// - Returns: 1, 0 (it is no address), or -1: WSAEAFNOSUPPORT, WSAEFAULT (NULL), WSANOTINITIALISED.
@c @implementation
public func ws2_inet_pton(_ family: Int32, _ text: UnsafePointer<CChar>?, _ address: UnsafeMutableRawPointer?) -> Int32
{
  winsock(failing: -1) { () throws(WSAError) in
    guard let text = unsafe text, let address = unsafe address else { throw WSAError(WSAEFAULT) }
    return try checked(unsafe inet_pton(family, text, address))
  }
}

/// Writes an address as text. Page: inet_ntop.
/// - Parameter size: Of the text in characters with the final zero: 16 and 46 are always enough.
/// - Returns: The text, or NULL: ERROR_INVALID_PARAMETER (too small), WSAEINVAL (NULL), WSAEAFNOSUPPORT.
@c @implementation
public func ws2_inet_ntop(
  _ family: Int32, _ address: UnsafeRawPointer?, _ text: UnsafeMutablePointer<CChar>?, _ size: Int
) -> UnsafePointer<CChar>? {
  unsafe winsock(failing: nil) { () throws(WSAError) in
    guard let address = unsafe address, let text = unsafe text else { throw WSAError(WSAEINVAL) }
    guard let answer = unsafe inet_ntop(family, address, text, socklen_t(clamping: size)) else {
      // Windows has one word for a buffer that is too small.
      throw ws2_errno() == ENOSPC ? WSAError(ERROR_INVALID_PARAMETER) : .fromErrno
    }
    return unsafe answer
  }
}

/// Reads an IPv4 address from text. Page: inet_addr.
/// - Returns: The address in network order, or INADDR_NONE. Sets no last error, needs no WSAStartup.
@c @implementation
public func ws2_inet_addr(_ text: UnsafePointer<CChar>?) -> UInt32 {
  guard let text = unsafe text else { return UInt32.max }
  return unsafe inet_addr(text)
}

/// Writes an IPv4 address as text. Page: inet_ntoa.
/// - Returns: Text of the calling thread's, good until its next call.
@c @implementation
public func ws2_inet_ntoa(_ address: ws2_in_addr) -> UnsafeMutablePointer<CChar>? {
  unsafe inet_ntoa(in_addr(s_addr: address.S_un.S_addr))
}

/// Tells the name of this host. Page: gethostname.
/// - Parameter size: Of the buffer in characters with the final zero.
/// - Returns: 0, or SOCKET_ERROR: WSAEFAULT (it does not fit, or cannot be written), WSANOTINITIALISED.
@c @implementation
public func ws2_gethostname(_ name: UnsafeMutablePointer<CChar>?, _ size: Int32) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    guard let name = unsafe name, size > 0, unsafe isWritable(name, Int(size)) else { throw WSAError(WSAEFAULT) }
    guard unsafe gethostname(name, Int(size)) == 0 else {
      throw ws2_errno() == ENAMETOOLONG ? WSAError(WSAEFAULT) : .fromErrno
    }
    return 0
  }
}

/// The text of an error of getaddrinfo. Page: gai_strerrorA.
/// - Returns: Static text, as on Windows a pointer that the caller does not free.
@c @implementation
public func gai_strerrorA(_ error: Int32) -> UnsafeMutablePointer<CChar>? {
  unsafe UnsafeMutablePointer(mutating: ws2_error_meaning(error))
}
