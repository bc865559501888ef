import CWinsock
import Glibc

extension Socket {
  /// SIO_FLUSH. Linux does not take back what it has been given to send; what is still here ends.
  func flush() { Self.queue(of: descriptor)?.cancel { _ in true } }
}

extension IoctlCall {
  /// WSAIoctl's codes beside the redirect ones (Microsoft's page "Winsock IOCTLs" and that of each code).
  func other() -> IoctlAnswer {
    do throws(WSAError) {
      try socket.requireSocket()
      return try answerOther()
    } catch {
      return IoctlAnswer(error: error, bytes: error == WSAError(WSAEOPNOTSUPP) ? 0 : nil)
    }
  }

  private func answerOther() throws(WSAError) -> IoctlAnswer {
    switch code {
    case ws2_SIO_KEEPALIVE_VALS: return try setKeepAlive()
    case ws2_SIO_BASE_HANDLE, ws2_SIO_BSP_HANDLE, ws2_SIO_BSP_HANDLE_SELECT, ws2_SIO_BSP_HANDLE_POLL:
      // The pages: lpOverlapped must be NULL. There are no layers here, so each is the socket itself.
      guard unsafe overlapped == nil else { throw WSAError(WSAEINVAL) }
      return try give(socket.handle)
    case ws2_SIO_GET_EXTENSION_FUNCTION_POINTER: return try extensionFunction()
    case ws2_SIO_UDP_CONNRESET, ws2_SIO_UDP_NETRESET: return try setResets()
    case ws2_SIO_FLUSH:
      return IoctlAnswer(bytes: 0)  // done before
    case ws2_SIO_LOOPBACK_FAST_PATH:
      _ = try readDWORD()
      return IoctlAnswer(bytes: 0)  // a hint
    case ws2_SIO_TCP_INFO: return try connectionStatistics()
    case DWORD(SIO_IDEAL_SEND_BACKLOG_QUERY): return try idealBacklog()
    case ws2_SIO_ADDRESS_LIST_QUERY: return try addressList()
    case ws2_SIO_ROUTING_INTERFACE_QUERY: return try routingInterface()
    case ws2_SIO_GET_BROADCAST_ADDRESS: return try broadcastAddress()
    case DWORD(SIO_GET_INTERFACE_LIST): return try interfaceList()
    default: return try controlByIoctl()
    }
  }

  private func controlByIoctl() throws(WSAError) -> IoctlAnswer {
    if ControlCode.nonBlocking.contains(code) {
      _ = try control(socket, code, try readDWORD())
      return IoctlAnswer(bytes: 0)
    }
    guard ControlCode.bytesToRead.contains(code) || ControlCode.atMark.contains(code) else {
      throw WSAError(WSAEOPNOTSUPP)
    }
    return try give(try control(socket, code, 0))
  }

  /// Gives the value out; too small an output: WSAEFAULT.
  func give<Value: BitwiseCopyable>(_ value: Value) throws(WSAError) -> IoctlAnswer {
    try unsafe withUnsafeBytes(of: value) { bytes throws(WSAError) in
      guard Int(outputSize) >= bytes.count else { throw WSAError(WSAEFAULT) }
      return try unsafe give(bytes)
    }
  }

  func give(_ bytes: [UInt8]) throws(WSAError) -> IoctlAnswer {
    let answer = unsafe bytes.withUnsafeBytes { bytes in
      Result { () throws(WSAError) in try unsafe give(bytes) }
    }
    return try answer.get()
  }

  /// Gives bytes out; too small an output: WSAEFAULT, and the count says what is needed.
  func give(_ bytes: UnsafeRawBufferPointer) throws(WSAError) -> IoctlAnswer {
    let needed = DWORD(clamping: bytes.count)
    guard outputSize >= needed else { return IoctlAnswer(error: WSAError(WSAEFAULT), bytes: needed) }
    guard unsafe isWritable(output, bytes.count), let output = unsafe output else { throw WSAError(WSAEFAULT) }
    if let start = bytes.baseAddress { unsafe output.copyMemory(from: start, byteCount: bytes.count) }
    return IoctlAnswer(bytes: needed)
  }

  func readDWORD() throws(WSAError) -> DWORD {
    guard inputSize >= 4, unsafe isReadable(input, 4), let input = unsafe input else { throw WSAError(WSAEFAULT) }
    return unsafe input.loadUnaligned(as: DWORD.self)
  }

  private func extensionFunction() throws(WSAError) -> IoctlAnswer {
    let size = MemoryLayout<GUID>.size
    guard inputSize >= size, unsafe isReadable(input, size), let input = unsafe input else {
      throw WSAError(WSAEFAULT)
    }
    var identifier = unsafe input.loadUnaligned(as: GUID.self)
    guard let function = unsafe ws2_extension_function(&identifier, convention == .windows ? yes : no) else {
      throw WSAError(WSAEINVAL)
    }
    return try give(UInt(bitPattern: function))
  }
}
