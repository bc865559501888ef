import CWinsock
import Foundation
import Testing

@testable import Winsock

/// Microsoft's pages of IP Helper: "GetAdaptersAddresses function" and those around it.
@Suite struct InterfaceTests {
  /// The list, in memory of exactly its size.
  private func adapters(_ family: Int32, _ flags: ULONG, _ body: (PIP_ADAPTER_ADDRESSES) -> Void) {
    var size: ULONG = 0
    #expect(GetAdaptersAddresses(ULONG(family), flags, nil, nil, &size) == ERROR_BUFFER_OVERFLOW)
    let room = Int(size)
    #expect(room >= MemoryLayout<IP_ADAPTER_ADDRESSES>.size)
    BadMemory.good(room + room % 2) { memory in
      let list = memory.assumingMemoryBound(to: IP_ADAPTER_ADDRESSES.self)
      size = ULONG(room)
      guard UInt(bitPattern: memory) % 8 == 0 else { return }
      #expect(GetAdaptersAddresses(ULONG(family), flags, nil, list, &size) == NO_ERROR)
      body(list)
    }
  }

  private func all(_ first: PIP_ADAPTER_ADDRESSES) -> [IP_ADAPTER_ADDRESSES] {
    Array(sequence(first: first) { $0.pointee.Next }.map(\.pointee).prefix(1000))
  }

  private func addresses(_ adapter: IP_ADAPTER_ADDRESSES) -> [IP_ADAPTER_UNICAST_ADDRESS] {
    guard let first = adapter.FirstUnicastAddress else { return [] }
    return Array(sequence(first: first) { $0.pointee.Next }.map(\.pointee).prefix(1000))
  }

  @Test(
    "GetAdaptersAddresses' page: the loopback with its addresses, index, LUID and names",
    arguments: [AF_UNSPEC, AF_INET])
  func loopback(family: Int32) {
    let ran = Counter()
    adapters(family, 0) { list in
      ran.add()
      let adapters = all(list)
      #expect(adapters.count == (try? NetworkInterface.all().count))
      let loopback = adapters.first { $0.IfIndex == if_nametoindex("lo") }
      guard let loopback else {
        Issue.record("no loopback")
        return
      }
      #expect(loopback.IfType == IFTYPE(IF_TYPE_SOFTWARE_LOOPBACK) && loopback.OperStatus == IfOperStatusUp)
      #expect(String(cString: loopback.AdapterName) == "lo" && lstrlenW(loopback.FriendlyName) == 2)
      #expect(loopback.Luid.Info.IfType == UInt64(IF_TYPE_SOFTWARE_LOOPBACK) && loopback.PhysicalAddressLength == 0)
      #expect(loopback.Luid.Info.NetLuidIndex == UInt64(loopback.IfIndex) && loopback.Mtu > 1000)
      let four = addresses(loopback).first { Int32($0.Address.lpSockaddr.pointee.sa_family) == AF_INET }
      #expect(four?.OnLinkPrefixLength == 8 && four?.Address.iSockaddrLength == 16)
      let bytes = UnsafeRawPointer(four!.Address.lpSockaddr!)
      #expect(bytes.load(fromByteOffset: 4, as: UInt32.self) == UInt32(0x7f00_0001).bigEndian)
      let families = adapters.flatMap { addresses($0) }.map { Int32($0.Address.lpSockaddr.pointee.sa_family) }
      #expect(family == AF_UNSPEC || families.allSatisfy { $0 == family })
    }
    #expect(ran.value == 1)
  }

