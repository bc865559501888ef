import CWinsock
import Foundation
import Testing

@testable import Winsock

private let good = Outcome(result: 0, error: 0)

extension WinsockSuite {
  /// WSAIoctl's codes beside the redirect ones: facts sheet 2.5 and 2.6, and Microsoft's page of each.
  @Suite struct IoctlCodeTests {
    private static let tail: [UInt8] = [0x95, 0xca, 0x00, 0x80, 0x5f, 0x48, 0xa1, 0x92]
    private static let identifiers = [
      guid(0xf689_d7c8, 0x6f1f, 0x436b, [0x8a, 0x53, 0xe5, 0x4f, 0xe3, 0x51, 0xc3, 0x22]),
      guid(0xa441_e712, 0x754f, 0x43ca, [0x84, 0xa7, 0x0d, 0xee, 0x44, 0xcf, 0x60, 0x6d]),
      guid(0x25a2_07b9, 0xddf3, 0x4660, [0x8e, 0xe9, 0x76, 0xe5, 0x8c, 0x74, 0x06, 0x3e]),
      guid(0x7fda_2e11, 0x8630, 0x436f, [0xa0, 0x31, 0xf5, 0x36, 0xa6, 0xee, 0xc1, 0x57]),
      guid(0xb536_7df0, 0xcbac, 0x11cf, tail), guid(0xb536_7df1, 0xcbac, 0x11cf, tail),
      guid(0xb536_7df2, 0xcbac, 0x11cf, tail),
      guid(0x18c7_6f85, 0xdc66, 0x4964, [0x97, 0x2e, 0x23, 0xc2, 0x72, 0x38, 0x31, 0x2b]),
    ]

    @Test("SIO_GET_EXTENSION_FUNCTION_POINTER: each function, count 8; an unknown one WSAEINVAL") func extensions() {
      started {
        let (socket, code) = (makeStream(), DWORD(0xc800_0006))
        var found: Set<[UInt8]> = []
        for identifier in Self.identifiers {
          let answer = ioctl(socket, code, input: bytes(identifier), room: 8)
          #expect(answer.outcome == good && answer.bytes == 8)
          found.insert(answer.output)
        }
        #expect(found.count == Self.identifiers.count)
        let accept: LPFN_ACCEPTEX = AcceptEx
        #expect(found.contains(bytes(accept)), "the exported one is the same")
        let unknown = ioctl(socket, code, input: bytes(guid(1, 2, 3, Self.tail)), room: 8)
        #expect(unknown.outcome == .failure(WSAEINVAL))
        #expect(ioctl(socket, code, input: bytes(Self.identifiers[0]), room: 7).outcome == .failure(WSAEFAULT))
        #expect(ioctl(socket, code, input: [1, 2, 3], room: 8).outcome == .failure(WSAEFAULT))
        #expect(ioctl(socket, code, room: 8).outcome == .failure(WSAEFAULT))
        closesocket(socket)
      }
    }

    @Test(
      "SIO_BASE_HANDLE and SIO_BSP_HANDLE*: the socket; an OVERLAPPED is WSAEINVAL, no room WSAEFAULT",
      arguments: [DWORD(0x4800_0022), 0x4800_001b, 0x4800_001c, 0x4800_001d])
    func handles(code: DWORD) {
      started {
        let socket = makeStream()
        let answer = ioctl(socket, code, room: 8)
        #expect(answer.outcome == good && answer.bytes == 8 && answer.output == bytes(socket))
        #expect(ioctl(socket, code, room: 7).outcome == .failure(WSAEFAULT))
        #expect(ioctl(socket, code, room: 0).outcome == .failure(WSAEFAULT))
        let operation = OverlappedCall()
        var handle: SOCKET = 0
        let refused = outcome { WSAIoctl(socket, code, nil, 0, &handle, 8, nil, operation.overlapped, nil) }
        #expect(Reactor.forcesPending || refused == .failure(WSAEINVAL))
        #expect(Reactor.forcesPending || !operation.isSignalled)
        #expect(operation.end(refused, socket) == .failure(WSAEINVAL))
        closesocket(socket)
      }
    }

