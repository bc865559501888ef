import CWinsock
import Foundation
import Testing

@testable import Winsock

/// A regular file with known content, as the HANDLE that TransmitFile takes.
private final class SourceFile {
  let folder: TemporaryFolder
  let descriptor: Int32
  var handle: HANDLE? { HANDLE(bitPattern: UInt(descriptor)) }

  init(_ text: String) throws {
    folder = try TemporaryFolder()
    descriptor = open(try folder.write(text, to: "source"), O_RDONLY)
  }

  deinit { close(descriptor) }
}

private func transmit(
  _ socket: SOCKET, _ file: HANDLE?, count: DWORD = 0, _ operation: OverlappedCall?, head: String = "",
  tail: String = "",
  flags: Int32 = 0
) -> Outcome {
  let (head, tail) = (strdup(head)!, strdup(tail)!)
  let buffers = UnsafeMutablePointer<TRANSMIT_FILE_BUFFERS>.allocate(capacity: 1)
  buffers.initialize(
    to: TRANSMIT_FILE_BUFFERS(
      Head: head, HeadLength: DWORD(strlen(head)), Tail: tail, TailLength: DWORD(strlen(tail))))
  // The two texts stay until the process ends: an overlapped call reads them later.
  defer { buffers.deallocate() }
  WSASetLastError(Int32(Outcome.untouched))
  let done = TransmitFile(socket, file, count, 0, operation?.overlapped, buffers, DWORD(flags))
  return done != 0 ? Outcome(result: 0, error: 0) : .failure(Int(WSAGetLastError()))
}

