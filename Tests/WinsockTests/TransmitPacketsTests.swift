import CWinsock
import Foundation
import Testing

@testable import Winsock

/// The file and the elements of one call; the memory is never freed, as an overlapped call reads it later.
private final class Elements {
  let folder: TemporaryFolder
  let descriptor: Int32
  private(set) var array: [TRANSMIT_PACKETS_ELEMENT] = []

  init(file: String = "0123456789") throws {
    folder = try TemporaryFolder()
    descriptor = open(try folder.write(file, to: "source"), O_RDONLY)
  }

  deinit { close(descriptor) }

  func memory(_ text: String, _ more: Int32 = 0) {
    var element = TRANSMIT_PACKETS_ELEMENT()
    element.dwElFlags = ULONG(TP_ELEMENT_MEMORY | more)
    element.cLength = ULONG(text.utf8.count)
    element.pBuffer = UnsafeMutableRawPointer(strdup(text)!)
    array.append(element)
  }

  func file(at offset: Int64, count: ULONG, _ flags: Int32 = TP_ELEMENT_FILE, handle: HANDLE? = nil) {
    var element = TRANSMIT_PACKETS_ELEMENT()
    element.dwElFlags = ULONG(flags)
    element.cLength = count
    element.nFileOffset.QuadPart = LONGLONG(offset)
    element.hFile = handle ?? HANDLE(bitPattern: UInt(descriptor))
    array.append(element)
  }

  func transmit(
    _ socket: SOCKET, _ operation: OverlappedCall? = nil, size: DWORD = 0, flags: Int32 = 0
  ) -> Outcome {
    let copy = UnsafeMutablePointer<TRANSMIT_PACKETS_ELEMENT>.allocate(capacity: max(array.count, 1))
    copy.initialize(from: array, count: array.count)
    defer { copy.deallocate() }
    return transmit(socket, copy, operation, size: size, flags: flags)
  }

  func transmit(
    _ socket: SOCKET, _ elements: UnsafeMutablePointer<TRANSMIT_PACKETS_ELEMENT>?, _ operation: OverlappedCall?,
    size: DWORD = 0, flags: Int32 = 0
  ) -> Outcome {
    WSASetLastError(Int32(Outcome.untouched))
    let done = ws2_TransmitPackets(
      socket, elements, DWORD(array.count), size, operation?.overlapped, DWORD(flags))
    return done != 0 ? doneAtOnce : .failure(Int(WSAGetLastError()))
  }
}

private func datagrams(_ socket: SOCKET, _ count: Int) -> [String] { (0..<count).map { _ in receive(socket).text } }

private func datagramPair() -> (client: SOCKET, server: SOCKET) {
  let (client, server) = (makeDatagram(), makeDatagram())
  #expect(loopback().withPointer { ws2_bind(server, $0, $1) } == 0)
  #expect(connect(client, to: port(of: server)) == 0)
  return (client, server)
}

extension WinsockSuite {
  /// Microsoft's pages of TransmitPackets and TRANSMIT_PACKETS_ELEMENT; SPEC S6.2.
  @Suite struct TransmitPacketsTests {
    @Test("S5.2: memory and file in their order; the offset, the descriptor's place, all of a file; found by its GUID")
    func parts() throws {
      let elements = try Elements()
      lseek(elements.descriptor, 8, SEEK_SET)
      elements.memory("<")
      elements.file(at: 3, count: 2)
      elements.memory("|")
      elements.file(at: -1, count: 1)
      elements.file(at: 6, count: 0, 0)
      elements.memory(">")
      started {
        withPair { client, server in
          #expect(elements.transmit(client) == doneAtOnce)
          #expect(receive(server, 10, flags: Int32(MSG_WAITALL)) == (10, "<34|86789>"))
          #expect(lseek(elements.descriptor, 0, SEEK_CUR) == 9)
          let identifier = guid(0xd968_9da0, 0x1f90, 0x11d3, [0x99, 0x71, 0x00, 0xc0, 0x4f, 0x68, 0xc8, 0x76])
          let answer = ioctl(client, 0xc800_0006, input: bytes(identifier), room: 8)
          let function = ws2_TransmitPackets as LPFN_TRANSMITPACKETS
          #expect(answer.outcome == doneAtOnce && answer.output == bytes(unsafeBitCast(function, to: UInt.self)))
        }
      }
    }

    @Test("S5.3: overlapped, the event is set when all is sent") func event() throws {
      let text = String(repeating: "0123456789abcdef", count: 1 << 18)
      let elements = try Elements(file: text)
      elements.memory("<")
      elements.file(at: 0, count: 0)
      elements.memory(">")
      started {
        withPair { client, server in
          let operation = OverlappedCall()
          let begun = elements.transmit(client, operation)
          #expect(begun == pendingOutcome && !operation.isSignalled, "more than the kernel takes")
          let reader = BackgroundCall { () -> Int in
            var (total, buffer) = (0, [UInt8](repeating: 0, count: 1 << 16))
            while total < text.utf8.count + 2 {
              let count = Glibc.recv(Int32(server), &buffer, buffer.count, 0)
              if count <= 0 { break }
              total += count
            }
            return total
          }
          #expect(operation.end(begun, client) == Outcome(result: text.utf8.count + 2, error: 0))
          #expect(reader.result() == text.utf8.count + 2)
        }
      }
    }

