public import CWinsock
import Glibc

// glibc's own functions, with Winsock's errors. Their answers are glibc's: the next call of any thread changes them, and
// the types of the structures are POSIX's.

/// glibc's h_errno in Winsock's words.
private func resolverError() -> WSAError {
  switch ws2_resolver_error() {
  case 1: WSAError(WSAHOST_NOT_FOUND)
  case 2: WSAError(WSATRY_AGAIN)
  case 4: WSAError(WSANO_DATA)
  default: WSAError(WSANO_RECOVERY)
  }
}

/// Finds the IPv4 addresses of a host; getaddrinfo is the newer way. Page: gethostbyname.
/// - Parameter name: NULL or empty: this host.
/// - Returns: The host, until the next call, or NULL: WSAHOST_NOT_FOUND, WSATRY_AGAIN, WSANO_RECOVERY, WSANO_DATA,
///   WSANOTINITIALISED.
@c @implementation
public func ws2_gethostbyname(_ name: UnsafePointer<CChar>?) -> UnsafeMutablePointer<hostent>? {
  unsafe winsock(failing: nil) { () throws(WSAError) in
    var own = [CChar](repeating: 0, count: 256)
    var found: UnsafeMutablePointer<hostent>?
    if let name = unsafe name, unsafe name[0] != 0 {
      unsafe found = unsafe gethostbyname(name)
    } else {
      guard unsafe gethostname(&own, own.count - 1) == 0 else { throw .fromErrno }
      unsafe found = unsafe gethostbyname(own)
    }
    guard let found = unsafe found else { throw resolverError() }
    return unsafe found
  }
}

/// Finds the name of an address; getnameinfo is the newer way. Page: gethostbyaddr.
/// - Parameters:
///   - size: 4 or 16 bytes.
///   - family: AF_INET or AF_INET6.
/// - Returns: As gethostbyname; WSAEFAULT (NULL, another size).
@c @implementation
public func ws2_gethostbyaddr(
  _ address: UnsafePointer<CChar>?, _ size: Int32, _ family: Int32
) -> UnsafeMutablePointer<hostent>? {
  unsafe winsock(failing: nil) { () throws(WSAError) in
    guard let address = unsafe address, size == (family == AF_INET6 ? 16 : 4) else { throw WSAError(WSAEFAULT) }
    guard let found = unsafe gethostbyaddr(address, socklen_t(size), family) else { throw resolverError() }
    return unsafe found
  }
}

/// Finds the port of a service. Page: getservbyname.
/// - Parameter transport: "tcp", "udp", or NULL for any.
/// - Returns: The service, until the next call, or NULL: WSANO_DATA, WSAEFAULT (NULL), WSANOTINITIALISED.
@c @implementation
public func ws2_getservbyname(
  _ name: UnsafePointer<CChar>?, _ transport: UnsafePointer<CChar>?
) -> UnsafeMutablePointer<servent>? {
  unsafe winsock(failing: nil) { () throws(WSAError) in
    guard let name = unsafe name else { throw WSAError(WSAEFAULT) }
    guard let found = unsafe getservbyname(name, transport) else { throw WSAError(WSANO_DATA) }
    return unsafe found
  }
}

/// Finds the service of a port. Page: getservbyport.
/// - Parameter port: In network order.
/// - Returns: As getservbyname.
@c @implementation
public func ws2_getservbyport(_ port: Int32, _ transport: UnsafePointer<CChar>?) -> UnsafeMutablePointer<servent>? {
  unsafe winsock(failing: nil) { () throws(WSAError) in
    guard let found = unsafe getservbyport(port, transport) else { throw WSAError(WSANO_DATA) }
    return unsafe found
  }
}
