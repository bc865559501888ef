public import CWinsock
import Glibc
import Synchronization

/// Sets an option. Those of Winsock alone are translated (SO_RCVTIMEO and SO_SNDTIMEO in milliseconds, SO_DONTLINGER,
/// SO_UPDATE_ACCEPT_CONTEXT, SO_UPDATE_CONNECT_CONTEXT, and IP_WFP_REDIRECT_CONTEXT and _RECORDS at both levels); the others have Linux' meaning. Page: setsockopt.
/// - Parameter size: Of the value in bytes, a DWORD as a rule.
/// - Returns: 0, or SOCKET_ERROR: WSAENOTSOCK, WSAEFAULT, WSAENOPROTOOPT, WSAEINVAL, WSAENOTCONN.
@c @implementation
public func ws2_setsockopt(
  _ handle: SOCKET, _ level: Int32, _ name: Int32, _ value: UnsafePointer<CChar>?, _ size: Int32
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireKnownSocket()
    if level == SOL_SOCKET, [SO_UPDATE_ACCEPT_CONTEXT, SO_UPDATE_CONNECT_CONTEXT].contains(name) {
      try unsafe socket.updateContext(name, value, size)
      return 0
    }
    guard size > 0, unsafe isReadable(value, Int(size)), let value = unsafe UnsafeRawPointer(value) else {
      throw WSAError(WSAEFAULT)
    }
    socket.set(.hasOptions)
    switch (level, name) {
    case (SOL_SOCKET, SO_RCVTIMEO), (SOL_SOCKET, SO_SNDTIMEO):
      guard size >= 4 else { throw WSAError(WSAEFAULT) }
      try socket.setTimeout(name, unsafe value.loadUnaligned(as: DWORD.self))
    case (SOL_SOCKET, doNotLinger):
      let isOn = unsafe value.loadUnaligned(as: UInt8.self) != 0
      try socket.setLinger(!isOn)
    case (SOL_SOCKET, exclusiveAddressUse), (SOL_SOCKET, SO_OPENTYPE):
      // A Linux port is exclusive, and an open type is the thread's.
      return 0
    case (SOL_SOCKET, SO_CONDITIONAL_ACCEPT):
      guard size >= 4 else { throw WSAError(WSAEFAULT) }
      guard !socket.isListening else { throw WSAError(WSAEINVAL) }
      socket.set(.acceptsOnCondition, unsafe value.loadUnaligned(as: DWORD.self) != 0)
    case _ where Socket.isRedirectOption(level, name): try unsafe socket.setRedirectOption(level, name, value, size)
    default:
      try checked(unsafe setsockopt(socket.descriptor, level, name, value, socklen_t(size)))
    }
    return 0
  }
}

/// Tells an option; see setsockopt. SO_ERROR says a Winsock error and clears it, SO_CONNECT_TIME seconds.
/// Page: getsockopt.
/// - Parameter size: In: bytes there are; out: bytes of the value.
/// - Returns: 0, or SOCKET_ERROR: WSAENOTSOCK, WSAEFAULT (NULL, too small), WSAENOPROTOOPT.
@c @implementation
public func ws2_getsockopt(
  _ handle: SOCKET, _ level: Int32, _ name: Int32, _ value: UnsafeMutablePointer<CChar>?,
  _ size: UnsafeMutablePointer<Int32>?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    let socket = try Socket(handle)
    try socket.requireSocket()
    guard let size = unsafe size, unsafe isWritable(size, MemoryLayout<Int32>.size),
      unsafe size.pointee > 0, let value = unsafe value, unsafe isWritable(value, Int(size.pointee))
    else { throw WSAError(WSAEFAULT) }
    let answer = unsafe OptionAnswer(value: value, size: size)
    switch (level, name) {
    case (SOL_SOCKET, SO_RCVTIMEO): try unsafe answer.give(socket.state.pointee.receiveTimeout.load(ordering: .relaxed))
    case (SOL_SOCKET, SO_SNDTIMEO): try unsafe answer.give(socket.state.pointee.sendTimeout.load(ordering: .relaxed))
    case (SOL_SOCKET, SO_ERROR):
      // Asked first: reading the error clears it.
      try answer.requireRoom()
      let error = try socket.takeError()
      socket.set(.connecting, false)
      try answer.give(error == 0 ? 0 : DWORD(bitPattern: WSAError(errno: error).rawValue))
    case (SOL_SOCKET, SO_CONNECT_TIME): try answer.give(socket.secondsConnected)
    case (SOL_SOCKET, exclusiveAddressUse): try answer.give(1)
    case (SOL_SOCKET, SO_CONDITIONAL_ACCEPT):
      try answer.give(socket.attributes.contains(.acceptsOnCondition) ? 1 : 0)
    case (SOL_SOCKET, doNotLinger): try answer.give(try socket.lingers ? 0 : 1)
    case _ where Socket.isRedirectOption(level, name): try answer.give(try socket.redirectOption(level, name))
    default:
      var length = socklen_t(unsafe size.pointee)
      try checked(unsafe getsockopt(socket.descriptor, level, name, value, &length))
      unsafe size.pointee = Int32(length)
    }
    return 0
  }
}

