import Foundation
import Testing

/// SPEC S8.2: context and records as control data of the first datagram. A context here has 256 bytes, records of one
/// hop 128: CMSG_SPACE says 272 and 144.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct DatagramContextTests {
  static let whole = "context 256 192.0.2.1:9 records 128"

  /// MSDN, IPPROTO_IP socket options: both are DWORDs. setsockopt(2) for what is wrong.
  @Test("S8.2: switched on and off, and refused") func options() throws {
    let stage = try Stage()
    try stage.expect([
      ("new a 4", "ok 0"), ("new b 6", "ok 0"), ("new c tcp", "ok 0"), ("new d unix", "ok 0"),
      ("set a 0 70 1", "ok 0"), ("set a 0 60 1", "ok 0"), ("set a 0 70 0", "ok 0"), ("set a 0 60 0", "ok 0"),
      ("set b 0 70 1", "ok 0"), ("set a 0 70 1 2", "EINVAL"), ("set a 0 60 1 0", "EINVAL"),
      ("set a 0 70 bad 4", "EFAULT"), ("set a 0 60 bad 4", "EFAULT"), ("set c 0 70 1", "ENOPROTOOPT"),
      ("set c 0 60 1", "ENOPROTOOPT"), ("set d 0 70 1", "ENOPROTOOPT"), ("set a 0 70 1 8", "ok 0"),
    ])
  }

  @Test("S8.2: more sockets with options than a process has at one time") func manyOptions() throws {
    let stage = try Stage()
    _ = try stage.relay("contoso", redirecting: [9])
    // They send, too: a service's socket may be a client's.
    let one = ["new a 4", "set a 0 70 1", "sendto a 192.0.2.1 9 x", "close a"]
    let results = try stage.datagrams((0..<150).flatMap { _ in one })
    #expect(results == (0..<150).flatMap { _ in ["ok 0", "ok 0", "ok 1", "ok 0"] })
  }

  @Test("S8.2: the first datagram of a flow, and no other") func first() throws {
    let results = try DatagramService.run(
      sending: ["one", "two", "three"], ["take a 4096", "take a 4096", "take a 416"])
    #expect(results == ["one flags: \(Self.whole)", "two flags:", "three flags:"])
  }

  @Test("S8.2: each is brought where it was asked for") func wishes() throws {
    let all = ["take a 4096", "take a 4096"]
    #expect(
      try DatagramService.run(options: ["set a 0 70 1"], sending: ["one", "two"], all)
        == ["one flags: context 256 192.0.2.1:9", "two flags:"])
    #expect(
      try DatagramService.run(options: ["set a 0 60 1"], sending: ["one", "two"], all) == [
        "one flags: records 128", "two flags:",
      ])
    #expect(
      try DatagramService.run(
        options: ["set a 0 70 1", "set a 0 60 1", "set a 0 70 0"], sending: ["one", "two"], all)
        == ["one flags: records 128", "two flags:"])
    #expect(try DatagramService.run(options: [], sending: ["one", "two"], all) == ["one flags:", "two flags:"])
  }

  @Test("S8.2: what is asked for after the first datagram comes no more") func late() throws {
    let results = try DatagramService.run(
      options: ["set a 0 60 1"], sending: ["one", "two"], ["take a 4096", "set a 0 70 1", "take a 4096"])
    #expect(results == ["one flags: records 128", "ok 0", "two flags:"])
  }

  @Test("S8.2: MSG_PEEK does not use it up") func peek() throws {
    let results = try DatagramService.run(
      sending: ["one", "two"], ["take a 4096 2", "take a 4096 2", "take a 4096", "take a 4096"])
    #expect(results == Array(repeating: "one flags: \(Self.whole)", count: 3) + ["two flags:"])
  }

  /// recvmsg(2): MSG_CTRUNC. A flow whose context the service could not take is a new one still.
  @Test("S8.2: cut control data, and then whole") func truncation() throws {
    let sizes = [0, 8, 15, 16, 17, 100, 271, 272, 287, 288, 300, 415]
    let results = try DatagramService.run(
      sending: sizes.map { "s\($0)" } + ["whole", "after"],
      sizes.map { "take a \($0)" } + ["take a 416", "take a 4096"])
    let contexts = [
      16: " context 0 family 0", 17: " context 1 0.0.0.0:0", 100: " context 84 192.0.2.1:9",
      271: " context 255 192.0.2.1:9", 272: " context 256 192.0.2.1:9", 287: " context 256 192.0.2.1:9",
      288: " context 256 192.0.2.1:9 records 0", 300: " context 256 192.0.2.1:9 records 12",
      415: " context 256 192.0.2.1:9 records 127",
    ]
    for (size, result) in zip(sizes, results) {
      #expect(result == "s\(size) flags CTRUNC:\(contexts[size] ?? "")", "\(size)")
    }
    #expect(results.suffix(2) == ["whole flags: \(Self.whole)", "after flags:"])
  }

  @Test("S8.2: recvfrom, recv and read do not use it up", arguments: ["recvfrom a", "chk a", "recv a", "read a"])
  func otherReads(call: String) throws {
    let results = try DatagramService.run(sending: ["one", "two", "three"], [call, "take a 4096", "take a 4096"])
    #expect(results == ["one", "two flags: \(Self.whole)", "three flags:"])
  }

  @Test("S8.2: two sockets, two flows, whoever they are to") func flows() throws {
    let service = try DatagramService((0..<4).map { _ in "take a 4096" })
    _ = try service.stage.datagrams([
      "new a 4", "new b 4", "sendto a 192.0.2.1 9 a", "sendto b 192.0.2.1 9 b", "sendto a 192.0.2.2 9 c",
      "sendto a 192.0.2.1 9 d",
    ])
    #expect(
      try service.run() == [
        "a flags: \(Self.whole)", "b flags: \(Self.whole)", "c flags: context 256 192.0.2.2:9 records 128", "d flags:",
      ])
  }

  @Test("S8.2: what comes to the service directly has no context") func direct() throws {
    let service = try DatagramService(["take a 4096", "take a 4096", "take a 4096"])
    _ = try service.stage.datagrams(["new a 4", "sendto a 127.0.0.1 \(service.port) x"], shimmed: false)
    _ = try service.stage.datagrams(["new a 4", "sendto a 127.0.0.1 \(service.port) y"])
    _ = try service.stage.datagrams(["new a 4", "sendto a 192.0.2.1 9 z"])
    #expect(try service.run() == ["x flags:", "y flags:", "z flags: \(Self.whole)"])
  }
}
