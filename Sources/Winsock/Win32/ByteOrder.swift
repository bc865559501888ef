public import CWinsock

// u_long is glibc's here, of 64 bits: a value has 32, and the upper half is zero.

private func convert<Value: FixedWidthInteger>(
  _ handle: SOCKET, _ value: Value, _ target: UnsafeMutablePointer<Value>?, _ swapped: (Value) -> Value
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    try Socket(handle).requireSocket()
    guard let target = unsafe target, unsafe isWritable(target, MemoryLayout<Value>.size) else {
      throw WSAError(WSAEFAULT)
    }
    unsafe target.pointee = swapped(value)
    return 0
  }
}

private func swapped(_ value: u_long) -> u_long { u_long(UInt32(truncatingIfNeeded: value).bigEndian) }

/// Puts 32 bits into network order. Page: WSAHtonl.
/// - Returns: 0, or SOCKET_ERROR: WSAENOTSOCK, WSAEFAULT, WSANOTINITIALISED.
@c @implementation
public func WSAHtonl(_ handle: SOCKET, _ value: u_long, _ target: UnsafeMutablePointer<u_long>?) -> Int32 {
  unsafe convert(handle, value, target, swapped)
}

/// Takes 32 bits out of network order. Page: WSANtohl.
/// - Returns: As WSAHtonl.
@c @implementation
public func WSANtohl(_ handle: SOCKET, _ value: u_long, _ target: UnsafeMutablePointer<u_long>?) -> Int32 {
  unsafe convert(handle, value, target, swapped)
}

/// Puts 16 bits into network order. Page: WSAHtons.
/// - Returns: As WSAHtonl.
@c @implementation
public func WSAHtons(_ handle: SOCKET, _ value: u_short, _ target: UnsafeMutablePointer<u_short>?) -> Int32 {
  unsafe convert(handle, value, target) { $0.bigEndian }
}

/// Takes 16 bits out of network order. Page: WSANtohs.
/// - Returns: As WSAHtonl.
@c @implementation
public func WSANtohs(_ handle: SOCKET, _ value: u_short, _ target: UnsafeMutablePointer<u_short>?) -> Int32 {
  unsafe convert(handle, value, target) { $0.bigEndian }
}
