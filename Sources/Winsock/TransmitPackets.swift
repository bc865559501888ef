public import CWinsock
import DequeModule
import Glibc

/// Sends pieces of memory and of files in their order (Microsoft's page "LPFN_TRANSMITPACKETS callback function"). On a
/// stream they are one run of bytes; on a datagram socket a datagram ends where TP_ELEMENT_EOP says, and at the end.
/// - Parameters:
///   - array: The elements; their memory is the program's until the end. Of a file, cLength 0 is all of it, and
///     nFileOffset -1 is the descriptor's position, which moves along. Files are TransmitFile's.
///   - count: Elements; with none only the flags act.
///   - size: Bytes at which a datagram is cut; 0, or more than one can have: not at all. The kernel cuts a stream.
///   - overlapped: Its Offset is not looked at.
///   - flags: As TransmitFile's.
/// - Returns: FALSE with ERROR_IO_PENDING, or with WSAENOTSOCK, WSAENOTCONN, WSAESHUTDOWN, WSAEINVAL (flags, TF_DISCONNECT on a
///   datagram socket, more than 2,147,483,646 bytes), WSAEFAULT, WSAEMSGSIZE (a datagram), ERROR_INVALID_HANDLE, WSAECONNRESET,
///   WSAECONNABORTED; never SIGPIPE (SPEC S6.2).
@c @implementation
public func ws2_TransmitPackets(
  _ handle: SOCKET, _ array: LPTRANSMIT_PACKETS_ELEMENT?, _ count: DWORD, _ size: DWORD, _ overlapped: LPOVERLAPPED?,
  _ flags: DWORD
) -> WindowsBool {
  winsock(failing: no) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    try Socket.judge(transmitFlags: flags)
    let isStream = socket.type == ws2_socket_stream()
    guard isStream || flags & DWORD(TF_DISCONNECT) == 0 else { throw WSAError(WSAEINVAL) }
    guard isStream ? !socket.neverConnected : socket.isConnectedTransport else { throw WSAError(WSAENOTCONN) }
    guard !socket.attributes.contains(.sendIsShut) else { throw WSAError(WSAESHUTDOWN) }
    let overlapped = unsafe socket.isOverlapped ? overlapped : nil
    if let overlapped = unsafe overlapped { try unsafe judge(count: nil, overlapped) }
    let elements = try unsafe elements(array, count)
    let transmission = Transmission(socket, elements, packetSize: size)
    try unsafe socket.transmit(transmission, overlapped, flags)
    return yes
  }
}

private func elements(
  _ array: LPTRANSMIT_PACKETS_ELEMENT?, _ count: DWORD
) throws(WSAError) -> Deque<TransmitElement> {
  guard count > 0 else { return [] }
  guard let array = unsafe array,
    unsafe isReadable(array, Int(count) * MemoryLayout<TRANSMIT_PACKETS_ELEMENT>.stride)
  else { throw WSAError(WSAEFAULT) }
  var (elements, total) = (Deque<TransmitElement>(), 0)
  for index in 0..<Int(count) {
    let element = unsafe array[index]
    total += unsafe Int(element.cLength)
    guard total <= Int32.max - 1 else { throw WSAError(WSAEINVAL) }
    elements.append(try unsafe TransmitElement(element))
  }
  return elements
}

extension TransmitElement {
  fileprivate init(_ element: TRANSMIT_PACKETS_ELEMENT) throws(WSAError) {
    let endsPacket = unsafe element.dwElFlags & ULONG(TP_ELEMENT_EOP) != 0
    switch unsafe Int32(element.dwElFlags & ~ULONG(TP_ELEMENT_EOP)) {
    case TP_ELEMENT_MEMORY:
      let memory = unsafe UnsafeRawBufferPointer(start: element.pBuffer, count: Int(element.cLength))
      guard unsafe isReadable(memory.baseAddress, memory.count) else { throw WSAError(WSAEFAULT) }
      unsafe self.init(memory, endsPacket: endsPacket)
    case 0, TP_ELEMENT_FILE:  // the page: the default
      let offset = unsafe element.nFileOffset.QuadPart
      guard offset >= -1 else { throw WSAError(WSAEINVAL) }
      self.init(
        try unsafe SourceFile(element.hFile), at: offset < 0 ? nil : Int64(offset), count: unsafe element.cLength,
        endsPacket: endsPacket)
    default: throw WSAError(WSAEINVAL)
    }
  }
}
