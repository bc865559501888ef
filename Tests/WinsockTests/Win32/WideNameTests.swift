import CWinsock
import Foundation
import Testing

@testable import Winsock

private func failure(_ error: Int, _ call: () -> Int32) -> Bool { outcome(call) == .failure(error) }

extension WinsockSuite {
  /// Microsoft's pages of Winsock's functions for text and names.
  @Suite struct AddressStringTests {
    @Test("WSAAddressToString's page: text, its size, WSAEFAULT") func write() {
      started {
        var name = loopback(port: 80)
        var (narrow, broad) = ([CChar](repeating: 1, count: 40), [WCHAR](repeating: 1, count: 40))
        withUnsafeMutablePointer(to: &name) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
            var size: DWORD = 40
            #expect(WSAAddressToStringA(name, 16, nil, &narrow, &size) == 0)
            #expect(text(narrow) == "127.0.0.1:80" && size == 13)
            size = 13
            #expect(WSAAddressToStringW(name, 16, nil, &broad, &size) == 0 && text(broad) == "127.0.0.1:80")
            size = 12
            #expect(failure(WSAEFAULT) { WSAAddressToStringA(name, 16, nil, &narrow, &size) } && size == 13)
            #expect(failure(WSAEFAULT) { WSAAddressToStringW(name, 16, nil, &broad, nil) })
            name.pointee.sa_family = sa_family_t(AF_UNIX)
            size = 40
            #expect(failure(WSAEINVAL) { WSAAddressToStringA(name, 16, nil, &narrow, &size) })
            #expect(failure(WSAEFAULT) { WSAAddressToStringA(nil, 16, nil, &narrow, &size) })
          }
        }
      }
      var size: DWORD = 0
      #expect(failure(WSANOTINITIALISED) { WSAAddressToStringA(nil, 0, nil, nil, &size) })
    }

    @Test("WSAStringToAddress' page: both families, WSAEINVAL, WSAEFAULT and the size") func read() {
      started {
        var storage = sockaddr_storage()
        withUnsafeMutablePointer(to: &storage) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
            let bytes = UnsafeRawPointer(name)
            var size: INT = 128
            var four = Array("127.0.0.1:8080".utf8CString)
            #expect(WSAStringToAddressA(&four, AF_INET, nil, name, &size) == 0 && size == 16)
            #expect(bytes.load(fromByteOffset: 2, as: UInt16.self) == UInt16(8080).bigEndian)
            #expect(bytes.load(fromByteOffset: 4, as: UInt32.self) == UInt32(0x7f00_0001).bigEndian)
            var six = wide("[fe80::1%3]:443")
            size = 128
            #expect(WSAStringToAddressW(&six, AF_INET6, nil, name, &size) == 0 && size == 28)
            #expect(
              bytes.load(fromByteOffset: 24, as: UInt32.self) == 3
                && bytes.load(fromByteOffset: 8, as: UInt8.self) == 0xfe)
            size = 4
            #expect(failure(WSAEFAULT) { WSAStringToAddressA(&four, AF_INET, nil, name, &size) } && size == 16)
            size = 128
            #expect(failure(WSAEINVAL) { WSAStringToAddressA(&four, AF_INET6, nil, name, &size) })
            #expect(failure(WSAEINVAL) { WSAStringToAddressW(&six, AF_INET, nil, name, &size) })
            #expect(failure(WSAEFAULT) { WSAStringToAddressW(nil, AF_INET, nil, name, &size) })
          }
        }
      }
    }

    @Test("InetNtopW's and InetPtonW's pages") func inet() {
      started {
        var address: UInt32 = 0
        #expect(InetPtonW(AF_INET, wide("10.1.2.3"), &address) == 1 && address == UInt32(0x0a01_0203).bigEndian)
        #expect(InetPtonW(AF_INET, wide("10.1.2"), &address) == 0)
        #expect(failure(WSAEFAULT) { InetPtonW(AF_INET, nil, &address) })
        #expect(failure(WSAEAFNOSUPPORT) { InetPtonW(77, wide("1"), &address) })
        var buffer = [WCHAR](repeating: 1, count: 46)
        #expect(InetNtopW(AF_INET, &address, &buffer, 46) != nil && text(buffer) == "10.1.2.3")
        #expect(fails(ERROR_INVALID_PARAMETER, as: nil) { InetNtopW(AF_INET, &address, &buffer, 8) })
        #expect(fails(WSAEAFNOSUPPORT, as: nil) { InetNtopW(77, &address, &buffer, 46) })
        #expect(fails(WSAEINVAL, as: nil) { InetNtopW(AF_INET, nil, &buffer, 46) })
      }
    }

    @Test("GetAddrInfoW's, FreeAddrInfoW's, GetNameInfoW's and gai_strerrorW's pages") func names() {
      started {
        var hints = ADDRINFOW()
        hints.ai_socktype = ws2_socket_stream()
        hints.ai_flags = AI_NUMERICHOST | AI_CANONNAME
        var list: PADDRINFOW?
        #expect(GetAddrInfoW(wide("127.0.0.1"), wide("80"), &hints, &list) == 0)
        #expect(list?.pointee.ai_family == AF_INET && list?.pointee.ai_addrlen == 16 && list?.pointee.ai_next == nil)
        #expect(list.map { lstrlenW($0.pointee.ai_canonname) } == 9)
        var (host, service) = ([WCHAR](repeating: 1, count: 40), [WCHAR](repeating: 1, count: 40))
        let (name, flags) = (list?.pointee.ai_addr, NI_NUMERICHOST | NI_NUMERICSERV)
        #expect(GetNameInfoW(name, 16, &host, 40, &service, 40, Int32(flags)) == 0)
        #expect(text(host) == "127.0.0.1" && text(service) == "80")
        #expect(GetNameInfoW(name, 16, &host, 4, nil, 0, Int32(flags)) == ERROR_INSUFFICIENT_BUFFER)
        #expect(GetNameInfoW(nil, 16, &host, 40, nil, 0, Int32(flags)) == WSAEFAULT)
        FreeAddrInfoW(list)
        FreeAddrInfoW(nil)
        #expect(GetAddrInfoW(wide("no address"), nil, &hints, &list) == WSAHOST_NOT_FOUND)
        #expect(GetAddrInfoW(wide("127.0.0.1"), nil, nil, nil) == WSAEFAULT)
        #expect(GetAddrInfoW(nil, wide("80"), nil, &list) == 0 && list?.pointee.ai_addr != nil, "no hints")
        FreeAddrInfoW(list)
      }
      #expect(lstrlenW(gai_strerrorW(Int32(WSAHOST_NOT_FOUND))) == 12 && gai_strerrorW(5) == gai_strerrorW(5))
    }

    @Test("gethostbyname's, gethostbyaddr's, getservbyname's and getservbyport's pages") func older() {
      started {
        let host = ws2_gethostbyname("127.0.0.1")
        #expect(
          host?.pointee.h_length == 4
            && host?.pointee.h_addr_list[0]?.withMemoryRebound(to: UInt8.self, capacity: 4) { $0[0] } == 127)
        #expect(
          fails(WSAHOST_NOT_FOUND, as: nil) { ws2_gethostbyname("wfpshim.invalid.") }
            || WSAGetLastError() == WSATRY_AGAIN)
        #expect(fails(WSAEFAULT, as: nil) { ws2_gethostbyaddr(nil, 4, AF_INET) })
        #expect(fails(WSAEFAULT, as: nil) { ws2_gethostbyaddr("abcd", 3, AF_INET) })
        let http = ws2_getservbyname("http", "tcp")
        #expect(http == nil || http?.pointee.s_port == Int32(UInt16(80).bigEndian))
        #expect(fails(WSANO_DATA, as: nil) { ws2_getservbyname("wfpshim-none", "tcp") })
        #expect(fails(WSAEFAULT, as: nil) { ws2_getservbyname(nil, "tcp") })
        #expect(fails(WSANO_DATA, as: nil) { ws2_getservbyport(Int32(UInt16(64_999).bigEndian), "tcp") })
      }
      #expect(fails(WSANOTINITIALISED, as: nil) { ws2_gethostbyname("127.0.0.1") })
    }

    @Test("WSAHtonl's, WSANtohl's, WSAHtons' and WSANtohs' pages") func order() {
      started {
        let socket = makeStream()
        var (long, short): (u_long, u_short) = (0, 0)
        #expect(WSAHtonl(socket, 0x0102_0304, &long) == 0 && long == u_long(UInt32(0x0102_0304).bigEndian))
        #expect(WSANtohl(socket, long, &long) == 0 && long == 0x0102_0304)
        #expect(WSAHtons(socket, 0x0102, &short) == 0 && short == UInt16(0x0102).bigEndian)
        #expect(WSANtohs(socket, short, &short) == 0 && short == 0x0102)
        #expect(failure(WSAEFAULT) { WSAHtonl(socket, 1, nil) })
        #expect(failure(WSAENOTSOCK) { WSAHtons(noSocket, 1, &short) })
        closesocket(socket)
      }
    }

    @Test("WSASendDisconnect's and WSARecvDisconnect's pages") func disconnect() {
      started {
        withPair { client, server in
          var (byte, data) = (CChar(1), WSABUF())
          withUnsafeMutablePointer(to: &byte) { data = WSABUF(len: 1, buf: $0) }
          #expect(failure(WSAENOPROTOOPT) { WSASendDisconnect(client, &data) })
          #expect(WSASendDisconnect(client, nil) == 0)
          #expect(receive(server).count == 0)
          #expect(WSARecvDisconnect(server, &data) == 0 && data.len == 0)
        }
        #expect(failure(WSAENOTSOCK) { WSARecvDisconnect(noSocket, nil) })
      }
    }

    @Test("WSAEnumProtocols' page: the list, some of it, WSAENOBUFS and the size") func protocols() {
      started {
        var size: DWORD = 0
        #expect(failure(WSAENOBUFS) { WSAEnumProtocolsW(nil, nil, &size) })
        #expect(size == DWORD(6 * MemoryLayout<WSAPROTOCOL_INFOW>.stride))
        let wideList = LPWSAPROTOCOL_INFOW.allocate(capacity: 6)
        #expect(WSAEnumProtocolsW(nil, wideList, &size) == 6)
        #expect(wideList[0].iAddressFamily == AF_INET && wideList[0].iProtocol == ws2_protocol_tcp())
        let name = withUnsafeBytes(of: wideList[0].szProtocol) { Array($0.bindMemory(to: WCHAR.self)) }
        #expect(text(name) == "Linux Tcpip [TCP/IP]")
        wideList.deallocate()
        var wanted: [INT] = [17, 0]
        let list = LPWSAPROTOCOL_INFOA.allocate(capacity: 2)
        size = DWORD(2 * MemoryLayout<WSAPROTOCOL_INFOA>.stride)
        #expect(WSAEnumProtocolsA(&wanted, list, &size) == 2)
        #expect(list[1].iAddressFamily == AF_INET6 && list[1].iSocketType == ws2_socket_datagram())
        #expect(list[0].dwServiceFlags1 & XP1_CONNECTIONLESS != 0)
        let socket = WSASocketA(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, list, 0, 1)
        #expect(socket != noSocket)
        closesocket(socket)
        list.deallocate()
        #expect(failure(WSAEFAULT) { WSAEnumProtocolsA(nil, nil, nil) })
      }
    }
  }

  /// Microsoft's pages "WSAConnectByNameW function" and "WSAConnectByList function".
  @Suite struct ConnectByNameTests {
    @Test("It connects, tells both ends, and says what the last address said") func byName() {
      started {
        let (listener, port) = makeListener()
        let client = makeStream()
        var (local, remote) = (sockaddr_storage(), sockaddr_storage())
        var (localSize, remoteSize): (DWORD, DWORD) = (128, 128)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        let connected = withUnsafeMutablePointer(to: &local) { local in
          withUnsafeMutablePointer(to: &remote) { remote in
            WSAConnectByNameA(
              client, "127.0.0.1", "\(port)", &localSize,
              UnsafeMutableRawPointer(local).assumingMemoryBound(to: sockaddr.self),
              &remoteSize, UnsafeMutableRawPointer(remote).assumingMemoryBound(to: sockaddr.self), &limit, nil)
          }
        }
        #expect(connected == 1 && localSize == 16 && remoteSize == 16)
        withUnsafeBytes(of: remote) { #expect($0.load(fromByteOffset: 2, as: UInt16.self) == port.bigEndian) }
        let server = ws2_accept(listener, nil, nil)
        #expect(send(client, "x") == 1 && receive(server) == (1, "x"))
        closesocket(listener)
        let other = makeStream()
        let (closed, refusing) = makeRefusing()
        var (node, service) = (wide("127.0.0.1"), wide("\(refusing)"))
        #expect(fails(WSAECONNREFUSED) { WSAConnectByNameW(other, &node, &service, nil, nil, nil, nil, nil, nil) })
        #expect(fails(WSAEINVAL) { WSAConnectByNameA(other, nil, "1", nil, nil, nil, nil, nil, nil) })
        #expect(fails(WSAENOTSOCK) { WSAConnectByNameA(noSocket, "127.0.0.1", "1", nil, nil, nil, nil, nil, nil) })
        for socket in [client, server, other, closed] { closesocket(socket) }
      }
    }

    @Test("WSAConnectByList goes on after an address that refuses") func byList() {
      started {
        let (closed, refusing) = makeRefusing()
        let (listener, port) = makeListener()
        var names = [loopback(port: refusing), loopback(port: port)]
        let client = makeStream()
        let memory = UnsafeMutableRawPointer.allocate(
          byteCount: 8 + 2 * MemoryLayout<SOCKET_ADDRESS>.stride, alignment: 8)
        names.withUnsafeMutableBytes { names in
          memory.storeBytes(of: 2, as: INT.self)
          for index in 0..<2 {
            let name = (names.baseAddress! + index * 16).assumingMemoryBound(to: sockaddr.self)
            (memory + 8 + index * 16).storeBytes(
              of: SOCKET_ADDRESS(lpSockaddr: name, iSockaddrLength: 16), as: SOCKET_ADDRESS.self)
          }
          let list = memory.assumingMemoryBound(to: SOCKET_ADDRESS_LIST.self)
          #expect(WSAConnectByList(client, list, nil, nil, nil, nil, nil, nil) == 1)
          memory.storeBytes(of: 0, as: INT.self)
          let other = makeStream()
          #expect(fails(WSAEINVAL) { WSAConnectByList(other, list, nil, nil, nil, nil, nil, nil) }, "nothing to try")
          #expect(fails(WSAEFAULT) { WSAConnectByList(other, nil, nil, nil, nil, nil, nil, nil) })
          closesocket(other)
        }
        let server = ws2_accept(listener, nil, nil)
        #expect(server != noSocket)
        memory.deallocate()
        for socket in [client, server, listener, closed] { closesocket(socket) }
      }
    }
  }

  /// Microsoft's page "WSADuplicateSocketW function". Between processes: Win32ProgramTests.
  @Suite struct DuplicateTests {
    private func open(_ info: inout WSAPROTOCOL_INFOW) -> SOCKET {
      WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, DWORD(WSA_FLAG_OVERLAPPED))
    }

    @Test("A second socket of one connection; taken once; the mode goes along") func own() {
      started {
        withPair { client, server in
          setNonBlocking(client)
          var info = WSAPROTOCOL_INFOW()
          #expect(WSADuplicateSocketW(client, GetCurrentProcessId(), &info) == 0)
          #expect(info.iAddressFamily == AF_INET && info.iSocketType == ws2_socket_stream())
          let second = open(&info)
          #expect(second != noSocket && second != client)
          #expect(outcome { receive(second).count } == .failure(WSAEWOULDBLOCK))
          #expect(send(second, "both") == 4 && receive(server) == (4, "both"))
          closesocket(second)
          #expect(send(client, "still") == 5 && receive(server) == (5, "still"))
          #expect(socketOutcome { open(&info) } == .failure(WSAEINVAL), "taken")
          var narrow = WSAPROTOCOL_INFOA()
          #expect(WSADuplicateSocketA(client, GetCurrentProcessId(), &narrow) == 0)
          let third = WSASocketA(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &narrow, 0, 1)
          #expect(third != noSocket)
          closesocket(third)
        }
      }
    }

    @Test("WSAENOTSOCK, WSAEINVAL, WSAEFAULT; another process' socket is not given") func refusals() {
      started {
        let socket = makeStream()
        var info = WSAPROTOCOL_INFOW()
        #expect(failure(WSAENOTSOCK) { WSADuplicateSocketW(noSocket, 1, &info) })
        #expect(failure(WSAEINVAL) { WSADuplicateSocketW(socket, 0x7fff_fff0, &info) })
        #expect(failure(WSAEINVAL) { WSADuplicateSocketW(socket, 0, &info) })
        #expect(failure(WSAEFAULT) { WSADuplicateSocketW(socket, GetCurrentProcessId(), nil) })
        #expect(WSADuplicateSocketW(socket, DWORD(getppid()), &info) == 0)
        #expect(socketOutcome { open(&info) } == .failure(WSAEINVAL), "it is the parent's")
        info.dwProviderReserved = 12345
        #expect(socketOutcome { open(&info) } == .failure(WSAEINVAL))
        closesocket(socket)
      }
    }
  }
}
