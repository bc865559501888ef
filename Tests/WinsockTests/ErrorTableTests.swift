import CWinsock
import Foundation
import Testing

@testable import Winsock

/// The one table: `wsaerror.def`. The numbers here are Windows', written down a second time on purpose.
@Suite struct ErrorTableTests {
  static let numbers: [(Int, Int)] = [
    (ERROR_INVALID_HANDLE, 6), (ERROR_INVALID_PARAMETER, 87), (ERROR_INSUFFICIENT_BUFFER, 122),
    (WSA_OPERATION_ABORTED, 995), (WSA_IO_INCOMPLETE, 996), (WSA_IO_PENDING, 997), (ERROR_NOT_FOUND, 1168),
    (ERROR_NOT_OWNER, 288), (ERROR_TOO_MANY_POSTS, 298),
    (WSAEINTR, 10004), (WSAEBADF, 10009), (WSAEACCES, 10013), (WSAEFAULT, 10014), (WSAEINVAL, 10022),
    (WSAEMFILE, 10024), (WSAEWOULDBLOCK, 10035), (WSAEINPROGRESS, 10036), (WSAEALREADY, 10037),
    (WSAENOTSOCK, 10038), (WSAEDESTADDRREQ, 10039), (WSAEMSGSIZE, 10040), (WSAEPROTOTYPE, 10041),
    (WSAENOPROTOOPT, 10042), (WSAEPROTONOSUPPORT, 10043), (WSAESOCKTNOSUPPORT, 10044), (WSAEOPNOTSUPP, 10045),
    (WSAEAFNOSUPPORT, 10047), (WSAEADDRINUSE, 10048), (WSAEADDRNOTAVAIL, 10049), (WSAENETDOWN, 10050),
    (WSAENETUNREACH, 10051), (WSAENETRESET, 10052), (WSAECONNABORTED, 10053), (WSAECONNRESET, 10054),
    (WSAENOBUFS, 10055), (WSAEISCONN, 10056), (WSAENOTCONN, 10057), (WSAESHUTDOWN, 10058), (WSAETIMEDOUT, 10060),
    (WSAECONNREFUSED, 10061), (WSAELOOP, 10062), (WSAEHOSTUNREACH, 10065), (WSAEPROCLIM, 10067),
    (WSASYSNOTREADY, 10091), (WSAVERNOTSUPPORTED, 10092), (WSANOTINITIALISED, 10093), (WSAEDISCON, 10101),
    (WSAHOST_NOT_FOUND, 11001), (WSATRY_AGAIN, 11002), (WSANO_RECOVERY, 11003), (WSANO_DATA, 11004),
  ]

  @Test(arguments: numbers)
  func constantsHaveWindowsNumbers(constant: Int, number: Int) { #expect(constant == number) }

  static var errorRows: [ws2_error_row] { (0..<Int32(ws2_error_row_count())).map { ws2_error_row_at($0) } }
  static var errnoRows: [ws2_errno_row] { (0..<Int32(ws2_errno_row_count())).map { ws2_errno_row_at($0) } }

  @Test func everyErrnoRowNamesARowOfTheTable() {
    let values = Set(Self.errorRows.map(\.value))
    #expect(Self.errnoRows.count > 40)
    for row in Self.errnoRows { #expect(values.contains(row.value), "errno \(row.number)") }
  }

  @Test func everyErrnoIsTranslatedByItsRow() {
    for row in Self.errnoRows { #expect(WSAError(errno: row.number).rawValue == row.value) }
  }

  /// Every Winsock error that has the name of an errno is what that errno becomes, but for the two that mean something
  /// else on Windows and the two that Winsock tells apart by the call.
  @Test func namesAgree() throws {
    let differing: Set<String> = ["WSAEINPROGRESS", "WSAEBADF", "WSAEWOULDBLOCK"]
    let header = try String(contentsOfFile: TestPaths.headers + "/wsaerror.def", encoding: .utf8)
    for row in Self.errorRows {
      let name = String(cString: row.name)
      guard name.hasPrefix("WSAE"), !differing.contains(name) else { continue }
      guard header.contains("WS2_ERRNO(\(name.dropFirst(3)),") else { continue }
      #expect(header.contains("WS2_ERRNO(\(name.dropFirst(3)), \(name))"), "\(name)")
    }
  }

  @Test func anErrnoWithoutARowIsASystemCallFailure() {
    #expect(WSAError(errno: 9999).rawValue == 10107)
    #expect(WSAError(errno: 0).rawValue == 10107)
  }

  /// WSAGetLastError and GetLastError are one slot of each thread.
  @Test func theLastErrorBelongsToTheThread() {
    WSASetLastError(1234)
    #expect(GetLastError() == 1234)
    SetLastError(0x8032_0008)
    #expect(WSAGetLastError() == Int32(bitPattern: 0x8032_0008))
    let other = BackgroundCall { () -> Int32 in
      let before = WSAGetLastError()
      WSASetLastError(77)
      return before
    }
    #expect(other.result() == 0)
    #expect(GetLastError() == 0x8032_0008)
  }

  @Test func everyErrorHasAText() {
    for row in Self.errorRows { #expect(strlen(row.meaning) > 0) }
    #expect(String(cString: gai_strerrorA(Int32(WSAHOST_NOT_FOUND))) == "no such host")
    #expect(String(cString: gai_strerrorA(424242)) == "unknown error")
  }
}
