public import CWinsock

/// Starts this library as the provider below a layered one. Counted: WSPCleanup takes it back. Page: WSPStartup.
/// - Parameters:
///   - requested: The highest version that the caller can use, the major one in the low byte; 2.2 is the highest here.
///   - data: Receives the version agreed on, the highest one, and a description.
///   - info: Whose startup it is: ProviderId and dwCatalogEntryId tell providers apart; NULL is one more provider.
///   - upcalls: Used for all that this provider begins, from now on.
///   - table: Receives the 30 procedures, which are this provider's own.
/// - Returns: 0, or the error itself: WSAVERNOTSUPPORTED (below 2.0), WSAEFAULT, WSAEINPROGRESS (inside a condition
///   function), WSASYSNOTREADY (no memory). The last error stays.
/// - SeeAlso: learn.microsoft.com, WSPStartup function (ws2spi.h).
@c @implementation
public func WSPStartup(
  _ requested: WORD, _ data: LPWSPDATA?, _ info: LPWSAPROTOCOL_INFOW?, _ upcalls: WSPUPCALLTABLE,
  _ table: LPWSPPROC_TABLE?
) -> Int32 {
  unsafe startProvider(requested, data, info, upcalls, table, .systemV)
}

func startProvider(
  _ requested: WORD, _ data: LPWSPDATA?, _ info: LPWSAPROTOCOL_INFOW?, _ upcalls: WSPUPCALLTABLE,
  _ table: LPWSPPROC_TABLE?, _ convention: CallingConvention
) -> Int32 {
  do throws(WSAError) {
    let version = try negotiate(requested)
    guard ws2_callback_depth() == 0 else { throw WSAError(WSAEINPROGRESS) }
    guard let data = unsafe data, unsafe isWritable(data, MemoryLayout<WSPDATA>.size), let table = unsafe table,
      unsafe isWritable(table, MemoryLayout<WSPPROC_TABLE>.size),
      unsafe info == nil || isReadable(info, MemoryLayout<WSAPROTOCOL_INFOW>.size)
    else { throw WSAError(WSAEFAULT) }
    let provider = try Provider.find(unsafe Provider.Identity(info, convention))
    provider.start(upcalls)
    unsafe data.pointee = describe(version: version)
    unsafe provider.procedures?.copy(to: table)
    return 0
  } catch {
    return error.rawValue
  }
}

/// The interface begins with version 2.0.
private func negotiate(_ requested: WORD) throws(WSAError) -> WORD {
  let (major, minor) = (requested & 0xff, requested >> 8)
  guard major >= 2 else { throw WSAError(WSAVERNOTSUPPORTED) }
  return major > 2 ? 0x0202 : min(minor, 2) << 8 | 2
}

private func describe(version: WORD) -> WSPDATA {
  var data = WSPDATA()
  data.wVersion = version
  data.wHighVersion = 0x0202
  unsafe withUnsafeMutableBytes(of: &data.szDescription) { bytes in
    for (index, unit) in "WinSock 2.0".utf16.enumerated() {
      unsafe bytes.storeBytes(of: unit, toByteOffset: 2 * index, as: UInt16.self)
    }
  }
  return data
}
