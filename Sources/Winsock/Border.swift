public import CWinsock

/// Runs one Winsock call. It is refused before WSAStartup (a provider's procedures need WSPStartup instead) and inside
/// a condition function (SPEC S2.1, S2.2); what it throws becomes the thread's last error.
func winsock<Result>(failing failure: Result, _ body: () throws(WSAError) -> Result) -> Result {
  do throws(WSAError) {
    guard unsafe startups.load(ordering: .acquiring) > 0 || ws2_provider() != nil else {
      throw WSAError(WSANOTINITIALISED)
    }
    guard ws2_callback_depth() == 0 else { throw WSAError(WSAEINPROGRESS) }
    return try body()
  } catch {
    ws2_set_last_error(error.rawValue)
    return failure
  }
}

/// Runs one call of the Win32 kind, which needs no WSAStartup.
func win32<Result>(failing failure: Result, _ body: () throws(WSAError) -> Result) -> Result {
  do throws(WSAError) {
    return try body()
  } catch {
    ws2_set_last_error(error.rawValue)
    return failure
  }
}

/// The calling thread's last error; a call that succeeds leaves it. Page: WSAGetLastError.
/// - Returns: The same number as GetLastError.
@c @implementation
public func WSAGetLastError() -> Int32 { ws2_last_error() }

/// Sets the calling thread's last error. Page: WSASetLastError.
@c @implementation
public func WSASetLastError(_ error: Int32) { ws2_set_last_error(error) }

/// The calling thread's last error, Winsock's as well. Page: GetLastError.
@c @implementation
public func GetLastError() -> DWORD { DWORD(bitPattern: ws2_last_error()) }

/// Sets the calling thread's last error, Winsock's as well. Page: SetLastError.
@c @implementation
public func SetLastError(_ error: DWORD) { ws2_set_last_error(Int32(bitPattern: error)) }
