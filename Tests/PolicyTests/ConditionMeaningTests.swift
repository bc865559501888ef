import CEngine
import Glibc
import Policy
import Testing

@testable import RedirectCore

/// A condition and a destination that it holds for or not.
struct Meaning: CustomTestStringConvertible {
  let condition: String
  let destination: String
  let port: UInt16
  let holds: Bool

  init(_ condition: String, _ destination: String, _ holds: Bool) {
    self.init(condition, destination, 443, holds)
  }

  init(_ condition: String, _ destination: String, _ port: UInt16, _ holds: Bool) {
    self.condition = condition
    self.destination = destination
    self.port = port
    self.holds = holds
  }

  var testDescription: String { "\(condition) \(holds ? "matches" : "leaves") \(destination) \(port)" }
}

/// S11.3 from the file's text to the answer: the compiler and the core together.
@Suite struct ConditionMeaningTests {
  private func matches(_ conditions: String, _ destination: RedirectCore.Address, socket: Int32 = -1) throws -> Bool {
    let policy = try MappedPolicy(policy(conditions: conditions))
    let filter = try #require(policy.image.row(policy.image.head.filters, 0, of: wfp_filter.self))
    var request = ConnectRequest(descriptor: socket, engine: policy.engine, destination: destination)
    return policy.image.matches(filter, &request)
  }

  @Test(arguments: [
    Meaning("ip_remote_address: 10.0.0.0/8", "10.0.0.0", true),
    Meaning("ip_remote_address: 10.0.0.0/8", "10.255.255.255", true),
    Meaning("ip_remote_address: 10.0.0.0/8", "11.0.0.0", false),
    Meaning("ip_remote_address: 10.0.0.0/8", "9.255.255.255", false),
    // S7.1: an IPv4-mapped destination is matched by IPv4 conditions, however they are written.
    Meaning("ip_remote_address: 10.0.0.0/8", "::ffff:10.1.2.3", true),
    Meaning("ip_remote_address: '::ffff:10.0.0.0/104'", "10.1.2.3", true),
    Meaning("ip_remote_address: '::ffff:10.0.0.0/104'", "::ffff:10.1.2.3", true),
    Meaning("ip_remote_address: 0.0.0.0/0", "fd00::1", false),
    Meaning("ip_remote_address: 0.0.0.0/0", "255.255.255.255", true),
    Meaning("ip_remote_address: '::/0'", "fd00::1", true),
    Meaning("ip_remote_address: 'fd00::/8'", "fdff:ffff::", true),
    Meaning("ip_remote_address: 'fd00::/8'", "fe00::", false),
    Meaning("ip_remote_address: 'fd00::5-fd00::7'", "fd00::7", true),
    Meaning("ip_remote_address: 'fd00::5-fd00::7'", "fd00::8", false),
    Meaning("ip_remote_address: [192.0.2.1, 192.0.2.9]", "192.0.2.9", true),
    Meaning("ip_remote_address: [192.0.2.1, 192.0.2.9]", "192.0.2.5", false),
    Meaning("ip_remote_port: [80, 8000-8999]", "192.0.2.1", 80, true),
    Meaning("ip_remote_port: [80, 8000-8999]", "192.0.2.1", 8000, true),
    Meaning("ip_remote_port: [80, 8000-8999]", "192.0.2.1", 8999, true),
    Meaning("ip_remote_port: [80, 8000-8999]", "192.0.2.1", 9000, false),
    Meaning("loopback: true", "127.9.9.9", true), Meaning("loopback: true", "::1", true),
    Meaning("loopback: true", "192.0.2.1", false), Meaning("loopback: false", "192.0.2.1", true),
    Meaning("loopback: false", "127.0.0.1", false), Meaning("loopback: [true, false]", "::1", true),
    // Different ones AND.
    Meaning("ip_remote_port: 443, loopback: true", "127.0.0.1", 443, true),
    Meaning("ip_remote_port: 443, loopback: true", "127.0.0.1", 80, false),
    Meaning("ip_remote_port: 443, loopback: true", "192.0.2.1", 443, false),
  ])
  func destinations(_ meaning: Meaning) throws {
    #expect(try matches(meaning.condition, socketAddress(meaning.destination, meaning.port)) == meaning.holds)
  }

  @Test func protocols() throws {
    let stream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let datagram = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer {
      close(stream)
      close(datagram)
    }
    let anywhere = socketAddress("192.0.2.1", 53)
    #expect(try matches("ip_protocol: tcp", anywhere, socket: stream))
    #expect(try !matches("ip_protocol: tcp", anywhere, socket: datagram))
    #expect(try matches("ip_protocol: udp", anywhere, socket: datagram))
    #expect(try matches("ip_protocol: [tcp, udp]", anywhere, socket: stream))
  }

  @Test func localAddress() throws {
    let bound = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(bound) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0005).bigEndian
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeBytes(of: &address) {
      bind(bound, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, length)
    }
    try #require(result == 0)
    #expect(try matches("ip_local_address: 127.0.0.0/29", socketAddress("192.0.2.1", 1), socket: bound))
    #expect(try !matches("ip_local_address: 127.0.0.8/29", socketAddress("192.0.2.1", 1), socket: bound))
  }

  @Test func users() throws {
    let anywhere = socketAddress("192.0.2.1", 53)
    #expect(try matches("ale_user_id: \(geteuid())", anywhere))
    #expect(try matches("ale_user_id: [4294967294, \(geteuid())]", anywhere))
    #expect(try !matches("ale_user_id: 4294967294", anywhere))
  }

  @Test(arguments: [("ale_app_id", false), ("ale_app_id", true), ("ale_original_app_id", true)])
  func paths(_ key: String, _ wild: Bool) throws {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let base = path.split(separator: "/").last ?? ""
    let pattern = wild ? "*/\(base.prefix(2))*" : path
    #expect(try matches("\(key): ['/bin/none', '\(pattern)']", socketAddress("192.0.2.1", 1)))
    #expect(try !matches("\(key): ['/bin/none', '\(pattern)x']", socketAddress("192.0.2.1", 1)))
  }
}
