public import CWinsock

/// Connects to the first address of a host that answers. Page: WSAConnectByNameA.
/// - Parameters:
///   - handle: A stream's; for IPv6 and IPv4 one of AF_INET6 without IPV6_V6ONLY.
///   - localSize, remoteSize: In: of the places in bytes. Out: of the names. With their places NULL not looked at.
///   - timeout: For all of it; NULL: as long as it takes.
///   - reserved: NULL.
/// - Returns: TRUE, or FALSE: WSAHOST_NOT_FOUND and the others of getaddrinfo, WSAETIMEDOUT, WSAECONNREFUSED and the
///   others of connect, WSAEFAULT, WSAEINVAL.
@c @implementation
public func WSAConnectByNameA(
  _ handle: SOCKET, _ node: LPCSTR?, _ service: LPCSTR?, _ localSize: UnsafeMutablePointer<DWORD>?,
  _ local: LPSOCKADDR?, _ remoteSize: UnsafeMutablePointer<DWORD>?, _ remote: LPSOCKADDR?,
  _ timeout: UnsafePointer<timeval>?, _ reserved: LPWSAOVERLAPPED?
) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    let ends = try unsafe Ends(localSize, local, remoteSize, remote, reserved)
    try connect(handle, try names(handle, unsafe string(node), unsafe string(service)), unsafe deadline(timeout))
    try ends.tell(of: handle)
    return yes
  }
}

/// As WSAConnectByNameA. Page: WSAConnectByNameW.
@c @implementation
public func WSAConnectByNameW(
  _ handle: SOCKET, _ node: LPWSTR?, _ service: LPWSTR?, _ localSize: UnsafeMutablePointer<DWORD>?,
  _ local: LPSOCKADDR?, _ remoteSize: UnsafeMutablePointer<DWORD>?, _ remote: LPSOCKADDR?,
  _ timeout: UnsafePointer<timeval>?, _ reserved: LPWSAOVERLAPPED?
) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    let ends = try unsafe Ends(localSize, local, remoteSize, remote, reserved)
    let (node, service) = unsafe (string(UnsafePointer(node)), string(UnsafePointer(service)))
    try connect(handle, try names(handle, node, service), unsafe deadline(timeout))
    try ends.tell(of: handle)
    return yes
  }
}

/// As WSAConnectByNameA, with addresses. Page: WSAConnectByList.
/// - Parameter list: Those of another family than the socket's are passed over.
@c @implementation
public func WSAConnectByList(
  _ handle: SOCKET, _ list: LPSOCKET_ADDRESS_LIST?, _ localSize: UnsafeMutablePointer<DWORD>?, _ local: LPSOCKADDR?,
  _ remoteSize: UnsafeMutablePointer<DWORD>?, _ remote: LPSOCKADDR?, _ timeout: UnsafePointer<timeval>?,
  _ reserved: LPWSAOVERLAPPED?
) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    let ends = try unsafe Ends(localSize, local, remoteSize, remote, reserved)
    guard let list = unsafe list, unsafe isReadable(list, 8) else { throw WSAError(WSAEFAULT) }
    let count = unsafe Int(max(0, list.pointee.iAddressCount))
    // The array begins behind the count, at a pointer's alignment.
    let first = unsafe (UnsafeRawPointer(list) + 8).assumingMemoryBound(to: SOCKET_ADDRESS.self)
    guard unsafe isReadable(first, count * MemoryLayout<SOCKET_ADDRESS>.stride) else { throw WSAError(WSAEFAULT) }
    var names: [SocketName] = []
    for index in 0..<count {
      let entry = unsafe first[index]
      try unsafe checkName(entry.lpSockaddr, entry.iSockaddrLength)
      var name = SocketName()
      unsafe name.take(entry.lpSockaddr!, entry.iSockaddrLength)
      names.append(name)
    }
    try connect(handle, names, unsafe deadline(timeout))
    try ends.tell(of: handle)
    return yes
  }
}

/// Where the names of both ends go.
@safe
private struct Ends {
  private let places: [(LPSOCKADDR?, UnsafeMutablePointer<DWORD>?)]

  init(
    _ localSize: UnsafeMutablePointer<DWORD>?, _ local: LPSOCKADDR?, _ remoteSize: UnsafeMutablePointer<DWORD>?,
    _ remote: LPSOCKADDR?, _ reserved: LPWSAOVERLAPPED?
  ) throws(WSAError) {
    guard unsafe reserved == nil else { throw WSAError(WSAEINVAL) }
    guard unsafe local == nil || localSize != nil, unsafe remote == nil || remoteSize != nil else {
      throw WSAError(WSAEFAULT)
    }
    unsafe places = unsafe [(local, localSize), (remote, remoteSize)]
  }

  func tell(of handle: SOCKET) throws(WSAError) {
    for index in 0..<2 {
      let place = unsafe places[index]
      guard let name = unsafe place.0, let size = unsafe place.1 else { continue }
      var room = unsafe Int32(clamping: size.pointee)
      let result = unsafe index == 0 ? ws2_getsockname(handle, name, &room) : ws2_getpeername(handle, name, &room)
      guard result == 0 else { throw WSAError(rawValue: ws2_last_error()) }
      unsafe size.pointee = DWORD(room)
    }
  }
}

private func deadline(_ timeout: UnsafePointer<timeval>?) -> Deadline {
  guard let timeout = unsafe timeout?.pointee else { return .never }
  return Deadline(wait: DWORD(clamping: min(max(0, timeout.tv_sec), 1_000_000) * 1000 + timeout.tv_usec / 1000))
}

/// - Throws: The errors of getaddrinfo.
private func names(_ handle: SOCKET, _ node: String?, _ service: String?) throws(WSAError) -> [SocketName] {
  let socket = try Socket(handle)
  try socket.requireSocket()
  guard let node, let service else { throw WSAError(WSAEINVAL) }
  var hints = unsafe ws2_addrinfo()
  unsafe hints.ai_family = try SocketName.local(of: socket.descriptor).family
  unsafe hints.ai_socktype = ws2_socket_stream()
  if unsafe hints.ai_family == AF_INET6 { unsafe hints.ai_flags = AI_V4MAPPED | AI_ALL }
  var list: UnsafeMutablePointer<ws2_addrinfo>?
  let error = unsafe ws2_getaddrinfo(node, service, &hints, &list)
  guard error == 0 else { throw WSAError(rawValue: error) }
  defer { unsafe ws2_freeaddrinfo(list) }
  var names: [SocketName] = []
  var next = unsafe list
  while let entry = unsafe next {
    var name = SocketName()
    if let address = unsafe entry.pointee.ai_addr { unsafe name.take(address, Int32(entry.pointee.ai_addrlen)) }
    names.append(name)
    unsafe next = unsafe entry.pointee.ai_next
  }
  return names
}

/// - Throws: WSAETIMEDOUT, or the last address's error.
private func connect(_ handle: SOCKET, _ names: [SocketName], _ deadline: Deadline) throws(WSAError) {
  let socket = try Socket(handle)
  try socket.requireSocket()
  let family = try SocketName.local(of: socket.descriptor).family
  var last = WSAError(WSAEINVAL)
  for name in names where name.family == family {
    do throws(WSAError) {
      return try socket.connect(to: name, until: deadline)
    } catch {
      last = error
      if error == WSAError(WSAETIMEDOUT), deadline.isOver { throw error }
    }
  }
  throw last
}