  @Test("GetAdaptersAddresses' page: flags")
  func flags() {
    let flags = GAA_FLAG_SKIP_UNICAST | GAA_FLAG_SKIP_FRIENDLY_NAME | GAA_FLAG_SKIP_DNS_SERVER | GAA_FLAG_INCLUDE_PREFIX
    adapters(AF_INET, flags | GAA_FLAG_INCLUDE_GATEWAYS) { list in
      for adapter in all(list) {
        #expect(
          adapter.FirstUnicastAddress == nil && adapter.FriendlyName == nil && adapter.FirstDnsServerAddress == nil)
      }
      let loopback = all(list).first { $0.IfIndex == if_nametoindex("lo") }
      let prefix = loopback?.FirstPrefix?.pointee
      #expect(prefix?.PrefixLength == 8)
      let bytes = UnsafeRawPointer(prefix!.Address.lpSockaddr!)
      #expect(bytes.load(fromByteOffset: 4, as: UInt32.self) == UInt32(0x7f00_0000).bigEndian, "of the network")
    }
    var size: ULONG = 0
    #expect(GetAdaptersAddresses(77, 0, nil, nil, &size) == ERROR_INVALID_PARAMETER)
    #expect(GetAdaptersAddresses(ULONG(AF_INET), 0, nil, nil, nil) == ERROR_INVALID_PARAMETER)
  }

  @Test("GetAdaptersInfo's page: the interfaces with IPv4 but the loopback")
  func info() throws {
    var size: ULONG = 0
    let others = try NetworkInterface.all().filter { interface in
      interface.name != "lo" && interface.addresses.contains { $0.name.count == 16 }
    }
    let result = GetAdaptersInfo(nil, &size)
    #expect(result == DWORD(others.isEmpty ? ERROR_NO_DATA : ERROR_BUFFER_OVERFLOW))
    #expect(GetAdaptersInfo(nil, nil) == ERROR_INVALID_PARAMETER)
    guard !others.isEmpty else { return }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: Int(size), alignment: 16)
    let list = memory.assumingMemoryBound(to: IP_ADAPTER_INFO.self)
    #expect(GetAdaptersInfo(list, &size) == NO_ERROR)
    #expect(list.pointee.Index == others[0].index)
    let address = withUnsafeBytes(of: list.pointee.IpAddressList.IpAddress) {
      String(cString: $0.baseAddress!.assumingMemoryBound(to: CChar.self))
    }
    let expected = others[0].addresses.first { $0.name.count == 16 }!.name[4..<8].map(String.init)
    #expect(address == expected.joined(separator: "."))
    memory.deallocate()
  }

  @Test("ConvertInterfaceLuidToIndex's page and those of its kin")
  func names() {
    let index = if_nametoindex("lo")
    var (luid, found) = (NET_LUID(), NET_IFINDEX(0))
    #expect(ConvertInterfaceIndexToLuid(index, &luid) == NO_ERROR)
    #expect(ConvertInterfaceLuidToIndex(&luid, &found) == NO_ERROR && found == index)
    var same = NET_LUID()
    #expect(ConvertInterfaceNameToLuidA("lo", &same) == NO_ERROR && same.Value == luid.Value)
    #expect(ConvertInterfaceNameToLuidW(wide("lo"), &same) == NO_ERROR && same.Value == luid.Value)
    #expect(ConvertInterfaceAliasToLuid(wide("lo"), &same) == NO_ERROR && same.Value == luid.Value)
    var (narrow, broad) = ([CChar](repeating: 1, count: 20), [WCHAR](repeating: 1, count: 20))
    #expect(ConvertInterfaceLuidToNameA(&luid, &narrow, 20) == NO_ERROR && text(narrow) == "lo")
    #expect(ConvertInterfaceLuidToNameW(&luid, &broad, 20) == NO_ERROR && text(broad) == "lo")
    #expect(ConvertInterfaceLuidToAlias(&luid, &broad, 20) == NO_ERROR && text(broad) == "lo")
    #expect(ConvertInterfaceLuidToNameA(&luid, &narrow, 2) == ERROR_NOT_ENOUGH_MEMORY)
    #expect(ConvertInterfaceIndexToLuid(0x7ff_ffff, &luid) == ERROR_FILE_NOT_FOUND)
    #expect(ConvertInterfaceIndexToLuid(index, nil) == ERROR_INVALID_PARAMETER)
    luid.Value ^= 1 << 50
    #expect(ConvertInterfaceLuidToIndex(&luid, &found) == ERROR_INVALID_PARAMETER, "of another type")
    #expect(ConvertInterfaceLuidToIndex(nil, &found) == ERROR_INVALID_PARAMETER)
    #expect(ConvertInterfaceNameToLuidA("wfpshim-none", &luid) == 123)
    #expect(ConvertInterfaceNameToLuidW(nil, &luid) == ERROR_INVALID_PARAMETER)
    #expect(ConvertInterfaceAliasToLuid(wide("none"), &luid) == ERROR_INVALID_PARAMETER)
  }

  @Test("GetBestInterface's and GetBestInterfaceEx's pages")
  func best() {
    var index: DWORD = 0
    #expect(GetBestInterface(UInt32(0x7f00_0005).bigEndian, &index) == NO_ERROR && index == if_nametoindex("lo"))
    var name = loopbackName()
    let result = withUnsafeMutablePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { GetBestInterfaceEx($0, &index) }
    }
    #expect(result == NO_ERROR && index == if_nametoindex("lo"))
    #expect(GetBestInterface(0x7f, nil) == ERROR_INVALID_PARAMETER)
    #expect(GetBestInterfaceEx(nil, &index) == ERROR_INVALID_PARAMETER)
    name.sin_family = sa_family_t(AF_UNIX)
    let other = withUnsafeMutablePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { GetBestInterfaceEx($0, &index) }
    }
    #expect(other == ERROR_INVALID_PARAMETER)
  }

  private func loopbackName() -> sockaddr_in { WinsockTests.loopback(port: 80) }

  @Test("CreatePersistentTcpPortReservation's page and those of its kin", arguments: [false, true])
  func reservations(udp: Bool) {
    let create = udp ? CreatePersistentUdpPortReservation : CreatePersistentTcpPortReservation
    let lookUp = udp ? LookupPersistentUdpPortReservation : LookupPersistentTcpPortReservation
    let delete = udp ? DeletePersistentUdpPortReservation : DeletePersistentTcpPortReservation
    var (token, found): (ULONG64, ULONG64) = (0, 0)
    let start = UInt16(40_000).bigEndian
    #expect(lookUp(start, 10, &found) == ERROR_NOT_FOUND)
    #expect(create(start, 10, &token) == NO_ERROR && token != 0)
    #expect(lookUp(start, 10, &found) == NO_ERROR && found == token)
    #expect(create(UInt16(40_009).bigEndian, 1, &found) == ERROR_SHARING_VIOLATION)
    #expect(create(UInt16(40_010).bigEndian, 1, &found) == NO_ERROR && found != token)
    #expect(delete(start, 5) == ERROR_NOT_FOUND, "as a whole")
    #expect(delete(start, 10) == NO_ERROR && delete(start, 10) == ERROR_NOT_FOUND)
    #expect(delete(UInt16(40_010).bigEndian, 1) == NO_ERROR)
    #expect(create(0, 1, &token) == ERROR_INVALID_PARAMETER && create(start, 0, &token) == ERROR_INVALID_PARAMETER)
    #expect(create(UInt16(65_535).bigEndian, 2, &token) == ERROR_INVALID_PARAMETER)
    #expect(create(start, 1, nil) == ERROR_INVALID_PARAMETER && lookUp(start, 1, nil) == ERROR_INVALID_PARAMETER)
  }
}

