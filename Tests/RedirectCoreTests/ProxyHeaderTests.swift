import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// S9.1: the parser of PROXY protocol v2 headers. A header stands at the end of readable memory, so that a read behind
/// it is a fault.
struct ProxyHeaderTests {
  static let v4 = HeaderBytes(from: "192.0.2.7", 40001, to: "198.51.100.9", 443)
  static let v6 = HeaderBytes(from: "2001:db8::7", 40002, to: "2001:db8:1::9", 8443)

  private let memory = GuardedMemory(HeaderProgress.maximalLength)

  private func parse(_ bytes: [UInt8]) -> ProxyHeader? { ProxyHeader(memory.reader(bytes)) }

  private func progress(_ bytes: [UInt8], of count: Int) -> HeaderProgress {
    HeaderProgress(memory.reader(Array(bytes.prefix(min(16, count)))), available: count)
  }

  @Test("S9.1: source and destination, IPv4, IPv6 and IPv4-mapped") func addresses() throws {
    let mapped = HeaderBytes(from: "::ffff:192.0.2.7", 1, to: "::ffff:198.51.100.9", 65535)
    for (header, source, destination) in [
      (Self.v4, Address("192.0.2.7", 40001), Address("198.51.100.9", 443)),
      (Self.v6, Address("2001:db8::7", 40002), Address("2001:db8:1::9", 8443)),
      (mapped, Address("::ffff:192.0.2.7", 1), Address("::ffff:198.51.100.9", 65535)),
    ] {
      let parsed = try #require(parse(header.bytes)?.addresses)
      #expect(parsed.source == source && parsed.destination == destination)
    }
  }

  /// The example of the protocol's text, byte by byte.
  @Test("S9.1: a header as another program wrote it") func foreignBytes() throws {
    let hex = "0d0a0d0a000d0a515549540a2111000c7f0000017f000001aabb01bb"
    let bytes = stride(from: 0, to: hex.count, by: 2).map { i in
      UInt8(hex.dropFirst(i).prefix(2), radix: 16)!
    }
    let addresses = try #require(parse(bytes)?.addresses)
    #expect(addresses.source == Address("127.0.0.1", 0xaabb) && addresses.destination == Address("127.0.0.1", 443))
  }

  @Test("S9.1: at every length it says how much is needed, and never that it is there") func truncation() {
    for header in [Self.v4, Self.v6.adding(0x02, Array("example.org".utf8)).checked] {
      let whole = header.bytes
      for count in 0..<whole.count {
        guard case .needs(let needed) = progress(whole, of: count) else {
          Issue.record("\(count) bytes: \(progress(whole, of: count))")
          continue
        }
        #expect(needed > count && needed <= whole.count, "\(count)")
        #expect(needed == (count < 12 ? count + 1 : count < 16 ? 16 : whole.count))
        #expect(parse(Array(whole.prefix(count))) == nil, "\(count)")
      }
      #expect(progress(whole, of: whole.count) == .complete(whole.count))
      #expect(progress(whole, of: whole.count + 5) == .complete(whole.count), "what follows is the application's")
    }
  }

  @Test("S9.1: the first byte that is none of a header's decides") func foreign() {
    let whole = Self.v4.bytes
    for at in 0..<13 {
      var bytes = whole
      bytes[at] ^= 0x40
      for count in 0..<16 {
        #expect((progress(bytes, of: count) == .foreign) == (count >= 16 || at < 12 && count > at), "\(at) \(count)")
      }
      #expect(progress(bytes, of: whole.count) == .foreign)
    }
    for text in ["G", "GET / HTTP/1.1\r\n", "\r\nQUIT\r\n", "PROXY TCP4 ", "\u{16}\u{3}\u{1}"] {
      #expect(progress(Array(text.utf8), of: text.utf8.count) == .foreign, "\(text)")
    }
  }

  @Test("S9.1: commands and versions that there are not", arguments: [0x22, 0x2f, 0x11, 0x31, 0x00, 0xff] as [UInt8])
  func commands(command: UInt8) {
    var header = Self.v4
    header.command = command
    #expect(progress(header.bytes, of: header.bytes.count) == .foreign)
    #expect(parse(header.bytes) == nil)
  }

