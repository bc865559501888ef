import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// SPEC S7.1, H26: addresses as sockets give them and as filters compare them.
struct AddressTests {
  @Test("S7.1, H26: only whole IPv4 and IPv6 addresses are read", arguments: 0...130)
  func lengths(length: Int) {
    var v4 = [UInt8](repeating: 0xff, count: 130)
    var v6 = v4
    v4.replaceSubrange(0..<8, with: [2, 0, 0x1f, 0x90, 127, 0, 0, 1])
    v6.replaceSubrange(0..<8, with: [10, 0, 0x1f, 0x90, 1, 2, 3, 4])
    v6.replaceSubrange(8..<28, with: [0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [5, 9, 0, 0, 0])
    let a = buffer(v4) { Address($0.baseAddress!, length: length) }
    #expect((a != nil) == (length >= 16))
    #expect(a == nil || a == Address("127.0.0.1", 8080))
    var whole = Address("2001:db8::5", 8080)
    whole.flowInfo = 0x0403_0201
    whole.scope = length >= 28 ? 9 : 0
    #expect(buffer(v6) { Address($0.baseAddress!, length: length) } == (length >= 24 ? whole : nil))
    for family: UInt8 in [0, 1, 3, 16, 17, 40] {
      v4[0] = family
      #expect(buffer(v4) { Address($0.baseAddress!, length: length) } == nil)
    }
  }

  @Test("S7.1: IPv4-mapped addresses") func mapped() {
    let plain = Address("192.0.2.7", 53)
    let mapped = Address("::ffff:192.0.2.7", 53)
    #expect(mapped.isMapped && !plain.isMapped)
    #expect(mapped.unmapped == plain && plain.mapped == mapped && plain.unmapped == plain)
    #expect(mapped.sameHost(as: plain) && plain.sameHost(as: mapped))
    for other in ["::192.0.2.7", "::1:ffff:c000:207", "64:ff9b::192.0.2.7", "::fffe:c000:207", "2001:db8::1"] {
      let address = Address(other, 53)
      #expect(!address.isMapped && address.unmapped == address && address.mapped == address, "\(other)")
      #expect(!address.sameHost(as: plain), "\(other)")
    }
    #expect(!Address("0.0.0.1").sameHost(as: Address("::")))
  }

  @Test(
    "S11.3 loopback",
    arguments: [
      ("127.0.0.1", true), ("127.255.255.255", true), ("128.0.0.1", false), ("126.255.255.255", false),
      ("::1", true), ("::2", false), ("::", false), ("0.0.0.0", false), ("::ffff:127.0.0.1", true),
      ("::ffff:127.9.9.9", true), ("::ffff:10.0.0.1", false), ("::127.0.0.1", false), ("1::1", false),
    ])
  func loopback(host: String, expected: Bool) { #expect(Address(host).isLoopback == expected) }

  @Test(
    "D2: the unspecified address",
    arguments: [
      ("0.0.0.0", true), ("::", true), ("::ffff:0.0.0.0", true), ("0.0.0.1", false), ("::1", false),
      ("::ffff:0.0.0.1", false), ("1::", false),
    ])
  func any(host: String, expected: Bool) { #expect(Address(host, 9).isAny == expected) }

  @Test(
    "An address keeps everything through the engine and through a sockaddr",
    arguments: ["1.2.3.4", "255.255.255.255", "::", "2001:db8::fedc", "::ffff:1.2.3.4", "fe80::1"])
  func roundTrip(host: String) throws {
    var address = Address(host, 0xfffe)
    if address.family == Address.ipv6 { (address.flowInfo, address.scope) = (7, 3) }
    var stored = wfp_address()
    address.store(to: &stored)
    #expect(Address(&stored) == address)
    var bytes = [UInt8](repeating: 0xa5, count: 40)
    let size = bytes.withUnsafeMutableBytes {
      address.writeSocketAddress(to: $0.baseAddress!, familyNumber: address.family)
    }
    #expect(size == (address.family == Address.ipv4 ? 16 : 28))
    #expect(bytes[size...].allSatisfy { $0 == 0xa5 })
    #expect(buffer(bytes) { Address($0.baseAddress!, length: size) } == address)
  }

  @Test("Hashes of neighbours differ, in their low bits too") func hash() {
    var seen: Set<UInt64> = []
    var buckets = [Int](repeating: 0, count: 4096)
    for host in 0..<64 {
      for port in 0..<1024 {
        let hash = Address("127.1.0.\(host)", UInt16(port + 32768)).hash
        seen.insert(hash)
        buckets[Int(hash & 4095)] += 1
      }
    }
    #expect(seen.count == 65536)
    #expect(buckets.max()! < 48, "16 a bucket on average")  // more than eight standard deviations
  }
}
