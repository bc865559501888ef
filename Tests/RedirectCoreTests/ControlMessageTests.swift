import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// cmsg(3): control data as the kernel reads and writes them, whatever a program puts there.
struct ControlMessageTests {
  private struct Seen: Equatable {
    var level: Int32
    var type: Int32
    var content: [UInt8]
  }

  private func read(_ bytes: [UInt8], count: Int? = nil) -> [Seen] {
    // At the end of a mapping, so that a look behind it does not go unnoticed.
    let size = 4096
    let memory = mmap(nil, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    defer { munmap(memory, 2 * size) }
    mprotect(memory + size, size, PROT_NONE)
    let start = memory + size - bytes.count
    bytes.withUnsafeBytes { if let from = $0.baseAddress { start.copyMemory(from: from, byteCount: bytes.count) } }
    var reader = ControlReader(start, count: count ?? bytes.count)
    var seen: [Seen] = []
    while let message = reader.next(), seen.count < 1000 {
      seen.append(Seen(level: message.level, type: message.type, content: Array(message.content)))
    }
    return seen
  }

  private func message(_ length: Int, _ level: Int32, _ type: Int32, _ content: [UInt8] = []) -> [UInt8] {
    withUnsafeBytes(of: length) { Array($0) } + withUnsafeBytes(of: level) { Array($0) }
      + withUnsafeBytes(of: type) { Array($0) } + content
  }

  /// As CMSG_NXTHDR goes on: lengths are rounded up to eight.
  @Test("Messages of every length behind each other", arguments: 0...33) func lengths(size: Int) {
    let content = (0..<size).map { UInt8($0) }
    let padding = [UInt8](repeating: 0xa5, count: (8 - size & 7) & 7)
    let first = message(16 + size, 0, 70, content) + padding
    #expect(
      read(first + message(17, 41, 50, [9]))
        == [Seen(level: 0, type: 70, content: content), Seen(level: 41, type: 50, content: [9])])
  }

  @Test("S8.2: a length that cannot be ends the walk", arguments: [0, 1, 15, 25, 4096, .max, .max - 7, -1, .min, -16])
  func hostile(length: Int) {
    let bytes = message(length, 0, 60, [UInt8](repeating: 1, count: 8))
    #expect(read(bytes).isEmpty)
    let good = message(17, 1, 2, [3]) + [UInt8](repeating: 0, count: 7)
    #expect(read(good + bytes) == [Seen(level: 1, type: 2, content: [3])])
  }

  @Test("A header without content, exact ends, and every cut", arguments: 0...48) func cut(count: Int) {
    let bytes = message(16, 7, 8) + message(32, 1, 2, [UInt8](repeating: 4, count: 16))
    let seen = read(Array(bytes[..<count]))
    #expect(seen.count == (count < 16 ? 0 : count < 48 ? 1 : 2))
    #expect(seen.first.map { $0 == Seen(level: 7, type: 8, content: []) } ?? true)
  }

  @Test("Nothing, and a negative size") func none() {
    var reader = unsafe ControlReader(nil, count: 4096)
    #expect(reader.next() == nil)
    #expect(read(message(16, 1, 2), count: -1).isEmpty)
    #expect(read(message(16, 1, 2), count: .min).isEmpty)
  }

  /// put_cmsg of net/core/scm.c: what fits goes in and the length of the message says how much; the space of a whole
  /// one is rounded up, but never beyond the buffer.
  @Test("S8.2: written into every size of buffer", arguments: 0...80) func writing(limit: Int) {
    var bytes = [UInt8](repeating: 0xa5, count: 128)
    let content = (0..<21).map { UInt8($0 + 1) }
    let (length, truncated) = bytes.withUnsafeMutableBytes { buffer -> (Int, Bool) in
      var writer = ControlWriter(buffer.baseAddress, limit: limit)
      content.withUnsafeBytes { writer.add(0, 70, $0) }
      content.withUnsafeBytes { writer.add(41, 9, UnsafeRawBufferPointer(rebasing: $0[0..<3])) }
      return (writer.length, writer.isTruncated)
    }
    #expect(bytes[limit...].allSatisfy { $0 == 0xa5 }, "nothing behind the buffer")
    #expect(truncated == (limit < 59))
    #expect(length <= limit)
    let seen = read(Array(bytes[..<min(length, 128)]))
    if limit < 16 {
      #expect(length == 0 && seen.isEmpty)
    } else {
      #expect(seen.first == Seen(level: 0, type: 70, content: Array(content.prefix(limit - 16))))
      #expect(seen.count == (limit < 56 ? 1 : 2))
    }
    if limit >= 56 {
      #expect(seen.last == Seen(level: 41, type: 9, content: Array(content.prefix(min(3, limit - 56)))))
    }
  }