extension WinsockSuite {
  /// Microsoft's pages "GetExtendedTcpTable function" and "GetExtendedUdpTable function".
  @Suite struct ConnectionTableTests {
    private func tcp<Row>(_ family: Int32, _ kind: TCP_TABLE_CLASS, _ row: Row.Type) -> [Row] {
      var size: DWORD = 0
      #expect(GetExtendedTcpTable(nil, &size, 1, ULONG(family), kind, 0) == ERROR_INSUFFICIENT_BUFFER)
      // Others come and go, many at a time: the size may have grown.
      for _ in 0..<20 {
        size = size * 2 + 65536
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Int(size), alignment: 8)
        defer { memory.deallocate() }
        guard GetExtendedTcpTable(memory, &size, 1, ULONG(family), kind, 0) == NO_ERROR else { continue }
        let count = Int(memory.load(as: DWORD.self))
        #expect(Int(size) == 4 + count * MemoryLayout<Row>.stride)
        return (0..<count).map { memory.loadUnaligned(fromByteOffset: 4 + $0 * MemoryLayout<Row>.stride, as: Row.self) }
      }
      return []
    }

    @Test("A listener and both ends of a connection are there, with this process") func connections() {
      started {
        let (listener, port) = makeListener()
        let client = makeStream()
        #expect(connect(client, to: port) == 0)
        let own = GetCurrentProcessId()
        let rows = tcp(AF_INET, TCP_TABLE_OWNER_PID_ALL, MIB_TCPROW_OWNER_PID.self)
        let place = DWORD(port.bigEndian)
        let listens = rows.first { $0.dwState == DWORD(MIB_TCP_STATE_LISTEN) && $0.dwLocalPort == place }
        #expect(listens?.dwOwningPid == own && listens?.dwLocalAddr == UInt32(0x7f00_0001).bigEndian)
        let connected = rows.first { $0.dwRemotePort == place && $0.dwState == DWORD(MIB_TCP_STATE_ESTAB) }
        #expect(connected?.dwOwningPid == own)
        let listeners = tcp(AF_INET, TCP_TABLE_OWNER_PID_LISTENER, MIB_TCPROW_OWNER_PID.self)
        #expect(listeners.allSatisfy { $0.dwState == DWORD(MIB_TCP_STATE_LISTEN) } && !listeners.isEmpty)
        let basic = tcp(AF_INET, TCP_TABLE_BASIC_CONNECTIONS, MIB_TCPROW.self)
        #expect(basic.contains { $0.dwRemotePort == place } && basic.allSatisfy { $0.dwState != 2 })
        closesocket(client)
        closesocket(listener)
      }
    }

