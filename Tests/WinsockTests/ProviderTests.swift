import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  /// SPEC S6.1: the procedure table.
  @Suite struct ProviderTests {
    @Test("S6.1: WSPStartup fills the whole procedure table") func wholeTable() {
      let provider = TestProvider()
      #expect(MemoryLayout<WSPPROC_TABLE>.size == 240 && MemoryLayout<WSPUPCALLTABLE>.size == 120)
      #expect(MemoryLayout<WSPDATA>.size == 516 && MemoryLayout<WSATHREADID>.size == 16)
      #expect(provider.entries.count == 30 && !provider.entries.contains(0) && Set(provider.entries).count == 30)
      #expect(provider.data.wVersion == 0x0202 && provider.data.wHighVersion == 0x0202)
      let text = withUnsafeBytes(of: provider.data.szDescription) { Array($0.bindMemory(to: UInt16.self)) }
      #expect(String(decoding: text.prefix { $0 != 0 }, as: UTF16.self) == "WinSock 2.0")
      provider.cleanUp()
    }

    @Test("S6.1: WSPStartup's errors are what it returns") func startupErrors() {
      var (data, info, table) = (WSPDATA(), WSAPROTOCOL_INFOW(), WSPPROC_TABLE())
      let upcalls = TestProvider.upcalls()
      WSASetLastError(0x1234)
      for version: WORD in [0, 1, 0x0101, 0x0201 & 0xff00] {
        #expect(WSPStartup(version, &data, &info, upcalls, &table) == WSAVERNOTSUPPORTED)
      }
      #expect(WSPStartup(0x0202, nil, &info, upcalls, &table) == WSAEFAULT)
      #expect(WSPStartup(0x0202, &data, &info, upcalls, nil) == WSAEFAULT)
      let readOnly = BadMemory(.readOnly, size: 516)
      #expect(
        WSPStartup(0x0202, readOnly.pointer.assumingMemoryBound(to: WSPDATA.self), &info, upcalls, &table) == WSAEFAULT)
      #expect(WSAGetLastError() == 0x1234)
      #expect(withUnsafeBytes(of: table) { $0.allSatisfy { $0 == 0 } }, "nothing is written")
      for (asked, given): (WORD, WORD) in [(0x0002, 0x0002), (0x0102, 0x0102), (0x0302, 0x0202), (0x0003, 0x0202)] {
        #expect(WSPStartup(asked, &data, &info, upcalls, &table) == 0)
        #expect(data.wVersion == given && data.wHighVersion == 0x0202)
        #expect(table.lpWSPCleanup(nil) == 0)
      }
    }

    @Test("S6.1: startups are counted against WSPCleanup") func counted() {
      let provider = TestProvider()
      #expect(provider.start() == 0)
      provider.cleanUp()
      provider.close(provider.socket())
      provider.cleanUp()
      #expect(provider.outcome { provider.table.lpWSPCleanup($0) } == .failure(WSANOTINITIALISED))
      let made = provider.outcome(failing: noSocket) { provider.table.lpWSPSocket(AF_INET, 1, 0, nil, 0, 0, $0) }
      #expect(made == .failure(WSANOTINITIALISED))
    }

    @Test("S6.1: a provider needs no WSAStartup, and gives none to the program") func noStartup() {
      let provider = TestProvider()
      let (client, server) = provider.pair()
      #expect(outcome { closesocket(client) } == .failure(WSANOTINITIALISED))
      provider.close(client)
      provider.close(server)
      provider.cleanUp()
    }

    @Test("S6.1: a conversation through the table alone") func conversation() {
      let provider = TestProvider()
      let table = provider.table
      let (client, server) = provider.pair()
      var (buffer, bytes, flags): (WSABUF, DWORD, DWORD) = (WSABUF(), 0, 0)
      var text = Array("hello".utf8CString)
      let sent = text.withUnsafeMutableBufferPointer { text in
        buffer = WSABUF(len: 5, buf: text.baseAddress)
        return provider.outcome { table.lpWSPSend(client, &buffer, 1, &bytes, 0, nil, nil, nil, $0) }
      }
      #expect(sent == Outcome(result: 0, error: 0) && bytes == 5)
      var set = ws2_fd_set()
      ws2_fd_add(server, &set)
      #expect(provider.outcome { table.lpWSPSelect(0, &set, nil, nil, nil, $0) } == Outcome(result: 1, error: 0))
      #expect(WPUFDIsSet(server, &set) != 0 && WPUFDIsSet(client, &set) == 0)
      var ready: DWORD = 0
      let asked = provider.outcome {
        table.lpWSPIoctl(server, 0x4004_667f, nil, 0, &ready, 4, &bytes, nil, nil, nil, $0)
      }
      #expect(asked == Outcome(result: 0, error: 0) && ready == 5 && bytes == 4)
      let call = Call()
      buffer = WSABUF(len: 64, buf: call.bytes)
      let received = provider.outcome { table.lpWSPRecv(server, &buffer, 1, &bytes, &flags, nil, nil, nil, $0) }
      #expect(received == Outcome(result: 0, error: 0) && bytes == 5 && strncmp(call.bytes, "hello", 5) == 0)
      var (value, size): (DWORD, INT) = (1, 4)
      let option = withUnsafeMutableBytes(of: &value) { value in
        let place = value.baseAddress!.assumingMemoryBound(to: CChar.self)
        return [
          provider.outcome { table.lpWSPSetSockOpt(client, SOL_SOCKET, SO_KEEPALIVE, place, 4, $0) },
          provider.outcome { table.lpWSPGetSockOpt(client, SOL_SOCKET, SO_KEEPALIVE, place, &size, $0) },
        ]
      }
      #expect(option == [Outcome(result: 0, error: 0), Outcome(result: 0, error: 0)] && value == 1)
      let peer = provider.outcome {
        table.lpWSPGetPeerName(
          client, UnsafeMutableRawPointer(call.name).assumingMemoryBound(to: sockaddr.self), call.nameSize, $0)
      }
      #expect(peer == Outcome(result: 0, error: 0) && call.nameSize.pointee == 16)
      buffer = WSABUF(len: 3, buf: call.bytes)
      #expect(provider.outcome { table.lpWSPSendDisconnect(client, &buffer, $0) } == .failure(WSAENOPROTOOPT))
      #expect(provider.outcome { table.lpWSPSendDisconnect(client, nil, $0) } == Outcome(result: 0, error: 0))
      #expect(provider.outcome { table.lpWSPRecv(server, &buffer, 1, &bytes, &flags, nil, nil, nil, $0) }.result == 0)
      #expect(bytes == 0, "the end")
      #expect(provider.outcome { table.lpWSPRecvDisconnect(client, &buffer, $0) } == Outcome(result: 0, error: 0))
      #expect(buffer.len == 0)
      #expect(provider.outcome { table.lpWSPShutdown(server, SD_BOTH, $0) } == Outcome(result: 0, error: 0))
      provider.close(client)
      provider.close(server)
      provider.cleanUp()
    }

    @Test("S6.1: datagrams through the table") func datagrams() {
      let provider = TestProvider()
      let (table, sender, receiver) = (provider.table, provider.socket(2), provider.socket(2))
      #expect(
        loopback().withPointer { name, size in provider.outcome { table.lpWSPBind(receiver, name, size, $0) } }.result
          == 0)
      let call = Call()
      let name = UnsafeMutableRawPointer(call.name).assumingMemoryBound(to: sockaddr.self)
      #expect(provider.outcome { table.lpWSPGetSockName(receiver, name, call.nameSize, $0) }.result == 0)
      var (buffer, bytes, flags): (WSABUF, DWORD, DWORD) = (WSABUF(len: 7, buf: call.bytes), 0, 0)
      let sent = provider.outcome { table.lpWSPSendTo(sender, &buffer, 1, &bytes, 0, name, 16, nil, nil, nil, $0) }
      #expect(sent.result == 0 && bytes == 7)
      buffer.len = 64
      call.nameSize.pointee = 128
      let received = provider.outcome {
        table.lpWSPRecvFrom(receiver, &buffer, 1, &bytes, &flags, name, call.nameSize, nil, nil, nil, $0)
      }
      #expect(received.result == 0 && bytes == 7 && call.nameSize.pointee == 16)
      provider.close(sender)
      provider.close(receiver)
      provider.cleanUp()
    }

    /// Every procedure that takes a socket, given none, in the order of the table.
    private func calls(_ table: WSPPROC_TABLE) -> [(LPINT?) -> Int] {
      let (bad, call) = (SOCKET(9999), Call())
      let name = UnsafeMutableRawPointer(call.name).assumingMemoryBound(to: sockaddr.self)
      let count = UnsafeMutableRawPointer(call.nameSize).assumingMemoryBound(to: DWORD.self)
      let address = loopback(port: 9)
      memcpy(call.name, [address], 16)
      count.pointee = 0
      let buffer = UnsafeMutablePointer<WSABUF>.allocate(capacity: 1)
      buffer.initialize(to: WSABUF(len: 4, buf: call.bytes))
      let set = UnsafeMutablePointer<ws2_fd_set>.allocate(capacity: 1)
      set.initialize(to: ws2_fd_set())
      ws2_fd_add(bad, set)
      let socket = { (result: SOCKET) in result == noSocket ? -1 : 0 }
      return [
        { socket(table.lpWSPAccept(bad, nil, nil, nil, 0, $0)) },
        { Int(table.lpWSPAsyncSelect(bad, nil, 0, 0, $0)) }, { Int(table.lpWSPBind(bad, name, 16, $0)) },
        { Int(table.lpWSPCloseSocket(bad, $0)) },
        { Int(table.lpWSPConnect(bad, name, 16, nil, nil, nil, nil, $0)) },
        { Int(table.lpWSPDuplicateSocket(bad, 1, nil, $0)) }, { Int(table.lpWSPEnumNetworkEvents(bad, nil, nil, $0)) },
        { Int(table.lpWSPEventSelect(bad, nil, 0, $0)) },
        { Int(table.lpWSPGetOverlappedResult(bad, call.overlapped, count, 0, count, $0)) - 1 },
        { Int(table.lpWSPGetPeerName(bad, name, call.nameSize, $0)) },
        { Int(table.lpWSPGetSockName(bad, name, call.nameSize, $0)) },
        { Int(table.lpWSPGetSockOpt(bad, SOL_SOCKET, SO_TYPE, call.bytes, call.nameSize, $0)) },
        { Int(table.lpWSPGetQOSByName(bad, nil, nil, $0)) - 1 },
        { Int(table.lpWSPIoctl(bad, 0x9800_00dc, nil, 0, nil, 0, count, nil, nil, nil, $0)) },
        { socket(table.lpWSPJoinLeaf(bad, name, 16, nil, nil, nil, nil, 0, $0)) },
        { Int(table.lpWSPListen(bad, 1, $0)) },
        { Int(table.lpWSPRecv(bad, buffer, 1, count, count, nil, nil, nil, $0)) },
        { Int(table.lpWSPRecvDisconnect(bad, nil, $0)) },
        { Int(table.lpWSPRecvFrom(bad, buffer, 1, count, count, nil, nil, nil, nil, nil, $0)) },
        { Int(table.lpWSPSelect(0, set, nil, nil, nil, $0)) },
        { Int(table.lpWSPSend(bad, buffer, 1, count, 0, nil, nil, nil, $0)) },
        { Int(table.lpWSPSendDisconnect(bad, nil, $0)) },
        { Int(table.lpWSPSendTo(bad, buffer, 1, count, 0, name, 16, nil, nil, nil, $0)) },
        { Int(table.lpWSPSetSockOpt(bad, SOL_SOCKET, SO_KEEPALIVE, call.bytes, 4, $0)) },
        { Int(table.lpWSPShutdown(bad, SD_SEND, $0)) },
      ]
    }

    @Test("S6.1: the error is in *lpErrno, and only there; without a place for it it is the last error") func errors() {
      let provider = TestProvider()
      let readOnly = BadMemory(.readOnly, size: 4)
      for (index, call) in calls(provider.table).enumerated() {
        #expect(provider.outcome { call($0) } == .failure(WSAENOTSOCK), "\(index)")
        for place in [nil, readOnly.pointer.assumingMemoryBound(to: INT.self)] {
          WSASetLastError(0)
          #expect(call(place) == -1 && WSAGetLastError() == WSAENOTSOCK, "\(index)")
        }
      }
      provider.cleanUp()
    }

    @Test("S6.1: network events through the table") func networkEvents() {
      started {
        let provider = TestProvider()
        let (table, s, event) = (provider.table, provider.socket(), WSACreateEvent())
        let name = loopback()
        let isBound = name.withPointer { name, size in provider.outcome { table.lpWSPBind(s, name, size, $0) } }
        #expect(isBound == Outcome(result: 0, error: 0))
        #expect(provider.outcome { table.lpWSPListen(s, 5, $0) } == Outcome(result: 0, error: 0))
        #expect(
          provider.outcome { table.lpWSPEventSelect(s, event, LONG(FD_ACCEPT), $0) } == Outcome(result: 0, error: 0))
        var found = WSANETWORKEVENTS()
        #expect(provider.outcome { table.lpWSPEnumNetworkEvents(s, event, &found, $0) } == Outcome(result: 0, error: 0))
        #expect(found.lNetworkEvents == 0)
        let client = ws2_socket(AF_INET, ws2_socket_stream(), 0)
        var address = SocketName()
        _ = try? address.fill { getsockname(Int32(s), $0, $1) }
        #expect(address.withPointer { ws2_connect(client, $0, 16) } == 0)
        #expect(WaitForSingleObject(event, 30_000) == WAIT_OBJECT_0)
        #expect(provider.outcome { table.lpWSPEnumNetworkEvents(s, event, &found, $0) } == Outcome(result: 0, error: 0))
        #expect(found.lNetworkEvents == LONG(FD_ACCEPT))
        closesocket(client)
        WSACloseEvent(event)
        provider.close(s)
        provider.cleanUp()
      }
    }

    @Test("S6.1: what this provider does not have, it says so") func refused() {
      let provider = TestProvider()
      let (table, s) = (provider.table, provider.socket())
      let refused = [
        provider.outcome { table.lpWSPAsyncSelect(s, nil, 0, 0, $0) },
        provider.outcome { table.lpWSPCancelBlockingCall($0) },
        provider.outcome(failing: 0) { table.lpWSPGetQOSByName(s, nil, nil, $0) },
        provider.outcome(failing: noSocket) { table.lpWSPJoinLeaf(s, nil, 0, nil, nil, nil, nil, 0, $0) },
      ]
      #expect(refused == Array(repeating: .failure(WSAEOPNOTSUPP), count: 4))
      provider.close(s)
      provider.cleanUp()
    }

    @Test("S6.1: WSPDuplicateSocket's structure gives WSPSocket the same connection, once") func duplicates() {
      let provider = TestProvider()
      let table = provider.table
      started {
        let (client, server) = provider.pair()
        var info = WSAPROTOCOL_INFOW()
        let process = GetCurrentProcessId()
        #expect(provider.outcome { table.lpWSPDuplicateSocket(client, process, &info, $0) } == doneAtOnce)
        #expect(info.iAddressFamily == AF_INET && info.iSocketType == ws2_socket_stream())
        let copy = table.lpWSPSocket(-1, -1, -1, &info, 0, DWORD(WSA_FLAG_OVERLAPPED), nil)
        #expect(copy != noSocket && copy != client)
        provider.close(client)
        #expect(send(copy, "both") == 4 && receive(server) == (4, "both"))
        let again = provider.outcome(failing: noSocket) { table.lpWSPSocket(-1, -1, -1, &info, 0, 1, $0) }
        #expect(again == .failure(WSAEINVAL))
        #expect(provider.outcome { table.lpWSPDuplicateSocket(copy, 0, &info, $0) } == .failure(WSAEINVAL))
        #expect(provider.outcome { table.lpWSPDuplicateSocket(copy, process, nil, $0) } == .failure(WSAEFAULT))
        provider.close(copy)
        provider.close(server)
      }
      provider.cleanUp()
    }

    @Test("S6.1: a NULL is WSAEINVAL for WSPGetOverlappedResult, 87 for WSAGetOverlappedResult") func nullResult() {
      let provider = TestProvider()
      started {
        let (s, call) = (makeStream(), Call())
        var (count, flags): (DWORD, DWORD) = (0, 0)
        let asked = provider.outcome(failing: 0) {
          provider.table.lpWSPGetOverlappedResult(s, nil, &count, 0, &flags, $0)
        }
        #expect(asked == .failure(WSAEINVAL))
        #expect(WSAGetOverlappedResult(s, nil, &count, 0, &flags) == 0 && WSAGetLastError() == 87)
        let whole = provider.outcome(failing: 0) {
          provider.table.lpWSPGetOverlappedResult(s, call.overlapped, &count, 0, &flags, $0)
        }
        #expect(whole == Outcome(result: 1, error: 0))
        closesocket(s)
      }
      provider.cleanUp()
    }

    @Test(
      "S6.1: addresses as text",
      arguments: [
        ("127.0.0.1:80", AF_INET), ("10.1.2.3", AF_INET), ("::1", AF_INET6), ("[fe80::1%3]:65535", AF_INET6),
      ])
    func text(text: String, family: Int32) {
      let provider = TestProvider()
      let (call, table) = (Call(), provider.table)
      let name = UnsafeMutableRawPointer(call.name).assumingMemoryBound(to: sockaddr.self)
      var wide = Array(text.utf16) + [0]
      let read = provider.outcome { table.lpWSPStringToAddress(&wide, family, nil, name, call.nameSize, $0) }
      #expect(read == Outcome(result: 0, error: 0) && call.nameSize.pointee == (family == AF_INET ? 16 : 28))
      var (back, length) = ([WCHAR](repeating: 1, count: wide.count), DWORD(wide.count))
      let size = DWORD(call.nameSize.pointee)
      let written = provider.outcome { table.lpWSPAddressToString(name, size, nil, &back, &length, $0) }
      #expect(written == Outcome(result: 0, error: 0) && back == wide && length == wide.count)
      length -= 1
      let small = provider.outcome { table.lpWSPAddressToString(name, size, nil, &back, &length, $0) }
      #expect(small == .failure(WSAEFAULT) && length == wide.count, "the size that is needed")
      wide[0] = 0x78
      let bad = provider.outcome { table.lpWSPStringToAddress(&wide, family, nil, name, call.nameSize, $0) }
      #expect(bad == .failure(WSAEINVAL))
      provider.cleanUp()
    }
  }
}
