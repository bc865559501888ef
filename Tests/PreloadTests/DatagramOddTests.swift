import Foundation
import Testing

/// What the shim must not change: the same calls with and without it, to a destination that is redirected (H24, H25,
/// H26; udp(7), recv(2), send(2)).
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct DatagramOddTests {
  static let names = [
    "no-destination", "nothing", "too-large", "bad-pointers", "short-addresses", "truncated-address", "bad-lengths",
    "truncated-data", "not-now", "several", "other-descriptors", "passed-descriptor",
  ]
  static let kinds = [("4", "127.0.0.1"), ("dual", "::ffff:127.0.0.1"), ("dual", "::1"), ("6", "::1")]

  /// Runs a script without the shim and with it, DEST being the origin's address.
  private func compare(
    _ commands: [String], host: String = "127.0.0.1", redirected: [String]? = nil, flows: Int = 1,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [String] {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho()
    let service = try stage.relay("contoso", redirecting: [port])
    let script = commands.map { $0.replacing("DEST", with: "\(host) \(port)") }
    let plain = try stage.datagrams(script, shimmed: false, sourceLocation: sourceLocation)
    let shimmed = try stage.datagrams(script, sourceLocation: sourceLocation)
    #expect(shimmed == redirected ?? plain, sourceLocation: sourceLocation)
    #expect(try service.stop().count(containing: "flow") == flows, sourceLocation: sourceLocation)
    return plain.map { $0.replacing(":\(port)", with: ":PORT") }
  }

  @Test("H24, H25, H26: odd arguments give what they gave", arguments: names, kinds)
  func oddArguments(name: String, kind: (String, String)) throws {
    let plain = try compare(
      ["new a \(kind.0)", "sendto a DEST first", "recvfrom a", "odd a \(name) DEST"], host: kind.1)
    #expect(!plain[3].hasSuffix(":"))
  }

  @Test("H26: of a process without flows, too", arguments: names) func oddWithoutFlows(name: String) throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho()
    let service = try stage.relay("contoso", redirecting: [9])
    let script = ["new a 4", "odd a \(name) 127.0.0.1 \(port)", "new b 4", "sendto b 192.0.2.1 9 x"]
    #expect(try stage.datagrams(script) == stage.datagrams(script, shimmed: false))
    _ = try service.line("contoso flow 192.0.2.1:9 records 128")
  }

  /// ip(7). The value of the address is the flow's own: getsockname tells the truth, and so does this.
  @Test("S10.6: the application's own IP_PKTINFO, on and off, before and after its first flow") func packetInformation()
    throws
  {
    let plain = try compare([
      "new a 4", "set a 0 8 1", "sendto a DEST one", "take a 512", "set a 0 8 0", "sendto a DEST two", "take a 512",
      "set a 0 8 1", "sendmsg a DEST three", "take a 512",
    ])
    #expect(plain[3] == "one from 127.0.0.1:PORT flags: 0/8" || plain[3].hasSuffix("flags: at loopback"))
    _ = try compare([
      "new a 4", "sendto a DEST one", "take a 512", "set a 0 8 1", "sendto a DEST two", "take a 512", "set a 0 8 0",
      "sendto a DEST three", "take a 512", "sendto a DEST four", "take a 0",
    ])
    // A connected flow first, then one without.
    _ = try compare(
      [
        "new a 4", "connect a DEST", "send a one", "take a 512", "disconnect a", "sendto a DEST two", "take a 512",
        "set a 0 8 1", "set a 0 8 0", "sendto a DEST three", "take a 512",
      ], flows: 2)
  }

  @Test("S10.6: control data on the way out") func controlOut() throws {
    _ = try compare([
      "new a 4", "marked a DEST one 0 1 32", "recvfrom a", "marked a DEST two 0 2 9", "recvmsg a",
      "from a DEST three 127.0.0.1", "recvmsg a", "marked a DEST four 0 1 300", "marked a DEST five 9 9 9", "recv a",
    ])
    _ = try compare(["new a dual", "marked a DEST one 41 67 32", "recvfrom a"], host: "::1")
    let arrived = try DatagramService.run(
      options: DatagramService.both + ["set a 0 13 1"], sending: [], ["take a 4096 64"])
    #expect(arrived == ["EAGAIN"])
    let service = try DatagramService(options: ["set a 0 13 1"], ["take a 4096", "take a 4096"])
    _ = try service.stage.datagrams(["new a 4", "marked a 192.0.2.1 9 one 0 1 32", "sendto a 192.0.2.1 9 two"])
    #expect(try service.run() == ["one flags: 0/1=32", "two flags: 0/1=0"])
  }

  /// udp(7), UDP_SEGMENT and UDP_GRO.
  @Test("H22: segments on the way out, and together on the way in") func segments() throws {
    let service = try DatagramService(
      options: ["set a 0 70 1", "set a 17 104 1"], ["take a 4096", "take a 4096"])
    let sent = try service.stage.datagrams(["new a 4", "segments a 192.0.2.1 9 3 50", "segments a 192.0.2.1 9 2 40"])
    #expect(sent == ["ok 0", "ok 150", "ok 80"])
    let text = String(repeating: "x", count: 60)
    #expect(try service.run() == ["\(text) flags: 17/104=50 context 256 192.0.2.1:9", "\(text) flags: 17/104=40"])
    let plain = try compare(
      ["new a 4", "segments a DEST 3 10", "recvfrom a", "recvmsg a", "recvmmsg a", "recvfrom a 64"])
    #expect(plain[2] == "xxxxxxxxxx from 127.0.0.1:PORT" && plain.last == "EAGAIN")
  }

  /// ip(7), IP_RECVERR: the error's datagram, its destination as the application knows it.
  @Test("S7.2: an ICMP error of a service that is gone", arguments: [false, true]) func deadService(connected: Bool)
    throws
  {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho("127.0.0.1")
    let service = try stage.relay("contoso", redirecting: [port], host: "127.0.0.1")
    let call = connected ? "send a" : "sendto a 127.0.0.1 \(port)"
    let client = try stage.shimmed(
      "ProbeDatagram",
      ["new a 4", "set a 0 11 1"] + (connected ? ["connect a 127.0.0.1 \(port)"] : ["peer a"]) + [
        "\(call) one", "recvfrom a", "hold", "\(call) two", "trouble a", "take a 512 8192", "recvfrom a 64",
      ])
    _ = try client.line("holding")
    try service.stop()
    client.signal(SIGUSR1)
    let lines = try client.finish().lines
    #expect(lines.suffix(5).prefix(2) == ["holding", "ok 3"])
    #expect(lines.suffix(3).first == "POLLERR")
    #expect(lines.suffix(2).first == "two from 127.0.0.1:\(port) flags: error ECONNREFUSED")
    #expect(lines.last == "EAGAIN", "the error is told once")
  }

  @Test("S8.1: multicast and broadcast are left alone") func many() throws {
    _ = try compare(
      [
        "new a 4", "sendto a 127.255.255.255 PORT x", "sendto a 255.255.255.255 PORT x", "set a 1 6 1",
        "sendto a 127.255.255.255 PORT x", "sendto a 127.255.255.255 PORT x", "set a 0 33 0",
        "sendto a 224.0.0.251 PORT x", "connect a 224.0.0.251 PORT", "new b 6", "sendto b ff02::fb PORT x",
        "sendto b ff01::1 PORT x", "new c dual", "sendto c ::ffff:224.0.0.251 PORT x",
        "sendto c ::ffff:127.255.255.255 PORT x", "new d 4", "sendto d 127.0.0.1 PORT end",
        "recvfrom d",
      ].map { $0.replacing("127.0.0.1 PORT", with: "DEST").replacing("PORT", with: "9") }, flows: 1)
  }

  @Test("S2.7: raw sockets are left alone", .enabled(if: isRoot, "raw sockets need privileges")) func raw() throws {
    _ = try compare([
      "new a icmp", "sendto a 127.0.0.1 0 xxxxxxxx", "marked a 127.0.0.1 0 xxxxxxxx 0 1 32", "set a 0 70 1", "new b 4",
      "sendto b DEST x", "recvfrom b",
    ])
  }
}