    @Test("IPv6 and UDP") func others() {
      started {
        let six = ws2_socket(AF_INET6, ws2_socket_stream(), 0)
        var name = sockaddr_in6()
        name.sin6_family = sa_family_t(AF_INET6)
        name.sin6_addr.__in6_u.__u6_addr8.15 = 1
        let bound = withUnsafePointer(to: &name) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { ws2_bind(six, $0, 28) }
        }
        guard bound == 0 else {
          closesocket(six)
          return  // no IPv6 here
        }
        #expect(ws2_listen(six, 1) == 0)
        let rows = tcp(AF_INET6, TCP_TABLE_OWNER_PID_LISTENER, MIB_TCP6ROW_OWNER_PID.self)
        #expect(
          rows.contains { $0.dwOwningPid == GetCurrentProcessId() && $0.ucLocalAddr.15 == 1 && $0.ucLocalAddr.0 == 0 })
        closesocket(six)
      }
      started {
        let socket = makeDatagram()
        #expect(loopback().withPointer { ws2_bind(socket, $0, $1) } == 0)
        var size: DWORD = 1 << 20
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Int(size), alignment: 8)
        #expect(GetExtendedUdpTable(memory, &size, 0, ULONG(AF_INET), UDP_TABLE_OWNER_PID, 0) == NO_ERROR)
        let rows = (0..<Int(memory.load(as: DWORD.self))).map {
          memory.loadUnaligned(fromByteOffset: 4 + $0 * 12, as: MIB_UDPROW_OWNER_PID.self)
        }
        let place = DWORD(port(of: socket).bigEndian)
        #expect(rows.contains { $0.dwLocalPort == place && $0.dwOwningPid == GetCurrentProcessId() })
        memory.deallocate()
        closesocket(socket)
      }
    }

    @Test("Parameters") func refusals() {
      var size: DWORD = 0
      #expect(GetExtendedTcpTable(nil, &size, 0, 77, TCP_TABLE_BASIC_ALL, 0) == ERROR_INVALID_PARAMETER)
      #expect(GetExtendedTcpTable(nil, nil, 0, ULONG(AF_INET), TCP_TABLE_BASIC_ALL, 0) == ERROR_INVALID_PARAMETER)
      #expect(GetExtendedTcpTable(nil, &size, 0, ULONG(AF_INET), TCP_TABLE_OWNER_MODULE_ALL, 0) == ERROR_NOT_SUPPORTED)
      #expect(GetExtendedTcpTable(nil, &size, 0, ULONG(AF_INET6), TCP_TABLE_BASIC_ALL, 0) == ERROR_NOT_SUPPORTED)
      #expect(GetExtendedUdpTable(nil, &size, 0, ULONG(AF_INET), UDP_TABLE_OWNER_MODULE, 0) == ERROR_NOT_SUPPORTED)
      #expect(GetExtendedUdpTable(nil, &size, 0, 77, UDP_TABLE_BASIC, 0) == ERROR_INVALID_PARAMETER)
    }
  }
}
