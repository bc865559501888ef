import CWinsock
import Foundation
import Testing

@testable import Winsock

extension WinsockSuite {
  @Suite struct NameTests {
    private func resolve(
      _ node: String?, _ service: String?, family: Int32 = AF_INET, flags: Int32 = 4, type: Int32 = 1
    ) -> (error: Int32, list: UnsafeMutablePointer<ws2_addrinfo>?) {
      var hints = ws2_addrinfo()
      (hints.ai_family, hints.ai_flags, hints.ai_socktype) = (family, flags, type)
      var list: UnsafeMutablePointer<ws2_addrinfo>?
      return (ws2_getaddrinfo(node, service, &hints, &list), list)
    }

    @Test func addressesOfNumbers() throws {
      started {
        let (error, list) = resolve("127.0.0.1", "443")
        #expect(error == 0)
        #expect(list?.pointee.ai_addrlen == 16, "a size_t here, half of one in glibc")
        #expect(list?.pointee.ai_family == AF_INET)
        let name = list.map { UnsafeRawPointer($0.pointee.ai_addr).load(as: sockaddr_in.self) }
        #expect(name?.sin_port == UInt16(443).bigEndian)
        #expect(name?.sin_addr.s_addr == UInt32(0x7f00_0001).bigEndian)
        ws2_freeaddrinfo(list)
        let six = resolve("::1", "80", family: AF_INET6)
        #expect(six.error == 0)
        #expect(six.list?.pointee.ai_addrlen == 28)
        ws2_freeaddrinfo(six.list)
        ws2_freeaddrinfo(nil)
      }
    }

    /// Windows' numbers, as the result and as the last error.
    @Test func resolverErrors() {
      started {
        let rows: [(Int32, Int)] = [
          (resolve("not a number", nil).error, WSAHOST_NOT_FOUND), (resolve(nil, nil).error, WSAHOST_NOT_FOUND),
          (resolve("127.0.0.1", "no-such-service").error, WSATYPE_NOT_FOUND),
          (resolve("127.0.0.1", nil, family: 77).error, WSAEAFNOSUPPORT),
          (resolve("127.0.0.1", nil, flags: 0x4000_0000).error, WSAEINVAL),
          (resolve("127.0.0.1", nil, type: 99).error, WSAESOCKTNOSUPPORT),
        ]
        for (index, row) in rows.enumerated() { #expect(row.0 == row.1, "row \(index)") }
        #expect(WSAGetLastError() == WSAESOCKTNOSUPPORT)
        #expect(ws2_getaddrinfo("127.0.0.1", nil, nil, nil) == WSAEFAULT)
      }
    }

    @Test func namesOfAddresses() {
      started {
        var (host, service) = ([CChar](repeating: 0, count: 64), [CChar](repeating: 0, count: 16))
        let numeric: Int32 = 3
        let result = loopback(port: 8080).withPointer { ws2_getnameinfo($0, $1, &host, 64, &service, 16, numeric) }
        #expect(result == 0)
        #expect(Array(host.prefix(10)) == Array("127.0.0.1".utf8CString))
        #expect(Array(service.prefix(5)) == Array("8080".utf8CString))
        let short = loopback().withPointer { ws2_getnameinfo($0, $1, &host, 4, nil, 0, numeric) }
        #expect(short == ERROR_INSUFFICIENT_BUFFER)
        #expect(ws2_getnameinfo(nil, 16, &host, 64, nil, 0, numeric) == WSAEFAULT)
        #expect(loopback().withPointer { name, _ in ws2_getnameinfo(name, 8, &host, 64, nil, 0, numeric) } == WSAEFAULT)
      }
    }

    @Test func textToAddress() {
      started {
        var address: UInt32 = 0
        #expect(ws2_inet_pton(AF_INET, "10.1.2.3", &address) == 1)
        #expect(address == UInt32(0x0a01_0203).bigEndian)
        #expect(ws2_inet_pton(AF_INET, "10.1.2", &address) == 0)
        #expect(outcome { ws2_inet_pton(77, "10.1.2.3", &address) } == .failure(WSAEAFNOSUPPORT))
        #expect(outcome { ws2_inet_pton(AF_INET, nil, &address) } == .failure(WSAEFAULT))
        #expect(outcome { ws2_inet_pton(AF_INET, "10.1.2.3", nil) } == .failure(WSAEFAULT))
        #expect(ws2_inet_addr("1.2.3.4") == UInt32(0x0102_0304).bigEndian)
        #expect(ws2_inet_addr("1.2.3.four") == UInt32.max)
        #expect(ws2_inet_addr(nil) == UInt32.max)
      }
    }

    @Test func addressToText() {
      started {
        var address = UInt32(0x0a01_0203).bigEndian
        var text = [CChar](repeating: 0, count: 64)
        #expect(ws2_inet_ntop(AF_INET, &address, &text, 64) != nil)
        #expect(Array(text.prefix(9)) == Array("10.1.2.3".utf8CString))
        #expect(ws2_inet_ntop(AF_INET, &address, &text, 8) == nil)
        #expect(WSAGetLastError() == ERROR_INVALID_PARAMETER)
        #expect(ws2_inet_ntop(77, &address, &text, 64) == nil)
        #expect(WSAGetLastError() == WSAEAFNOSUPPORT)
        #expect(ws2_inet_ntop(AF_INET, nil, &text, 64) == nil)
        var in4 = ws2_in_addr()
        in4.S_un.S_addr = address
        #expect(String(cString: ws2_inet_ntoa(in4)) == "10.1.2.3")
      }
    }

    @Test func theHostsName() {
      started {
        var name = [CChar](repeating: 0, count: 256)
        #expect(ws2_gethostname(&name, 256) == 0)
        #expect(name[0] != 0)
        #expect(outcome { ws2_gethostname(&name, 0) } == .failure(WSAEFAULT))
        #expect(outcome { ws2_gethostname(nil, 256) } == .failure(WSAEFAULT))
      }
    }
  }
}