  @Test("S9.1: LOCAL, UNSPEC, UNIX and datagrams are good headers without a flow") func noFlow() throws {
    let junk: [UInt8] = [1, 2, 3, 4, 5]
    let good = [
      HeaderBytes(command: 0x20, kind: 0x00), HeaderBytes(command: 0x20, kind: 0x11, addresses: junk),
      HeaderBytes(command: 0x20, kind: 0xff, addresses: junk), HeaderBytes(kind: 0x00),
      HeaderBytes(kind: 0x00, addresses: junk), HeaderBytes(kind: 0x31, addresses: .init(repeating: 0x61, count: 216)),
      HeaderBytes(kind: 0x32, addresses: .init(repeating: 0, count: 216)).checked,
      HeaderBytes(kind: 0x12, addresses: Self.v4.addresses), HeaderBytes(kind: 0x22, addresses: Self.v6.addresses),
    ]
    for header in good { #expect(try #require(parse(header.bytes)).addresses == nil, "\(header.bytes)") }
  }

  @Test("S9.1: what is malformed is not a forwarded connection") func malformed() {
    var wrongSum = Self.v4.checked
    wrongSum.tlvs[0].value[3] ^= 1
    let sum = Self.v4.checked.tlvs[0].value
    var bad = [
      wrongSum.bytes, Self.v4.adding(0x03, Array(sum.prefix(3))).bytes, Self.v4.adding(0x03, []).bytes,
      Self.v4.adding(0x03, sum + [0]).bytes, Self.v4.checked.adding(0x03, sum).bytes,
      HeaderBytes(kind: 0x11, addresses: Array(Self.v4.addresses.dropLast())).bytes,
      HeaderBytes(kind: 0x21, addresses: Array(Self.v6.addresses.dropLast())).bytes,
      HeaderBytes(kind: 0x21, addresses: Self.v4.addresses).bytes, HeaderBytes(kind: 0x11).bytes,
      HeaderBytes(kind: 0x31, addresses: .init(repeating: 0, count: 215)).bytes,
    ]
    for kind in [0x01, 0x10, 0x13, 0x20, 0x23, 0x30, 0x33, 0x41, 0xf1] as [UInt8] {
      bad.append(HeaderBytes(kind: kind, addresses: .init(repeating: 0, count: 216)).bytes)
    }
    // TLVs that end behind the header.
    for rest in [[0x04], [0x04, 0], [0x04, 0, 1], [0xe5, 0xff, 0xff, 1], [0x20, 0, 5, 1, 2, 3, 4]] as [[UInt8]] {
      bad.append(HeaderBytes(kind: 0x11, addresses: Self.v4.addresses + rest).bytes)
    }
    for bytes in bad { #expect(parse(bytes) == nil, "\(bytes)") }
  }

  @Test("S9.1: TLVs that we do not know are passed over") func otherTLVs() throws {
    let header = Self.v4.adding(0x01, Array("h2".utf8)).adding(0x02, Array("example.org".utf8)).adding(0x04, [])
      .adding(0x05, .init(repeating: 7, count: 128)).adding(0x20, [1, 0, 0, 0, 0, 0x21, 0, 3, 0x54, 0x4c, 0x53])
      .adding(0x30, Array("netns".utf8)).adding(0xe5, Array("WFPSHIM".utf8)).adding(0xe5, [])
      .adding(0xe5, Array("WFPSHIM2".utf8) + [0, 0, 0, 1]).adding(0xef, [0xff]).checked
    let parsed = try #require(parse(header.bytes))
    #expect(parsed.addresses != nil && parsed.records == nil && parsed.context == nil)
  }

  @Test("S9.1: CRC32C (RFC 9260), also over the longest header") func checksum() {
    let text = Array("123456789".utf8)
    #expect(crc32c(memory.reader(text), zeroAt: -4) == 0xe306_9283 && castagnoli(text) == 0xe306_9283)
    let long = Self.v6.adding(0x04, .init(repeating: 0x5a, count: 65535 - 36 - 3 - 7)).checked
    #expect(long.bytes.count == HeaderProgress.maximalLength)
    #expect(parse(long.bytes) != nil)
    for header in [Self.v4.checked, Self.v6.adding(0x01, [1]).checked] {
      // But for the TLV's own type: as another type it is none.
      for at in 14..<header.bytes.count where at != header.bytes.count - 7 {
        var bytes = header.bytes
        bytes[at] ^= 0x10
        #expect(parse(bytes)?.addresses == nil, "no flow of a header with a flaw at \(at)")
      }
    }
  }

  @Test("S9.1: 30,000 mutations of good headers") func mutations() throws {
    let own = Self.v4.carrying(CarriedApplication(), hops: [CarriedHopBytes(), CarriedHopBytes()])
      .carrying(context: Array("context".utf8), for: .init(repeating: 3, count: 16))
    let seeds = [Self.v4, Self.v6, own, own.checked, Self.v6.adding(0x20, [1, 0, 0, 0, 0])].map(\.bytes)
    var random = Numbers(state: 11)
    var (good, bad) = (0, 0)
    for round in 0..<30_000 {
      var bytes = seeds[round % seeds.count]
      for _ in 0...random.below(3) {
        let at = 12 + random.below(bytes.count - 12)
        switch random.below(4) {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes[at] ^= 1 << UInt8(random.below(8))
        case 2: bytes.remove(at: at)
        default: bytes.insert([0, 0xff, 0x7f][random.below(3)], at: at)
        }
      }
      // Mostly with a length that is right, else everything is refused for that.
      if random.below(4) > 0 { bytes.replaceSubrange(14..<16, with: big(UInt16(bytes.count - 16))) }
      guard let header = parse(bytes) else {
        bad += 1
        continue
      }
      good += 1
      if let records = header.records {
        let hops = UnsafeMutablePointer<wfp_hop>.allocate(capacity: Int(records.hopCount) + 1)
        records.copyHops(to: hops, MemoryEngine.shared.engine)
        hops.deallocate()
      }
    }
    #expect(good > 3000 && bad > 3000, "\(good) \(bad)")
  }
}

/// Memory whose last byte is the last before a page that cannot be read.
final class GuardedMemory: @unchecked Sendable {  // written by one test at a time
  private let start: UnsafeMutableRawPointer
  private let size: Int

  init(_ capacity: Int) {
    size = (capacity + 4095) & ~4095
    start = mmap(nil, size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    mprotect(start + size, 4096, PROT_NONE)
  }

  deinit { munmap(start, size + 4096) }

  func reader(_ bytes: [UInt8]) -> ByteReader {
    let at = start + size - bytes.count
    bytes.withUnsafeBytes { if let from = $0.baseAddress { at.copyMemory(from: from, byteCount: bytes.count) } }
    return ByteReader(UnsafeRawPointer(at), count: bytes.count)
  }
}