  @Test("A message in two parts, cut anywhere", arguments: 0...32) func parts(limit: Int) {
    var bytes = [UInt8](repeating: 0xa5, count: 64)
    let length = bytes.withUnsafeMutableBytes { buffer -> Int in
      var writer = ControlWriter(buffer.baseAddress, limit: limit)
      let (first, second) = ([UInt8](1...5), [UInt8](6...16))
      first.withUnsafeBytes { a in second.withUnsafeBytes { b in writer.add(0, 60, a, b) } }
      return writer.length
    }
    #expect(bytes[limit...].allSatisfy { $0 == 0xa5 })
    #expect(limit >= 16 ? Array(bytes[16..<limit]) == Array([UInt8](1...16).prefix(limit - 16)) : length == 0)
  }

  @Test("No buffer: all is cut") func noBuffer() {
    var writer = unsafe ControlWriter(nil, limit: 4096)
    [UInt8(1)].withUnsafeBytes { writer.add(0, 1, $0) }
    #expect(writer.isTruncated && writer.length == 0)
  }

  /// ip(7), ipv6(7): where a datagram came to, and from where one shall go.
  @Test("IP_PKTINFO and IPV6_PKTINFO, whole and short") func packetInformation() {
    for size in 0...20 {
      let four = [UInt8](repeating: 0, count: 8) + [127, 64, 3, 9] + [UInt8](repeating: 0, count: 8)
      four[..<size].withUnsafeBytes { bytes in
        let message = ControlMessage(level: 0, type: 8, content: bytes)
        let found = PacketInformation.destination(of: message)
        #expect(found.map { $0.sameHost(as: Address("127.64.3.9")) } ?? (size < 12))
        #expect(PacketInformation.isOne(message))
        #expect(!PacketInformation.isOne(ControlMessage(level: 41, type: 8, content: bytes)))
      }
      let six = [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 127, 64, 3, 9] + [1, 0, 0, 0]
      six[..<size].withUnsafeBytes { bytes in
        let message = ControlMessage(level: 41, type: 50, content: bytes)
        let found = PacketInformation.destination(of: message)
        #expect(found.map { $0 == Address("127.64.3.9") } ?? (size < 16))
      }
    }
  }

  @Test("IP_PKTINFO as a send takes it", arguments: [Address.ipv4, Address.ipv6]) func source(family: UInt16) throws {
    var bytes = [UInt8](repeating: 0xa5, count: 64)
    let length = bytes.withUnsafeMutableBytes { buffer -> Int in
      var writer = ControlWriter(buffer.baseAddress, limit: 64)
      PacketInformation.write(Address("127.64.3.9", 53), family, to: &writer)
      return writer.length
    }
    let one = try #require(read(Array(bytes[..<length])).first)
    if family == Address.ipv4 {
      #expect(one == Seen(level: 0, type: 8, content: [0, 0, 0, 0, 127, 64, 3, 9, 0, 0, 0, 0]))
    } else {
      let host = [UInt8](repeating: 0, count: 10) + [0xff, 0xff, 127, 64, 3, 9]
      #expect(one == Seen(level: 41, type: 50, content: host + [0, 0, 0, 0]))
    }
  }

  @Test(
    "S8.3: the addresses of flows are those of 127.64.0.0/10",
    arguments: [
      ("127.64.0.0", true), ("127.64.0.1", true), ("127.127.255.255", true), ("127.100.3.4", true),
      ("127.63.255.255", false), ("127.128.0.0", false), ("127.0.0.1", false), ("127.1.0.7", false),
      ("126.64.0.1", false), ("128.64.0.1", false), ("::ffff:127.64.0.1", false), ("7f40::1", false), ("::", false),
      ("0.0.0.0", false),
    ])
  func flowSources(host: String, expected: Bool) { #expect(Address(host, 9).isFlowSource == expected) }
}