    @Test("FIONREAD: a stream's bytes; of datagrams all of them, as often as it is asked") func bytesToRead() {
      started {
        withPair { client, server in
          #expect(send(client, "12345") == 5)
          #expect(eventually { ioctl(server, 0x4004_667f, room: 4).output == bytes(DWORD(5)) })
          let short = ioctl(server, 0x4004_667f, room: 3)
          #expect(short.outcome == .failure(WSAEFAULT))
        }
        for family in Family.allCases {
          let socket = ws2_socket(family.number, ws2_socket_datagram(), 0)
          #expect(family.withLoopback(0) { ws2_bind(socket, $0, $1) } == 0)
          let port = portOf(socket, ws2_getsockname)
          #expect(ioctl(socket, 0x4004_667f, room: 4).output == bytes(DWORD(0)))
          for text in ["abc", "", "defgh", "i"] {
            let count = Int32(text.utf8.count)
            #expect(family.withLoopback(port) { ws2_sendto(socket, text, count, 0, $0, $1) } == count)
          }
          for _ in 0..<3 {
            let answer = ioctl(socket, 0x4004_667f, room: 4)
            #expect(answer.outcome == good && answer.bytes == 4 && answer.output == bytes(DWORD(9)))
          }
          #expect(receive(socket, flags: Int32(MSG_PEEK)) == (3, "abc"), "nothing is moved")
          #expect(receive(socket) == (3, "abc"))
          #expect(receive(socket) == (0, ""))
          #expect(ioctl(socket, 0x4004_667f, room: 4).output == bytes(DWORD(6)))
          closesocket(socket)
        }
      }
    }

    @Test("SIOCATMARK: FALSE while urgent data comes next, in Winsock's sense") func atMark() {
      started {
        withPair { client, server in
          #expect(setOption(server, SOL_SOCKET, SO_OOBINLINE, 1) == 0)
          #expect(ioctl(server, 0x4004_7307, room: 4).output == bytes(DWORD(1)))
          #expect(send(client, "!", flags: Int32(MSG_OOB)) == 1)
          #expect(eventually { ioctl(server, 0x4004_7307, room: 4).output == bytes(DWORD(0)) })
          #expect(receive(server).count == 1)
          #expect(ioctl(server, 0x4004_7307, room: 4).output == bytes(DWORD(1)))
          let datagram = makeDatagram()
          #expect(ioctl(datagram, 0x4004_7307, room: 4).outcome == .failure(WSAEINVAL))
          closesocket(datagram)
        }
      }
    }

    @Test("SIO_TCP_INFO: versions 0 and 1, and its own errors") func tcpInfo() {
      started {
        withPair { client, server in
          let code = DWORD(0xd800_0027)
          #expect(send(client, "12345") == 5)
          #expect(receive(server).count == 5)
          for (version, size) in [(DWORD(0), 88), (1, 136)] {
            let answer = ioctl(server, code, input: bytes(version), room: 200)
            #expect(answer.outcome == good && answer.bytes == DWORD(size))
            let info = answer.output.withUnsafeBytes { $0.loadUnaligned(as: TCP_INFO_v0.self) }
            #expect(info.State == TCPSTATE_ESTABLISHED)
            #expect(info.BytesIn == 5 && info.BytesOut == 0 && info.Mss > 500 && info.Cwnd >= info.Mss)
            #expect(info.ConnectionTimeMs < 60_000)
            #expect(answer.output[size] == 0xab, "no more than its size")
            let short = ioctl(server, code, input: bytes(version), room: size - 1)
            #expect(short.outcome == .failure(WSAEINVAL) && short.bytes == 0)
          }
          #expect(ioctl(server, code, room: 88).outcome == .failure(WSAEMSGSIZE))
          #expect(ioctl(server, code, input: [0, 0], room: 88).outcome == .failure(WSAEMSGSIZE))
          #expect(ioctl(server, code, input: bytes(UInt64(0)), room: 88).outcome == .failure(WSAEMSGSIZE))
          #expect(ioctl(server, code, input: bytes(DWORD(2)), room: 200).outcome == .failure(WSAEINVAL))
          let (listener, _) = makeListener()
          let listening = ioctl(listener, code, input: bytes(DWORD(0)), room: 88).output
          #expect(listening.prefix(4).elementsEqual(bytes(TCPSTATE_LISTEN)))
          #expect(
            ioctl(makeDatagram(), code, input: bytes(DWORD(0)), room: 88).outcome == .failure(WSAEOPNOTSUPP))
          closesocket(listener)
        }
      }
    }

