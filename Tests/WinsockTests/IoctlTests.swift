import CWinsock
import Foundation
import Testing

@testable import Winsock

private let recordsCode: DWORD = 0x9800_00dc
private let contextCode: DWORD = 0x9800_00dd
private let setCode: DWORD = 0x9800_00de
private let queries = [recordsCode, contextCode]

/// One WSAIoctl or WSPIoctl; what a test does not name is in order, but for `bytes`.
private func ioctl(
  socket: SOCKET, code: DWORD = contextCode, input: UnsafeMutableRawPointer? = nil, inputSize: DWORD = 0,
  output: UnsafeMutableRawPointer? = nil, outputSize: DWORD = 0, bytes: UnsafeMutablePointer<DWORD>? = nil,
  overlapped: LPWSAOVERLAPPED? = nil, routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE? = nil
) -> Outcome {
  guard IoctlEntry.current == .provider else {
    return outcome { WSAIoctl(socket, code, input, inputSize, output, outputSize, bytes, overlapped, routine) }
  }
  var thread = WSATHREADID()
  let provider = IoctlEntry.startedProvider
  return provider.outcome {
    provider.table.lpWSPIoctl(
      socket, code, input, inputSize, output, outputSize, bytes, overlapped, routine, &thread, $0)
  }
}

/// Which of the two functions the tests call. Each test runs once with each.
private enum IoctlEntry: CaseIterable {
  case program
  case provider

  @TaskLocal static var current = IoctlEntry.program
  nonisolated(unsafe) static let startedProvider = TestProvider(1000)
}

private struct EveryEntry: SuiteTrait, TestTrait, TestScoping {
  let isRecursive = true

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    for entry in IoctlEntry.allCases { try await IoctlEntry.$current.withValue(entry) { try await function() } }
  }

  func scopeProvider(for test: Test, testCase: Test.Case?) -> EveryEntry? { testCase == nil ? nil : self }
}

/// A DWORD that nobody has written to yet.
private let prefilled: DWORD = 0xdead_beef

extension WinsockSuite {
  /// SPEC S2.1 to S2.5 and S3.2, which hold without the preload too; what passes them says that the transport does not
  /// support the code (S1.2).
  /// WSPIoctl answers row by row as WSAIoctl does, through lpErrno (S6.1).
  @Suite(EveryEntry()) struct IoctlTests {
    @Test(arguments: queries)
    func aGoodQueryIsNotSupported(code: DWORD) {
      started {
        withPair { _, server in
          let buffer = UnsafeMutableRawPointer.allocate(byteCount: 256, alignment: 1)
          memset(buffer, 0xab, 256)
          for size: DWORD in [0, 4, 128, 256] {
            var bytes = prefilled
            let result = ioctl(
              socket: server, code: code, output: size == 0 ? nil : buffer, outputSize: size, bytes: &bytes)
            #expect(result == .failure(WSAEOPNOTSUPP), "S1.2")
            #expect(bytes == 0)
          }
          #expect(UnsafeRawBufferPointer(start: buffer, count: 256).allSatisfy { $0 == 0xab })
          buffer.deallocate()
        }
      }
    }

    @Test func s2_1BeforeStartup() {
      guard IoctlEntry.current == .program else { return }  // WSPStartup's count: ProviderTests
      var bytes = prefilled
      #expect(ioctl(socket: 0, outputSize: 1, bytes: &bytes) == .failure(WSANOTINITIALISED))
      #expect(bytes == prefilled)
    }

    /// S2.3 outranks S2.4 and S2.5: no pointer is judged for what is not a socket.
    @Test(arguments: queries + [setCode])
    func s2_3NotASocket(code: DWORD) {
      started {
        let file = open("/dev/null", O_RDWR)
        defer { close(file) }
        let bad = BadMemory(.noAccess, size: 64)
        for socket in [SOCKET(file), 9999, SOCKET(Int32.max), SOCKET(UInt32.max), noSocket] {
          var bytes = prefilled
          #expect(ioctl(socket: socket, code: code, bytes: &bytes) == .failure(WSAENOTSOCK))
          #expect(ioctl(socket: socket, code: code, outputSize: 1, bytes: &bytes) == .failure(WSAENOTSOCK))
          #expect(
            ioctl(socket: socket, code: code, input: bad.pointer, inputSize: 4, output: bad.pointer, outputSize: 64)
              == .failure(WSAENOTSOCK))
          #expect(bytes == prefilled)
        }
      }
    }

