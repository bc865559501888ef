public import CWinsock
import Glibc

/// Writes an address as text: `127.0.0.1:80`, `::1`, `[fe80::1%2]:80`; no port for port 0. Page: WSAAddressToStringA.
/// - Parameters:
///   - size: Of the address in bytes.
///   - info: Not looked at.
///   - length: In: of the text in characters. Out: characters with the zero, also when it is too small.
/// - Returns: 0, or SOCKET_ERROR: WSAEFAULT (a pointer, too small), WSAEINVAL (another family), WSANOTINITIALISED.
@c @implementation
public func WSAAddressToStringA(
  _ name: LPSOCKADDR?, _ size: DWORD, _ info: LPWSAPROTOCOL_INFOA?, _ text: LPSTR?,
  _ length: UnsafeMutablePointer<DWORD>?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    try unsafe writeAddress(name, size, text, length)
    return 0
  }
}

/// As WSAAddressToStringA. Page: WSAAddressToStringW.
@c @implementation
public func WSAAddressToStringW(
  _ name: LPSOCKADDR?, _ size: DWORD, _ info: LPWSAPROTOCOL_INFOW?, _ text: LPWSTR?,
  _ length: UnsafeMutablePointer<DWORD>?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    try unsafe writeAddress(name, size, text, length)
    return 0
  }
}

/// Reads an address from text, as WSAAddressToStringA writes it. Page: WSAStringToAddressA.
/// - Parameters:
///   - family: AF_INET or AF_INET6.
///   - info: Not looked at.
///   - size: In: of the address in bytes. Out: what it has, also when it is too small.
/// - Returns: 0, or SOCKET_ERROR: WSAEFAULT (a pointer, too small), WSAEINVAL (no such address), WSANOTINITIALISED.
@c @implementation
public func WSAStringToAddressA(
  _ text: LPSTR?, _ family: INT, _ info: LPWSAPROTOCOL_INFOA?, _ name: LPSOCKADDR?, _ size: LPINT?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    try unsafe readAddress(UnsafePointer(text), family, name, size)
    return 0
  }
}

/// As WSAStringToAddressA. Page: WSAStringToAddressW.
@c @implementation
public func WSAStringToAddressW(
  _ text: LPWSTR?, _ family: INT, _ info: LPWSAPROTOCOL_INFOW?, _ name: LPSOCKADDR?, _ size: LPINT?
) -> Int32 {
  winsock(failing: SOCKET_ERROR) { () throws(WSAError) in
    try unsafe readAddress(UnsafePointer(text), family, name, size)
    return 0
  }
}

/// As inet_pton. Page: InetPtonW.
/// - Returns: 1, 0 (it is no address), or -1: WSAEAFNOSUPPORT, WSAEFAULT (NULL), WSANOTINITIALISED.
@c @implementation
public func InetPtonW(_ family: Int32, _ text: PCWSTR?, _ address: PVOID?) -> Int32 {
  guard let text = unsafe string(text) else { return unsafe ws2_inet_pton(family, nil, address) }
  return unsafe text.withCString { unsafe ws2_inet_pton(family, $0, address) }
}

/// As inet_ntop. Page: InetNtopW.
/// - Parameter size: Of the text in characters with the final zero.
/// - Returns: The text, or NULL: ERROR_INVALID_PARAMETER (too small), WSAEINVAL (NULL), WSAEAFNOSUPPORT.
@c @implementation
public func InetNtopW(_ family: Int32, _ address: UnsafeRawPointer?, _ text: PWSTR?, _ size: Int) -> PCWSTR? {
  var narrow = [CChar](repeating: 0, count: 46)
  let written =
    unsafe text == nil
    ? ws2_inet_ntop(family, address, nil, size) : ws2_inet_ntop(family, address, &narrow, narrow.count)
  guard unsafe written != nil else { return nil }
  return unsafe winsock(failing: nil) { () throws(WSAError) in
    let bytes = narrow.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    guard unsafe copy(bytes, to: text, room: size) else { throw WSAError(ERROR_INVALID_PARAMETER) }
    return unsafe PCWSTR(text)
  }
}