    @Test("SIO_IDEAL_SEND_BACKLOG_QUERY") func backlog() {
      started {
        let code = DWORD(0x4004_747b)
        withPair { client, _ in
          let answer = ioctl(client, code, room: 4)
          #expect(answer.outcome == good && answer.bytes == 4)
          #expect(answer.output.withUnsafeBytes { $0.loadUnaligned(as: DWORD.self) } >= 1 << 16)
          let short = ioctl(client, code, room: 3)
          #expect(short.outcome == .failure(WSAEINVAL) && short.bytes == 0)
        }
        #expect(ioctl(makeStream(), code, room: 4).outcome == .failure(WSAENOTCONN))
        #expect(ioctl(makeDatagram(), code, room: 4).outcome == .failure(WSAEOPNOTSUPP))
      }
    }

    @Test("SIO_ADDRESS_LIST_QUERY: too small is WSAEFAULT and the size needed", arguments: Family.allCases)
    func addressList(family: Family) {
      started {
        let (socket, code) = (family.stream(), DWORD(0x4800_0016))
        let probe = ioctl(socket, code, room: 0)
        #expect(probe.outcome == .failure(WSAEFAULT) && probe.bytes >= 24)
        #expect(ioctl(socket, code, room: Int(probe.bytes) - 1).bytes == probe.bytes)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Int(probe.bytes), alignment: 8)
        var count: DWORD = 0
        #expect(WSAIoctl(socket, code, nil, 0, memory, probe.bytes, &count, nil, nil) == 0)
        #expect(count == probe.bytes)
        for index in 0..<Int(memory.load(as: Int32.self)) {
          let entry = (memory + 8 + index * 16).load(as: SOCKET_ADDRESS.self)
          #expect(entry.iSockaddrLength == Int32(family.nameSize))
          #expect(Int32(entry.lpSockaddr.pointee.sa_family) == family.number)
        }
        memory.deallocate()
        closesocket(socket)
      }
    }

    @Test("SIO_ROUTING_INTERFACE_QUERY: the local address to a destination", arguments: Family.allCases)
    func routing(family: Family) {
      started {
        let (socket, code) = (family.stream(), DWORD(0xc800_0014))
        let name = family.withLoopback(0) { [UInt8](UnsafeRawBufferPointer(start: $0, count: Int($1))) }
        let answer = ioctl(socket, code, input: name, room: 128)
        #expect(answer.outcome == good && answer.bytes == DWORD(family.nameSize))
        #expect(Array(answer.output.prefix(family.nameSize)) == name, "loopback to loopback")
        let short = ioctl(socket, code, input: name, room: 8)
        #expect(short.outcome == .failure(WSAEFAULT) && short.bytes == DWORD(family.nameSize))
        #expect(ioctl(socket, code, input: Array(name.prefix(8)), room: 128).outcome == .failure(WSAEFAULT))
        #expect(ioctl(socket, code, room: 128).outcome == .failure(WSAEFAULT))
        closesocket(socket)
      }
    }

    @Test("SIO_GET_INTERFACE_LIST: the loopback is there; no room is WSAEFAULT") func interfaces() {
      started {
        let (socket, code) = (makeDatagram(), DWORD(0x4004_747f))
        let answer = ioctl(socket, code, room: 1 << 16)
        #expect(answer.outcome == good && answer.bytes % 76 == 0 && answer.bytes > 0)
        let list = answer.output.withUnsafeBytes { bytes in
          (0..<Int(answer.bytes) / 76).map { bytes.loadUnaligned(fromByteOffset: $0 * 76, as: INTERFACE_INFO.self) }
        }
        let loopback = list.first { $0.iiAddress.AddressIn.sin_addr.S_un.S_addr == UInt32(0x7f00_0001).bigEndian }
        #expect(loopback?.iiNetmask.AddressIn.sin_addr.S_un.S_addr == UInt32(0xff00_0000).bigEndian)
        #expect(loopback.map { $0.iiFlags & ULONG(IFF_LOOPBACK) != 0 } == true)
        #expect(ioctl(socket, code, room: 75).outcome == .failure(WSAEFAULT))
        closesocket(socket)
      }
    }

    @Test("SIO_GET_BROADCAST_ADDRESS; IPv6 has none: WSAENOPROTOOPT") func broadcast() {
      started {
        let answer = ioctl(makeDatagram(), 0x4800_0005, room: 16)
        #expect(answer.outcome == good && answer.bytes == 16)
        #expect(answer.output[4..<8].allSatisfy { $0 == 255 })
        #expect(ioctl(Family.six.stream(), 0x4800_0005, room: 28).outcome == .failure(WSAENOPROTOOPT))
      }
    }