    @Test(arguments: queries, BadMemory.Kind.allCases)
    func s2_4BadOutput(code: DWORD, kind: BadMemory.Kind) {
      started {
        withPair { _, server in
          for size in [1, 4, 256, 5000, 70000] where kind != .straddling || size > 2 {
            let memory = BadMemory(kind, size: size)
            var bytes = prefilled
            let result = ioctl(
              socket: server, code: code, output: memory.pointer, outputSize: DWORD(size), bytes: &bytes)
            #expect(result == .failure(WSAEFAULT), "\(size) bytes")
            #expect(bytes == prefilled, "nothing written")
            #expect(memory.isUntouched)
          }
        }
      }
    }

    @Test(arguments: queries)
    func s2_4NullOutputWithASize(code: DWORD) {
      started {
        withPair { _, server in
          for size: DWORD in [1, 4, 256, .max] {
            var bytes = prefilled
            #expect(ioctl(socket: server, code: code, outputSize: size, bytes: &bytes) == .failure(WSAEFAULT))
            #expect(bytes == prefilled)
          }
        }
      }
    }

    @Test(arguments: queries + [setCode], BadMemory.Kind.allCases)
    func s2_4BadBytesReturned(code: DWORD, kind: BadMemory.Kind) {
      started {
        withPair { _, server in
          let memory = BadMemory(kind, size: 4)
          let bytes = memory.pointer.assumingMemoryBound(to: DWORD.self)
          #expect(ioctl(socket: server, code: code, bytes: bytes) == .failure(WSAEFAULT))
          // Also before S2.5.
          let out = UnsafeMutableRawPointer.allocate(byteCount: 4, alignment: 4)
          #expect(ioctl(socket: server, code: code, output: out, outputSize: 1, bytes: bytes) == .failure(WSAEFAULT))
          out.deallocate()
          #expect(memory.isUntouched)
        }
      }
    }

    /// NULL is a fault on a synchronous query only.
    @Test func s2_4NullBytesReturned() {
      started {
        withPair { _, server in
          for code in queries { #expect(ioctl(socket: server, code: code) == .failure(WSAEFAULT)) }
          var blob: UInt64 = 0
          #expect(ioctl(socket: server, code: setCode, input: &blob, inputSize: 8) == .failure(WSAEOPNOTSUPP))
          var overlapped = WSAOVERLAPPED()
          #expect(ioctl(socket: server, overlapped: &overlapped) == .failure(WSAEOPNOTSUPP))
        }
      }
    }

    @Test(arguments: BadMemory.Kind.allCases)
    func s2_4BadOverlapped(kind: BadMemory.Kind) {
      started {
        let memory = BadMemory(kind, size: 32)
        let overlapped = memory.pointer.assumingMemoryBound(to: WSAOVERLAPPED.self)
        let socket = makeStream()
        var bytes = prefilled
        #expect(ioctl(socket: socket, bytes: &bytes, overlapped: overlapped) == .failure(WSAEFAULT))
        #expect(bytes == prefilled)
        closesocket(socket)

        // S5.1: on a socket that is not overlapped it is neither judged nor touched.
        let synchronous = makeStream(flags: 0)
        #expect(ioctl(socket: synchronous, bytes: &bytes, overlapped: overlapped) == .failure(WSAEOPNOTSUPP))
        #expect(bytes == 0)
        #expect(memory.isUntouched)
        closesocket(synchronous)
      }
    }

    @Test func s2_4BadRoutine() {
      started {
        let socket = makeStream()
        let data = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
        defer { data.deallocate() }
        var (bytes, overlapped) = (prefilled, WSAOVERLAPPED())
        for address in [data, UnsafeMutableRawPointer(bitPattern: 0x20000)!] {
          let routine = unsafeBitCast(address, to: LPWSAOVERLAPPED_COMPLETION_ROUTINE.self)
          let result = ioctl(socket: socket, bytes: &bytes, overlapped: &overlapped, routine: routine)
          #expect(result == .failure(WSAEFAULT))
          // S5.1: without an OVERLAPPED the call is synchronous and the routine is not looked at.
          #expect(ioctl(socket: socket, bytes: &bytes, routine: routine) == .failure(WSAEOPNOTSUPP))
        }
        #expect(overlapped.Internal == 0)
        closesocket(socket)
      }
    }

    /// No completion routine is delivered yet, so none is taken.
    @Test func aRoutineIsRefused() {
      started {
        let socket = makeStream()
        var (bytes, overlapped) = (prefilled, WSAOVERLAPPED())
        let routine: LPWSAOVERLAPPED_COMPLETION_ROUTINE = { _, _, _, _ in }
        let result = ioctl(socket: socket, bytes: &bytes, overlapped: &overlapped, routine: routine)
        #expect(result == .failure(WSAEOPNOTSUPP))
        #expect(overlapped.Internal == 0)
        closesocket(socket)
      }
    }

    @Test(arguments: queries)
    func s2_5SmallerThanAULONG(code: DWORD) {
      started {
        withPair { _, server in
          for size: DWORD in 1...3 {
            var (buffer, bytes) = (prefilled, prefilled)
            #expect(
              ioctl(socket: server, code: code, output: &buffer, outputSize: size, bytes: &bytes)
                == .failure(WSAEINVAL))
            #expect(bytes == 0)
            #expect(buffer == prefilled)
          }
        }
      }
    }

