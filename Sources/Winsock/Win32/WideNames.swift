public import CWinsock

/// As getaddrinfo. Page: GetAddrInfoW.
/// - Parameter result: Receives a list, which FreeAddrInfoW releases.
/// - Returns: As getaddrinfo.
@c @implementation
public func GetAddrInfoW(
  _ node: PCWSTR?, _ service: PCWSTR?, _ hints: UnsafePointer<ADDRINFOW>?,
  _ result: UnsafeMutablePointer<PADDRINFOW?>?
) -> Int32 {
  guard let result = unsafe result else { return ws2_getaddrinfo(nil, nil, nil, nil) }
  var narrow = unsafe ws2_addrinfo()
  if let hints = unsafe hints {
    unsafe narrow.ai_flags = unsafe hints.pointee.ai_flags
    unsafe narrow.ai_family = unsafe hints.pointee.ai_family
    unsafe narrow.ai_socktype = unsafe hints.pointee.ai_socktype
    unsafe narrow.ai_protocol = unsafe hints.pointee.ai_protocol
  }
  var list: UnsafeMutablePointer<ws2_addrinfo>?
  let hasHints = unsafe hints != nil
  let error = unsafe withText(node) { node in
    unsafe withText(service) { service in
      unsafe hasHints ? ws2_getaddrinfo(node, service, &narrow, &list) : ws2_getaddrinfo(node, service, nil, &list)
    }
  }
  guard error == 0 else { return error }
  defer { unsafe ws2_freeaddrinfo(list) }
  var last: PADDRINFOW?
  unsafe result.pointee = nil
  var next = unsafe list
  while let entry = unsafe next {
    let made = unsafe widened(entry)
    if let last = unsafe last { unsafe last.pointee.ai_next = unsafe made } else { unsafe result.pointee = unsafe made }
    unsafe last = unsafe made
    unsafe next = unsafe entry.pointee.ai_next
  }
  return 0
}

private func withText<Result>(_ text: PCWSTR?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
  guard let text = unsafe string(text) else { return body(nil) }
  return unsafe text.withCString { unsafe body($0) }
}

private func widened(_ entry: UnsafeMutablePointer<ws2_addrinfo>) -> PADDRINFOW {
  let made = PADDRINFOW.allocate(capacity: 1)
  unsafe made.initialize(to: ADDRINFOW())
  unsafe made.pointee.ai_flags = unsafe entry.pointee.ai_flags
  unsafe made.pointee.ai_family = unsafe entry.pointee.ai_family
  unsafe made.pointee.ai_socktype = unsafe entry.pointee.ai_socktype
  unsafe made.pointee.ai_protocol = unsafe entry.pointee.ai_protocol
  let length = unsafe Int(entry.pointee.ai_addrlen)
  unsafe made.pointee.ai_addrlen = unsafe entry.pointee.ai_addrlen
  if let name = unsafe entry.pointee.ai_addr {
    let copy = UnsafeMutableRawPointer.allocate(byteCount: length, alignment: 8)
    unsafe copy.copyMemory(from: name, byteCount: length)
    unsafe made.pointee.ai_addr = unsafe copy.assumingMemoryBound(to: sockaddr.self)
  }
  if let name = unsafe CChar.bytes(of: UnsafePointer(entry.pointee.ai_canonname)) {
    let units = WCHAR.units(of: name) + [0]
    let copy = UnsafeMutablePointer<WCHAR>.allocate(capacity: units.count)
    for (index, unit) in units.enumerated() { unsafe (copy + index).initialize(to: unit) }
    unsafe made.pointee.ai_canonname = unsafe copy
  }
  return unsafe made
}

/// Releases a list of GetAddrInfoW; NULL is none. Page: FreeAddrInfoW.
@c @implementation
public func FreeAddrInfoW(_ list: PADDRINFOW?) {
  var next = unsafe list
  while let entry = unsafe next {
    unsafe next = unsafe entry.pointee.ai_next
    if let name = unsafe entry.pointee.ai_addr { unsafe UnsafeMutableRawPointer(name).deallocate() }
    unsafe entry.pointee.ai_canonname?.deallocate()
    unsafe entry.deallocate()
  }
}

/// As getnameinfo. Page: GetNameInfoW.
/// - Parameters:
///   - hostSize: In characters with the final zero; serviceSize as well.
/// - Returns: As getnameinfo.
@c @implementation
public func GetNameInfoW(
  _ name: UnsafePointer<sockaddr>?, _ size: Int32, _ host: PWCHAR?, _ hostSize: DWORD, _ service: PWCHAR?,
  _ serviceSize: DWORD, _ flags: Int32
) -> Int32 {
  let wantsHost = unsafe host != nil && hostSize > 0
  let wantsService = unsafe service != nil && serviceSize > 0
  var hostText = [CChar](repeating: 0, count: Int(NI_MAXHOST))
  var serviceText = [CChar](repeating: 0, count: Int(NI_MAXSERV))
  let error = unsafe ws2_getnameinfo(
    name, size, &hostText, wantsHost ? DWORD(hostText.count) : 0, &serviceText,
    wantsService ? DWORD(serviceText.count) : 0, flags)
  guard error == 0 else { return error }
  let fits = { (text: [CChar], buffer: PWCHAR?, room: DWORD) in
    unsafe copy(text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, to: buffer, room: Int(room))
  }
  guard unsafe !wantsHost || fits(hostText, host, hostSize),
    unsafe !wantsService || fits(serviceText, service, serviceSize)
  else {
    ws2_set_last_error(Int32(ERROR_INSUFFICIENT_BUFFER))
    return Int32(ERROR_INSUFFICIENT_BUFFER)
  }
  return 0
}

/// Texts that gai_strerrorW has given: never freed, one for each error.
private enum ErrorTexts {
  nonisolated(unsafe) private static var known: [Int32: UnsafeMutablePointer<WCHAR>] = unsafe [:]  // under ws2_lock

  static func text(_ error: Int32) -> UnsafeMutablePointer<WCHAR>? {
    unsafe locked {
      if let text = unsafe known[error] { return unsafe text }
      let units = unsafe WCHAR.units(of: CChar.bytes(of: ws2_error_meaning(error)) ?? []) + [0]
      let text = UnsafeMutablePointer<WCHAR>.allocate(capacity: units.count)
      for (index, unit) in units.enumerated() { unsafe (text + index).initialize(to: unit) }
      unsafe known[error] = unsafe text
      return unsafe text
    }
  }
}

/// The text of an error of GetAddrInfoW. Page: gai_strerrorW.
/// - Returns: Text that stays, as on Windows a pointer that the caller does not free.
@c @implementation
public func gai_strerrorW(_ error: Int32) -> UnsafeMutablePointer<WCHAR>? { unsafe ErrorTexts.text(error) }