    @Test("S5.3: overlapped, a packet at the port; TF_DISCONNECT ends the connection behind it") func port() throws {
      let elements = try Elements()
      elements.file(at: 0, count: 0)
      elements.memory("end")
      started {
        withPair { client, server in
          let (port, operation) = (TestPort(), OverlappedCall())
          port.serve(client)
          let begun = elements.transmit(client, operation, flags: TF_DISCONNECT)
          #expect(begun == doneAtOnce || begun == pendingOutcome)
          #expect(port.packet() == Packet(count: 13, key: 42, overlapped: operation.overlapped, error: 0))
          #expect(receive(server, 20, flags: Int32(MSG_WAITALL)) == (13, "0123456789end"))
          #expect(outcome { send(client, "x") } == .failure(WSAESHUTDOWN))
        }
      }
    }

    @Test("TF_DISCONNECT with TF_REUSE_SOCKET: the socket connects again, under its number", arguments: [true, false])
    func reuses(isOverlapped: Bool) throws {
      let elements = try Elements()
      elements.memory("<")
      elements.file(at: 2, count: 3)
      started {
        let (listener, port) = makeListener()
        let socket = Family.four.bound()
        for round in 0..<3 {
          let connected = connect(socket, to: port)
          #expect(connected == 0, "round \(round)")
          guard connected == 0 else { break }
          let (server, operation) = (ws2_accept(listener, nil, nil), OverlappedCall())
          let begun = elements.transmit(
            socket, isOverlapped ? operation : nil, flags: TF_DISCONNECT | TF_REUSE_SOCKET)
          if isOverlapped {
            #expect(operation.end(begun, socket) == Outcome(result: 4, error: 0))
          } else {
            #expect(begun == doneAtOnce)
          }
          #expect(receive(server, 4, flags: Int32(MSG_WAITALL)) == (4, "<234"))
          #expect(receive(server).count == 0, "the end, and no reset")
          #expect(outcome { send(socket, "x") } == .failure(WSAENOTCONN))
          closesocket(server)
        }
        closesocket(socket)
        closesocket(listener)
      }
    }

    @Test("a datagram ends at TP_ELEMENT_EOP, at the size and at the end") func packets() throws {
      let elements = try Elements()
      elements.memory("a")
      elements.file(at: 1, count: 3, TP_ELEMENT_FILE | TP_ELEMENT_EOP)
      elements.memory("bc", TP_ELEMENT_EOP)
      elements.memory("defgh")
      let long = try Elements(file: String(repeating: "x", count: 70_000))
      long.file(at: 0, count: 0)
      started {
        let (client, server) = datagramPair()
        #expect(elements.transmit(client, size: 0xffff_ffff) == doneAtOnce)
        #expect(datagrams(server, 3) == ["a123", "bc", "defgh"])
        #expect(elements.transmit(client, size: 2) == doneAtOnce)
        #expect(datagrams(server, 6) == ["a1", "23", "bc", "de", "fg", "h"])
        let operation = OverlappedCall()
        #expect(operation.end(elements.transmit(client, operation), client) == Outcome(result: 11, error: 0))
        #expect(elements.transmit(client, flags: TF_DISCONNECT) == .failure(WSAEINVAL), "no connection to end")
        #expect(long.transmit(client) == .failure(WSAEMSGSIZE))
        for socket in [client, server] { closesocket(socket) }
      }
    }

    @Test("S6.2: a broken connection, the own SD_SEND; what TransmitPackets refuses") func refusals() throws {
      signal(SIGPIPE, SIG_DFL)
      let elements = try Elements(file: String(repeating: "x", count: 1 << 20))
      elements.file(at: 0, count: 0)
      started {
        #expect(elements.transmit(noSocket) == .failure(WSAENOTSOCK))
        for unconnected in [makeStream(), makeDatagram()] {
          #expect(elements.transmit(unconnected) == .failure(WSAENOTCONN))
          closesocket(unconnected)
        }
        let (broken, peer) = makePair()
        closesocket(peer)
        #expect(eventually { send(broken, "x") < 0 })
        #expect([WSAECONNRESET, WSAECONNABORTED].contains(elements.transmit(broken).error))
        closesocket(broken)
        withPair { client, _ in
          #expect(elements.transmit(client, flags: TF_REUSE_SOCKET) == .failure(WSAEINVAL))
          #expect(elements.transmit(client, flags: 0x100) == .failure(WSAEINVAL))
          #expect(elements.transmit(client, nil, nil) == .failure(WSAEFAULT))
          #expect(ws2_TransmitPackets(client, nil, 0, 0, nil, 0) != 0, "nothing to send")
        }
        withPair { client, _ in
          #expect(ws2_shutdown(client, SD_SEND) == 0)
          #expect(elements.transmit(client) == .failure(WSAESHUTDOWN))
        }
      }
    }

    @Test("the elements that TransmitPackets refuses, and sends nothing of the others") func elements() throws {
      let bad = BadMemory(.noAccess, size: 32)
      let cases: [(Int, (Elements) -> Void)] = [
        (WSAEINVAL, { $0.file(at: 0, count: 1, TP_ELEMENT_FILE | TP_ELEMENT_MEMORY) }),
        (WSAEINVAL, { $0.file(at: -2, count: 1) }),
        (WSAEINVAL, { $0.file(at: 0, count: 0x7fff_ffff) }),
        (ERROR_INVALID_HANDLE, { $0.file(at: 0, count: 1, handle: HANDLE(bitPattern: -1)) }),
        (
          WSAEFAULT,
          {
            $0.memory("xx")
            $0.pointLast(to: bad.pointer)
          }
        ),
      ]
      for (error, add) in cases {
        let elements = try Elements()
        elements.memory("first")
        add(elements)
        started {
          withPair { client, server in
            #expect(elements.transmit(client) == .failure(error))
            #expect(send(client, "x") == 1)
            #expect(receive(server) == (1, "x"))
          }
        }
      }
    }
  }
}

extension Elements {
  fileprivate func pointLast(to memory: UnsafeMutableRawPointer) { array[array.count - 1].pBuffer = memory }
}