/// Reads to the end, or to that many bytes.
private func readAll(_ socket: SOCKET, limit: Int = .max) -> [UInt8] {
  var (all, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
  while all.count < limit {
    let count = Glibc.recv(Int32(socket), &buffer, buffer.count, 0)
    if count <= 0 { break }
    all += buffer.prefix(count)
  }
  return all
}

private let good = Outcome(result: 0, error: 0)

extension WinsockSuite {
  /// Microsoft's page of TransmitFile; SPEC S6.2.
  @Suite struct TransmitFileTests {
    @Test("head, file and tail, from the descriptor's place or the OVERLAPPED's") func parts() throws {
      let file = try SourceFile("0123456789")
      started {
        withPair { client, server in
          #expect(transmit(client, file.handle, nil, head: "<", tail: ">") == good)
          #expect(receive(server, 12, flags: Int32(MSG_WAITALL)) == (12, "<0123456789>"))
          #expect(lseek(file.descriptor, 0, SEEK_CUR) == 10)
          lseek(file.descriptor, 2, SEEK_SET)
          #expect(transmit(client, file.handle, count: 3, nil) == good)
          #expect(receive(server, 3, flags: Int32(MSG_WAITALL)) == (3, "234"))
          let operation = OverlappedCall()
          operation.overlapped.pointee.Offset = 7
          let begun = transmit(client, file.handle, count: 100, operation, head: "[", tail: "]")
          #expect(operation.end(begun, client) == Outcome(result: 5, error: 0))
          #expect(receive(server, 5, flags: Int32(MSG_WAITALL)) == (5, "[789]"))
          #expect(transmit(client, nil, nil, head: "only") == good)
          #expect(receive(server, 4, flags: Int32(MSG_WAITALL)) == (4, "only"))
        }
      }
    }

    @Test(
      "S5.2: what does not fit is under way; TF_DISCONNECT ends the connection behind it", arguments: [true, false])
    func long(isOverlapped: Bool) throws {
      let text = String(repeating: "0123456789abcdef", count: 1 << 19)
      let file = try SourceFile(text)
      started {
        let (client, server) = makePair()
        let reader = BackgroundCall { readAll(server) }
        if isOverlapped {
          let operation = OverlappedCall()
          let begun = transmit(client, file.handle, operation, head: "<", tail: ">", flags: TF_DISCONNECT)
          #expect(operation.end(begun, client) == Outcome(result: text.utf8.count + 2, error: 0))
        } else {
          #expect(transmit(client, file.handle, nil, head: "<", tail: ">", flags: TF_DISCONNECT) == good)
        }
        #expect(reader.result() == Array("<\(text)>".utf8))
        #expect(outcome { send(client, "x") } == .failure(WSAESHUTDOWN))
        closesocket(client)
        closesocket(server)
      }
    }

    @Test("S5.5: a TransmitFile that hangs is cancelled or ends with its socket", arguments: [true, false])
    func isAborted(closes: Bool) throws {
      let file = try SourceFile(String(repeating: "x", count: 1 << 23))
      started {
        let (client, server) = makePair()
        let operation = OverlappedCall()
        let begun = transmit(client, file.handle, operation)
        #expect(begun == pendingOutcome)
        if closes { closesocket(client) } else { #expect(CancelIo(HANDLE(bitPattern: UInt(client))) != 0) }
        #expect(operation.end(begun, server) == .failure(WSA_OPERATION_ABORTED))
        if !closes { closesocket(client) }
        closesocket(server)
      }
    }

    @Test("TF_REUSE_SOCKET: the socket connects again") func reuses() throws {
      let file = try SourceFile("content")
      started {
        let (listener, port) = makeListener()
        let socket = Family.four.bound()
        for isOverlapped in [true, false] {
          #expect(connect(socket, to: port) == 0)
          let server = ws2_accept(listener, nil, nil)
          let operation = OverlappedCall()
          lseek(file.descriptor, 0, SEEK_SET)
          let begun = transmit(
            socket, file.handle, isOverlapped ? operation : nil, flags: TF_DISCONNECT | TF_REUSE_SOCKET)
          if isOverlapped {
            #expect(operation.end(begun, socket) == Outcome(result: 7, error: 0))
          } else {
            #expect(begun == good)
          }
          #expect(readAll(server) == Array("content".utf8))
          closesocket(server)
        }
        closesocket(socket)
        closesocket(listener)
      }
    }

    @Test("S6.2: a broken connection is an error and no SIGPIPE") func brokenConnection() throws {
      let file = try SourceFile(String(repeating: "x", count: 1 << 20))
      signal(SIGPIPE, SIG_DFL)
      started {
        for way in 0..<4 {
          let (client, server) = makePair()
          closesocket(server)
          // The first bytes meet the closed socket, and the reset comes back.
          #expect(eventually { send(client, "x") < 0 })
          let result: Outcome
          switch way {
          case 0: result = outcome { send(client, "x") }
          case 1: result = transmit(client, file.handle, nil)
          case 2:
            let operation = OverlappedCall()
            result = operation.end(transmit(client, file.handle, operation), client)!
          default:
            let operation = OverlappedCall()
            var buffer = WSABUF(len: 5, buf: operation.bytes)
            let begun = outcome { WSASend(client, &buffer, 1, nil, 0, operation.overlapped, nil) }
            result = operation.end(begun, client)!
          }
          #expect([WSAECONNRESET, WSAECONNABORTED].contains(result.error), "\(way): \(result)")
          closesocket(client)
        }
      }
    }

    @Test("S6.2: after the program's own SD_SEND it is WSAESHUTDOWN") func ownShutdown() throws {
      let file = try SourceFile("content")
      signal(SIGPIPE, SIG_DFL)
      started {
        withPair { client, _ in
          #expect(ws2_shutdown(client, SD_SEND) == 0)
          let operation = OverlappedCall()
          var buffer = WSABUF(len: 5, buf: operation.bytes)
          #expect(outcome { send(client, "x") } == .failure(WSAESHUTDOWN))
          #expect(transmit(client, file.handle, nil) == .failure(WSAESHUTDOWN))
          #expect(transmit(client, file.handle, operation) == .failure(WSAESHUTDOWN))
          #expect(
            outcome { WSASend(client, &buffer, 1, nil, 0, operation.overlapped, nil) } == .failure(WSAESHUTDOWN))
        }
      }
    }

    @Test("what TransmitFile refuses") func refusals() throws {
      let file = try SourceFile("content")
      started {
        #expect(transmit(noSocket, file.handle, nil) == .failure(WSAENOTSOCK))
        #expect(transmit(makeStream(), file.handle, nil) == .failure(WSAENOTCONN))
        #expect(transmit(makeDatagram(), file.handle, nil) == .failure(WSAENOTCONN))
        withPair { client, _ in
          #expect(transmit(client, file.handle, nil, flags: TF_REUSE_SOCKET) == .failure(WSAEINVAL))
          #expect(transmit(client, file.handle, nil, flags: 0x100) == .failure(WSAEINVAL))
          #expect(transmit(client, file.handle, count: .max, nil) == .failure(WSAEINVAL))
          #expect(transmit(client, HANDLE(bitPattern: UInt(client)), nil) == .failure(ERROR_INVALID_HANDLE), "no file")
          #expect(transmit(client, HANDLE(bitPattern: -1), nil) == .failure(ERROR_INVALID_HANDLE))
          let bad = BadMemory(.noAccess, size: 32)
          let buffers = bad.pointer.assumingMemoryBound(to: TRANSMIT_FILE_BUFFERS.self)
          #expect(outcome { TransmitFile(client, nil, 0, 0, nil, buffers, 0) - 1 } == .failure(WSAEFAULT))
        }
      }
    }
  }
}