/// The casts of these macros are not imported.
private let exclusiveAddressUse = ~SO_REUSEADDR
private let doNotLinger = ~SO_LINGER

/// Where getsockopt writes a DWORD.
@safe
private struct OptionAnswer {
  let value: UnsafeMutablePointer<CChar>
  let size: UnsafeMutablePointer<Int32>

  func requireRoom() throws(WSAError) {
    guard unsafe size.pointee >= 4 else { throw WSAError(WSAEFAULT) }
  }

  func give(_ number: DWORD) throws(WSAError) {
    try requireRoom()
    unsafe UnsafeMutableRawPointer(value).storeBytes(of: number, as: DWORD.self)
    unsafe size.pointee = 4
  }
}

extension Socket {
  /// After AcceptEx and ConnectEx a socket is whole here at once, so that there is only to judge the call: the accept
  /// context's argument is the listener.
  fileprivate func updateContext(_ name: Int32, _ value: UnsafePointer<CChar>?, _ size: Int32) throws(WSAError) {
    if name == SO_UPDATE_ACCEPT_CONTEXT {
      guard size >= MemoryLayout<SOCKET>.size, unsafe isReadable(value, Int(size)),
        let value = unsafe UnsafeRawPointer(value)
      else { throw WSAError(WSAEFAULT) }
      try unsafe Socket(value.loadUnaligned(as: SOCKET.self)).requireSocket()
    }
    guard !neverConnected else { throw WSAError(WSAENOTCONN) }
  }

  /// SO_CONNECT_TIME: all ones without a connection.
  fileprivate var secondsConnected: DWORD {
    guard isConnectedTransport, !neverConnected else { return DWORD.max }
    let since = unsafe state.pointee.connected.load(ordering: .relaxed)
    return since == 0 ? 0 : DWORD(clamping: (monotonicMilliseconds() - since) / 1000)
  }

  func setOption(_ level: Int32, _ name: Int32, _ value: Int32) throws(WSAError) {
    var value = value
    try checked(unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size)))
  }

  /// Milliseconds here, a timeval there. The kernel hears of it too, for code that calls libc on the descriptor.
  fileprivate func setTimeout(_ name: Int32, _ milliseconds: DWORD) throws(WSAError) {
    // INFINITE, which some pass for "no time-out", would overflow the kernel's ticks no more than 0 does.
    let effective = milliseconds == DWORD.max ? 0 : milliseconds
    var time = timeval(tv_sec: Int(effective / 1000), tv_usec: Int(effective % 1000 * 1000))
    try checked(unsafe setsockopt(descriptor, SOL_SOCKET, name, &time, socklen_t(MemoryLayout<timeval>.size)))
    if name == SO_RCVTIMEO {
      unsafe state.pointee.receiveTimeout.store(effective, ordering: .relaxed)
    } else {
      unsafe state.pointee.sendTimeout.store(effective, ordering: .relaxed)
    }
  }

  fileprivate func setLinger(_ isOn: Bool) throws(WSAError) {
    var value = linger(l_onoff: isOn ? 1 : 0, l_linger: 0)
    try checked(unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size)))
  }

  fileprivate var lingers: Bool {
    get throws(WSAError) {
      var value = linger()
      var size = socklen_t(MemoryLayout<linger>.size)
      try checked(unsafe getsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, &size))
      return value.l_onoff != 0
    }
  }
}
