public import CWinsock

/// Prepares a socket for another process of this user and this machine, which calls WSASocketA with the structure; how
/// that comes there is the program's business. The copy waits until it is taken, once, or this process ends; options,
/// the connection and the blocking mode are shared, time-outs are set anew. Page: WSADuplicateSocketA.
/// - Parameters:
///   - process: Linux' process identifier; also this one's.
///   - info: Receives the structure.
/// - Returns: 0, or SOCKET_ERROR: WSAENOTSOCK, WSAEINVAL (no such process), WSAEFAULT, WSAEMFILE, WSAENOBUFS,
///   WSANOTINITIALISED.
@c @implementation
public func WSADuplicateSocketA(_ handle: SOCKET, _ process: DWORD, _ info: LPWSAPROTOCOL_INFOA?) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    guard let info = unsafe info, unsafe isWritable(info, MemoryLayout<WSAPROTOCOL_INFOA>.size) else {
      throw WSAError(WSAEFAULT)
    }
    let row = try ProtocolRow.of(socket)
    let ticket = try Handover.offer(socket, to: process)
    unsafe row.write(to: UnsafeMutableRawPointer(info), CChar.self)
    unsafe info.pointee.ProviderId = ticket.identifier
    unsafe info.pointee.dwProviderReserved = ticket.token
    return 0
  }
}

/// As WSADuplicateSocketA, for WSASocketW. Page: WSADuplicateSocketW.
@c @implementation
public func WSADuplicateSocketW(_ handle: SOCKET, _ process: DWORD, _ info: LPWSAPROTOCOL_INFOW?) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    guard let info = unsafe info, unsafe isWritable(info, MemoryLayout<WSAPROTOCOL_INFOW>.size) else {
      throw WSAError(WSAEFAULT)
    }
    let row = try ProtocolRow.of(socket)
    let ticket = try Handover.offer(socket, to: process)
    unsafe row.write(to: UnsafeMutableRawPointer(info), WCHAR.self)
    unsafe info.pointee.ProviderId = ticket.identifier
    unsafe info.pointee.dwProviderReserved = ticket.token
    return 0
  }
}