    /// The input of a query is never read (SPEC S1).
    @Test(arguments: queries)
    func aQueryDoesNotLookAtItsInput(code: DWORD) {
      started {
        withPair { _, server in
          let bad = BadMemory(.noAccess, size: 64)
          var bytes = prefilled
          let result = ioctl(socket: server, code: code, input: bad.pointer, inputSize: .max, bytes: &bytes)
          #expect(result == .failure(WSAEOPNOTSUPP))
        }
      }
    }

    /// Good up to the last byte before a page without access, on whatever boundary.
    @Test func memoryAtTheEndOfAMapping() {
      started {
        withPair { _, server in
          for size in [4, 5, 256, 4096, 4097, 65536, 70000] {
            BadMemory.good(size) { pointer in
              BadMemory.good(4) { bytes in
                let bytes = bytes.assumingMemoryBound(to: DWORD.self)
                let result = ioctl(socket: server, output: pointer, outputSize: DWORD(size), bytes: bytes)
                #expect(result == .failure(WSAEOPNOTSUPP), "\(size) bytes")
                #expect(UnsafeRawBufferPointer(start: pointer, count: size).allSatisfy { $0 == 0xab })
              }
            }
          }
        }
      }
    }

    @Test(arguments: [BadMemory.Kind.unmapped, .noAccess, .straddling])
    func s3_2UnreadableRecords(kind: BadMemory.Kind) {
      started {
        let socket = makeStream()
        let memory = BadMemory(kind, size: 64)
        var bytes = prefilled
        let result = ioctl(socket: socket, code: setCode, input: memory.pointer, inputSize: 64, bytes: &bytes)
        #expect(result == .failure(WSAEFAULT))
        #expect(bytes == prefilled)
        #expect(ioctl(socket: socket, code: setCode, inputSize: 64, bytes: &bytes) == .failure(WSAEFAULT))
        closesocket(socket)
      }
    }

    @Test func s3_2Sizes() {
      started {
        let socket = makeStream()
        let readOnly = BadMemory(.readOnly, size: 64)
        var bytes = prefilled
        #expect(ioctl(socket: socket, code: setCode, bytes: &bytes) == .failure(WSAEINVAL))
        #expect(bytes == 0)
        let set = { (outputSize: DWORD) in
          ioctl(
            socket: socket, code: setCode, input: readOnly.pointer, inputSize: 64, outputSize: outputSize, bytes: &bytes
          )
        }
        #expect(set(0) == .failure(WSAEOPNOTSUPP), "records may lie in read-only memory")
        #expect(set(4) == .failure(WSAEINVAL))
        closesocket(socket)
      }
    }

    @Test func anUnknownCode() {
      started {
        let socket = makeStream()
        var bytes = prefilled
        for code: DWORD in [0x9800_00df, 0x9800_00db, 0xc800_0fff, 0x1234_5678] {
          #expect(ioctl(socket: socket, code: code, bytes: &bytes) == .failure(WSAEOPNOTSUPP))
          #expect(bytes == 0)
        }
        closesocket(socket)
      }
    }
  }
}