    @Test("SIO_UDP_CONNRESET: TRUE, a peer that is not there is WSAECONNRESET; FALSE, it is nothing") func resets() {
      started {
        let (socket, gone) = (makeDatagram(), makeDatagram())
        #expect(loopback().withPointer { ws2_bind(gone, $0, $1) } == 0)
        let number = port(of: gone)
        #expect(connect(socket, to: number) == 0)
        closesocket(gone)
        #expect(send(socket, "x") == 1)
        #expect(setOption(socket, SOL_SOCKET, SO_RCVTIMEO, 30_000) == 0)
        #expect(outcome { receive(socket).count } == .failure(WSAECONNRESET))
        #expect(ioctl(socket, 0x9800_000c, input: bytes(DWORD(0)), room: 0).outcome == good)
        #expect(send(socket, "x") == 1)
        setNonBlocking(socket)
        #expect(outcome { receive(socket).count } == .failure(WSAEWOULDBLOCK))
        #expect(ioctl(socket, 0x9800_000c, input: bytes(DWORD(1)), room: 0).outcome == good)
        #expect(ioctl(makeStream(), 0x9800_000c, input: bytes(DWORD(0)), room: 0).outcome == .failure(WSAEOPNOTSUPP))
        closesocket(socket)
      }
    }

    @Test("unknown codes: WSAEOPNOTSUPP and 0", arguments: [DWORD(0x9800_0fff), 0x4800_0fff, 0x2800_0fff, 0x1234, 0])
    func unknown(code: DWORD) {
      started {
        let socket = makeStream()
        let answer = ioctl(socket, code, room: 64)
        #expect(answer.outcome == .failure(WSAEOPNOTSUPP) && answer.bytes == 0)
        #expect(answer.output.allSatisfy { $0 == 0xab })
        closesocket(socket)
      }
    }

    /// Codes with an input and an output that succeed on a connected stream.
    private static let codes: [(DWORD, [UInt8]?, Int)] = [
      (0x8004_667e, bytes(DWORD(1)), 0), (0x4004_667f, nil, 4), (0x4004_7307, nil, 4), (0x4004_747f, nil, 1 << 16),
      (0x4004_747b, nil, 4), (0x2800_0004, nil, 0), (0x4800_0005, nil, 16), (0xc800_0006, bytes(identifiers[2]), 8),
      (0x4800_0016, nil, 4096), (0x9800_0004, bytes((DWORD(1), DWORD(1000), DWORD(1000))), 0),
      (0x9800_0010, bytes(DWORD(1)), 0), (0xd800_0027, bytes(DWORD(1)), 136),
    ]

    @Test("S5.2: every code overlapped: done at once, or pending when forced, and indicated") func overlapped() {
      started {
        withPair { client, _ in
          for (code, input, room) in Self.codes {
            let operation = OverlappedCall(memory: 1 << 16)
            let given = OverlappedCall()
            if let input { memcpy(given.memory, input, input.count) }
            var count: DWORD = 0
            let begun = outcome {
              WSAIoctl(
                client, code, input == nil ? nil : given.memory, DWORD(input?.count ?? 0),
                room == 0 ? nil : operation.memory, DWORD(room), &count, operation.overlapped, nil)
            }
            #expect(Reactor.forcesPending || begun == good, "\(String(code, radix: 16))")
            let end = operation.end(begun, client)
            #expect(end?.error == 0, "\(String(code, radix: 16)): \(String(describing: end))")
            #expect(Reactor.forcesPending || end?.result == Int(count))
          }
        }
      }
    }

    @Test("S5.5: SIO_FLUSH ends what is under way") func flush() {
      started {
        withPair { client, server in
          let operation = OverlappedCall()
          var (buffer, flags) = (WSABUF(len: 64, buf: operation.bytes), DWORD(0))
          let begun = outcome { WSARecv(server, &buffer, 1, nil, &flags, operation.overlapped, nil) }
          #expect(begun == pendingOutcome)
          #expect(ioctl(server, 0x2800_0004, room: 0).outcome == good)
          #expect(operation.end(begun, server) == .failure(WSA_OPERATION_ABORTED))
        }
      }
    }
  }
}
