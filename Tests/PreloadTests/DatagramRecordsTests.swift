import Foundation
import Testing

/// SPEC S8.2: records that a service sends on, and the control codes on its connected sockets.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct DatagramRecordsTests {
  /// A service that has taken one flow; its own socket `b` sends to an echo that no filter redirects.
  private func run(_ commands: [String], _ echo: UInt16) throws -> [String] {
    let commands =
      ["take a 4096", "new b 4", "new c 4"] + commands.map { $0.replacing("ECHO", with: "127.0.0.1 \(echo)") }
    let results = try DatagramService.run(sending: ["one"], commands)
    #expect(results.first == "one flags: \(DatagramContextTests.whole)")
    return Array(results.dropFirst(3))
  }

  /// S3.2 for UDP, MSDN's WSASendMsg: WSAEINVAL.
  @Test("S8.2: blobs that nobody made are refused, and nothing is sent") func badBlobs() throws {
    let stage = try Stage()
    let (origin, port) = try stage.datagramEcho("127.0.0.1")
    let forms = ["empty", "short", "long", "altered", "zeros"]
    let results = try run(
      forms.map { "records b ECHO bad-\($0) \($0)" } + ["connect c ECHO"]
        + forms.map { "records c none 0 bad-\($0) \($0)" } + ["records b ECHO good whole", "recvfrom b"], port)
    let refused = forms.map { _ in "EINVAL" }
    #expect(results == refused + ["ok 0"] + refused + ["ok 4", "good"])
    #expect(try origin.stop().filter { $0.hasPrefix("got") } == ["got good"])
  }

  @Test("S8.2: with an address, without one, beside other control data; the last blob counts") func goodBlobs() throws {
    let stage = try Stage()
    let (origin, port) = try stage.datagramEcho("127.0.0.1")
    let results = try run(
      [
        "records b ECHO named whole", "recvfrom b", "records b ECHO again whole", "recvmsg b",
        "records b ECHO both with-tos", "recv b", "records b ECHO last twice", "read b", "connect c ECHO",
        "records c none 0 plain whole", "recv c", "records c empty 0 empty whole", "recvmsg c",
      ], port)
    #expect(
      results == [
        "ok 5", "named", "ok 5", "again", "ok 4", "both", "ok 4", "last", "ok 0", "ok 5", "plain", "ok 5", "empty",
      ])
    #expect(try origin.stop().count(containing: "got") == 6)
  }

  @Test(
    "S3.3: SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS is not for datagrams; without an address there is no destination")
  func notTheWay() throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho("127.0.0.1")
    #expect(
      try run(["put b", "records b none 0 x whole", "connect c ECHO", "put c"], port)
        == ["EINVAL", "EDESTADDRREQ", "ok 0", "EINVAL"])
  }

  @Test("S8.2: records for many are refused, as they are nobody's connection") func multicast() throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho("127.0.0.1")
    #expect(
      try run(["records b 224.0.0.251 5353 x whole", "records b 255.255.255.255 9 x whole"], port)
        == ["EINVAL", "EINVAL"])
  }

  /// S2 on UDP: a service that gives every flow a connected socket of its own, as QUIC servers do.
  @Test("S2, S8.2: the control codes on a connected socket") func queries() throws {
    let results = try DatagramService.run(
      sending: ["one", "two"],
      [
        "recvfrom a", "query a C 1024", "query a R 1024", "accept a b", "query b C 0", "query b C 3", "query b C 255",
        "query b C 256", "query b R 0", "query b R 127", "query b R 1024", "query b C 1024", "dup b d", "close b",
        "query d R 128", "new c 4", "query c C 0", "connect c 127.0.0.1 9", "query c C 0", "query c R 1024",
      ])
    #expect(
      Array(results.dropFirst()) == [
        "-1 ENOTCONN 0", "-1 ENOTCONN 0", "ok 0", "-1 ENOBUFS 256", "-1 EINVAL 0", "-1 ENOBUFS 256", "0 - 256",
        "-1 ENOBUFS 128", "-1 ENOBUFS 128", "0 - 128", "0 - 256", "ok 0", "ok 0", "0 - 128", "ok 0", "-1 ENOTCONN 0",
        "ok 0", "-1 EINVAL 0", "-1 EINVAL 0",
      ])
  }

  /// S8.2: the client's socket is connected, so its source is the kernel's choice.
  @Test("S2: the control codes, of a flow that was connected") func queriesOfConnected() throws {
    let service = try DatagramService([
      "take a 4096", "accept a b", "query b C 256", "query b R 128", "reply a back",
    ])
    let client = try service.stage.shimmed(
      "ProbeDatagram",
      ["new a 4", "connect a 192.0.2.1 9", "send a hello", "hold", "peer a"])
    _ = try client.line("holding")
    #expect(
      try service.run() == ["hello flags: \(DatagramContextTests.whole)", "ok 0", "0 - 256", "0 - 128", "ok 4"])
    client.signal(SIGUSR1)
    #expect(try client.finish().lines.last == "192.0.2.1:9")
  }

  @Test("S2.10: a service that is not the flow's") func others() throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho("127.0.0.1")
    let results = try run(["connect c ECHO", "query c C 1024", "query c R 0"], port)
    #expect(results == ["ok 0", "-1 EINVAL 0", "-1 EINVAL 0"])
  }
}
