import CEngine
import Foundation
import Testing

@testable import RedirectCore

/// DESIGN D2: the address from which a redirected socket connects is known before it does.
struct SourceTests {
  private let memory = MemoryEngine()
  private let endpoint = Address("127.0.0.1", 8888)

  private func bound(_ descriptor: Int32, _ family: Int32 = AF_INET) -> BoundSource? {
    let destination = family == AF_INET ? Address("192.0.2.1", 80) : Address("::ffff:192.0.2.1", 80)
    let outcome = bindSource(descriptor, for: destination, to: endpoint, cookie: 42, memory.engine)
    if case .bound(let source) = outcome { return source }
    return nil
  }

  private func socket(_ family: Int32 = AF_INET) -> Int32 { Foundation.socket(family, Int32(SOCK_STREAM.rawValue), 0) }

  @Test("An unbound socket gets a port and no address") func unbound() throws {
    let descriptor = socket()
    defer { close(descriptor) }
    let source = try #require(bound(descriptor))
    #expect(source.source.isAny && source.source.port != 0)
    #expect(source.local.isAny && source.local.port == 0 && source.local.family == Address.ipv4)
  }

  @Test("S11.5: what the application bound is kept, and said") func application() throws {
    let descriptor = socket()
    defer { close(descriptor) }
    #expect(bind(descriptor, Address("127.0.0.3", 0)) == 0)
    let own = try #require(socketName(descriptor))
    let source = try #require(bound(descriptor))
    #expect(source.source == own && source.local == own)
  }

  @Test("IP_BIND_ADDRESS_NO_PORT: the address stays, the port is chosen, the option is as it was") func noPort() throws
  {
    let descriptor = socket()
    defer { close(descriptor) }
    var on: Int32 = 1
    #expect(setsockopt(descriptor, 0, 24, &on, 4) == 0)
    #expect(bind(descriptor, Address("127.0.0.3", 0)) == 0)
    let source = try #require(bound(descriptor))
    #expect(source.source.sameHost(as: Address("127.0.0.3", 0)) && source.source.port != 0)
    #expect(socketOption(descriptor, 0, 24) == 1)
  }

  @Test("Many connects in a minute: sources of 127.1.0.0/24", arguments: [AF_INET, AF_INET6]) func spread(family: Int32)
    throws
  {
    memory.engine.flowHeader.pointee.source_window = wfp_now(CLOCK_MONOTONIC_COARSE) >> 36
    memory.engine.flowHeader.pointee.source_count = 5000
    let descriptor = socket(family)
    defer { close(descriptor) }
    let source = try #require(bound(descriptor, family))
    #expect(source.source.unmapped.high >> 40 == 0x7f0100 && source.source.port != 0)
    #expect(source.local.isAny && source.local.port == 0)
  }

  /// S7.4: nothing that the shim did to a socket gets in the way of its next connect.
  @Test("S7.4: a refused socket leaves from anywhere afterwards") func refused() throws {
    memory.engine.flowHeader.pointee.source_window = wfp_now(CLOCK_MONOTONIC_COARSE) >> 36
    memory.engine.flowHeader.pointee.source_count = 5000
    let (descriptor, nobody) = (socket(), socket())
    defer { [descriptor, nobody].forEach { close($0) } }
    #expect(bind(nobody, Address("127.0.0.1", 0)) == 0)  // bound, but not listening: refused
    _ = try #require(bound(descriptor))
    var storage = sockaddr_storage()
    let refusing = try #require(socketName(nobody))
    let result = withUnsafeMutablePointer(to: &storage) { at in
      let length = refusing.writeSocketAddress(to: at, familyNumber: refusing.family)
      return at.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(length)) }
    }
    #expect(result == -1 && errno == ECONNREFUSED)
    loosenSource(descriptor)
    let name = try #require(socketName(descriptor))
    #expect(name.isAny)
  }

  /// S7.3: a socket that is connected or listens is the kernel's to judge.
  @Test("S7.3: a listener is not fresh") func listener() throws {
    let descriptor = socket()
    defer { close(descriptor) }
    #expect(bind(descriptor, Address("127.0.0.1", 0)) == 0 && listen(descriptor, 1) == 0)
    #expect(bound(descriptor) == nil)
  }

  private func bind(_ descriptor: Int32, _ address: Address) -> Int32 {
    var storage = sockaddr_storage()
    return withUnsafeMutablePointer(to: &storage) { at in
      let length = address.writeSocketAddress(to: at, familyNumber: address.family)
      return at.withMemoryRebound(to: sockaddr.self, capacity: 1) { Foundation.bind(descriptor, $0, socklen_t(length)) }
    }
  }
}
