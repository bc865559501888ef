import Glibc
import Testing

@testable import WFPRedirect

/// The Swift library without the preload: what it says then, and what needs no socket. Under the preload:
/// PreloadTests/RedirectLibraryTests.
@Suite struct RedirectSocketTests {
  private func withSocket(_ body: (RedirectSocket) throws -> Void) rethrows {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    try body(RedirectSocket(descriptor))
  }

  @Test("S1.2: without the preload the kernel does not know the codes") func noPreload() {
    withSocket { socket in
      #expect(throws: RedirectError.noPreload) { try socket.redirectRecords() }
      #expect(throws: RedirectError.noPreload) { try socket.redirectContext() }
      #expect(throws: RedirectError.noPreload) { try socket.setRedirectRecords(RedirectRecords(bytes: [1, 2, 3])) }
    }
  }

  @Test("a buffer of the caller's stays as it was when the query fails") func bufferUntouched() {
    withSocket { socket in
      let bytes = [UInt8](capacity: 64) { output in
        output.append(7)
        output.withUnsafeMutableBufferPointer { buffer, count in
          var rest = OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: count)
          #expect(throws: RedirectError.noPreload) { try socket.redirectContext(into: &rest) }
          count = rest.finalize(for: UnsafeMutableRawBufferPointer(buffer))
        }
      }
      #expect(bytes == [7])
    }
  }

  @Test("a descriptor that is not open") func notOpen() {
    #expect(throws: RedirectError.notSocket) { try RedirectSocket(-1).redirectContext() }
  }

  @Test(
    "S12.1: each errno of wfp_ioctl.h has a case",
    arguments: [
      (ENOTTY, RedirectError.noPreload), (EINVAL, .invalid), (EINPROGRESS, .pending), (ENOTCONN, .notConnected),
      (ENOTSOCK, .notSocket), (EBADF, .notSocket), (EOPNOTSUPP, .notSupported), (ENOPROTOOPT, .notSupported),
      (ENETDOWN, .engineUnusable), (EACCES, .accessDenied), (EINTR, .interrupted),
      (ENOBUFS, .insufficientBuffer(needed: 96)), (EFAULT, .system(EFAULT)),
    ])
  func errors(number: CInt, expected: RedirectError) {
    let error = RedirectError(errno: number, needed: 96)
    #expect(error == expected)
    #expect(!"\(error)".isEmpty)
  }

  @Test("a field of a context is read where it lies, and never beyond the end") func fields() {
    let context = RedirectContext(bytes: [2, 0, 0x1F, 0x90, 127, 0, 0, 1])
    #expect(context.load(at: 0, as: UInt16.self) == UInt16(littleEndian: 2))
    #expect(context.load(at: 2, as: UInt16.self).map(UInt16.init(bigEndian:)) == 8080)
    #expect(context.load(at: 3, as: UInt32.self) == UInt32(littleEndian: 0x0000_7F90))
    #expect(context.load(at: 4, as: UInt32.self) != nil)
    for offset in [-1, 5, 8, 9, Int.max, Int.min] { #expect(context.load(at: offset, as: UInt32.self) == nil) }
    #expect(RedirectContext(bytes: []).load(at: 0, as: UInt8.self) == nil)
  }
}
