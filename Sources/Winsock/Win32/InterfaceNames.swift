public import CWinsock
import Glibc

private func luid(_ pointer: UnsafePointer<NET_LUID>?) throws(WSAError) -> NetworkInterface {
  guard let pointer = unsafe pointer, let interface = unsafe NetworkInterface(luid: pointer.pointee.Value) else {
    throw WSAError(ERROR_INVALID_PARAMETER)
  }
  return interface
}

/// The index of an interface, which is Linux' own. Page: ConvertInterfaceLuidToIndex.
/// - Returns: NO_ERROR, or ERROR_INVALID_PARAMETER (NULL, no such interface); it is no last error.
@c @implementation
public func ConvertInterfaceLuidToIndex(_ source: UnsafePointer<NET_LUID>?, _ index: PNET_IFINDEX?) -> DWORD {
  answer { () throws(WSAError) in
    guard let index = unsafe index else { throw WSAError(ERROR_INVALID_PARAMETER) }
    unsafe index.pointee = try luid(source).index
  }
}

/// The LUID of an interface: its index and its type. Page: ConvertInterfaceIndexToLuid.
/// - Returns: NO_ERROR, ERROR_FILE_NOT_FOUND (no such interface), or ERROR_INVALID_PARAMETER (NULL).
@c @implementation
public func ConvertInterfaceIndexToLuid(_ index: NET_IFINDEX, _ target: PNET_LUID?) -> DWORD {
  answer { () throws(WSAError) in
    guard let target = unsafe target else { throw WSAError(ERROR_INVALID_PARAMETER) }
    guard let interface = NetworkInterface(index: index) else { throw WSAError(ERROR_FILE_NOT_FOUND) }
    unsafe target.pointee.Value = interface.luid
  }
}

private func find(_ name: String?, _ target: PNET_LUID?, unknown: Int) -> DWORD {
  answer { () throws(WSAError) in
    guard let name, let target = unsafe target else { throw WSAError(ERROR_INVALID_PARAMETER) }
    guard let interface = NetworkInterface.named(name) else { throw WSAError(unknown) }
    unsafe target.pointee.Value = interface.luid
  }
}

private func name<Unit: TextUnit>(
  _ source: UnsafePointer<NET_LUID>?, _ buffer: UnsafeMutablePointer<Unit>?, _ room: SIZE_T
) -> DWORD {
  answer { () throws(WSAError) in
    guard let buffer = unsafe buffer else { throw WSAError(ERROR_INVALID_PARAMETER) }
    let name = Array(try unsafe luid(source).name.utf8)
    guard unsafe copy(name, to: buffer, room: Int(clamping: room)) else { throw WSAError(ERROR_NOT_ENOUGH_MEMORY) }
  }
}

/// The LUID of an interface by its name, `eth0`. Page: ConvertInterfaceNameToLuidA.
/// - Returns: NO_ERROR, 123 (ERROR_INVALID_NAME: there is none), or ERROR_INVALID_PARAMETER (NULL).
@c @implementation
public func ConvertInterfaceNameToLuidA(_ name: UnsafePointer<CHAR>?, _ target: PNET_LUID?) -> DWORD {
  unsafe find(string(name), target, unknown: 123)
}

/// As ConvertInterfaceNameToLuidA. Page: ConvertInterfaceNameToLuidW.
@c @implementation
public func ConvertInterfaceNameToLuidW(_ name: UnsafePointer<WCHAR>?, _ target: PNET_LUID?) -> DWORD {
  unsafe find(string(name), target, unknown: 123)
}

/// The name of an interface. Page: ConvertInterfaceLuidToNameA.
/// - Parameter room: Of the buffer in characters.
/// - Returns: NO_ERROR, ERROR_NOT_ENOUGH_MEMORY (too small), or ERROR_INVALID_PARAMETER.
@c @implementation
public func ConvertInterfaceLuidToNameA(_ source: UnsafePointer<NET_LUID>?, _ buffer: PSTR?, _ room: SIZE_T) -> DWORD {
  unsafe name(source, buffer, room)
}

/// As ConvertInterfaceLuidToNameA. Page: ConvertInterfaceLuidToNameW.
@c @implementation
public func ConvertInterfaceLuidToNameW(_ source: UnsafePointer<NET_LUID>?, _ buffer: PWSTR?, _ room: SIZE_T) -> DWORD {
  unsafe name(source, buffer, room)
}

/// The LUID of an interface by the name that people see, which is its name here. Page: ConvertInterfaceAliasToLuid.
/// - Returns: NO_ERROR, or ERROR_INVALID_PARAMETER (NULL, no such interface).
@c @implementation
public func ConvertInterfaceAliasToLuid(_ name: UnsafePointer<WCHAR>?, _ target: PNET_LUID?) -> DWORD {
  unsafe find(string(name), target, unknown: ERROR_INVALID_PARAMETER)
}

/// As ConvertInterfaceLuidToNameW. Page: ConvertInterfaceLuidToAlias.
@c @implementation
public func ConvertInterfaceLuidToAlias(_ source: UnsafePointer<NET_LUID>?, _ buffer: PWSTR?, _ room: SIZE_T) -> DWORD {
  unsafe name(source, buffer, room)
}

/// The interface by which a packet to an IPv4 address goes. Page: GetBestInterface.
/// - Parameter to: In network order.
/// - Returns: NO_ERROR, ERROR_NETWORK_UNREACHABLE, or ERROR_INVALID_PARAMETER (NULL).
@c @implementation
public func GetBestInterface(_ to: IPAddr, _ index: PDWORD?) -> DWORD {
  var name = sockaddr_in()
  name.sin_family = sa_family_t(AF_INET)
  name.sin_addr.s_addr = to
  return unsafe withUnsafeMutablePointer(to: &name) {
    unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe GetBestInterfaceEx($0, index) }
  }
}

/// The interface by which a packet to an address goes: that of the local address that it would have.
/// Page: GetBestInterfaceEx.
/// - Parameter to: Of AF_INET or AF_INET6.
/// - Returns: NO_ERROR, ERROR_NETWORK_UNREACHABLE, or ERROR_INVALID_PARAMETER (NULL, another family).
@c @implementation
public func GetBestInterfaceEx(_ to: UnsafeMutablePointer<sockaddr>?, _ index: PDWORD?) -> DWORD {
  answer { () throws(WSAError) in
    guard let to = unsafe to, let index = unsafe index, unsafe nameSize(Int32(to.pointee.sa_family)) > 2 else {
      throw WSAError(ERROR_INVALID_PARAMETER)
    }
    let size = unsafe nameSize(Int32(to.pointee.sa_family))
    var target = SocketName()
    unsafe target.take(to, size)
    if target.port == 0 { target.port = UInt16(9).bigEndian }  // Linux connects to no port 0; the port changes no route
    var from = sockaddr_storage()
    guard unsafe target.withPointer({ unsafe ws2_source_for($0, socklen_t(size), &from) }) == 0 else {
      throw WSAError(ERROR_NETWORK_UNREACHABLE)
    }
    let range = size == 16 ? 4..<8 : 8..<24
    let wanted = unsafe withUnsafeBytes(of: from) { unsafe [UInt8]($0[range]) }
    let found = try NetworkInterface.all().first { interface in
      interface.addresses.contains { $0.name.count == Int(size) && Array($0.name[range]) == wanted }
    }
    // All of 127.0.0.0/8 is the loopback's.
    let loopback = wanted.first == 127 && size == 16 ? NetworkInterface.named("lo") : nil
    guard let interface = found ?? loopback else { throw WSAError(ERROR_NETWORK_UNREACHABLE) }
    unsafe index.pointee = interface.index
  }
}
