import Foundation
import Testing

/// S9.1: connections whose beginning is no header, no whole one, or one without a flow.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct HeaderEndTests {
  private static let none = "-1 EINVAL 0 same"

  @Test(
    "S9.1, S2.10: the peer's FIN in the middle ends the wait, and nothing is taken", arguments: [1, 12, 20, 27],
    ["", "nonblocking"])
  func fin(sent: Int, option: String) throws {
    let query = option.isEmpty ? "C f" : "until C f"
    let setup = option.isEmpty ? [] : ["option f \(option)"]
    let results = try HeaderScene.run(
      setup + [query, "R f 0", "unread f", "mark f"], HeaderScene.v4.bytes, ["send 0 \(sent)", "fin"])
    #expect(results[setup.count].hasPrefix(Self.none), "\(results)")
    #expect(results[(setup.count + 1)...] == [Self.none, "\(sent)", "1"], "\(results)")
  }

  @Test("S9.1, S2.8: so does a reset") func reset() throws {
    let scene = try HeaderScene(["defer", "accept f", "C f", "R f 0"])
    let sender = try scene.send(HeaderScene.v4.bytes, ["send 0 20", "wait", "reset"])
    _ = try scene.calls.program.line("ok")
    sender.signal(SIGUSR1)
    #expect(try scene.results() == .init(repeating: "-1 ENOTCONN 0 same", count: 2))
  }

  @Test(
    "S9.1: what is no header stays in the stream, and a query does not wait for more of it",
    arguments: ["GET / HTTP/1.1\r\n\r\n", "G", "\r\nx", "PROXY TCP4 192.0.2.7 198.51.100.9 1 2\r\n"])
  func garbage(text: String) throws {
    let bytes = Array(text.utf8)
    #expect(
      try HeaderScene.run(["C f", "R f 0", "unread f", "mark f"], bytes, ["send 0 N"])
        == [Self.none, Self.none, "\(bytes.count)", "1"])
  }

  @Test("S9.1: nor does a malformed header go, and the log tells of it") func malformed() throws {
    var wrongSum = HeaderScene.v4.checked
    wrongSum.tlvs[0].value[0] ^= 1
    let cut = HeaderBytes(kind: 0x11, addresses: Array(HeaderScene.v4.addresses.dropLast()))
    for header in [wrongSum, cut, HeaderScene.v4.adding(0xe5, Array("WFPSHIM1".utf8))] {
      let scene = try HeaderScene(["defer", "accept f", "C f", "unread f"])
      let sender = try scene.send(header.bytes)
      #expect(try scene.results() == [Self.none, "\(header.bytes.count + 5)"])
      #expect(scene.stage.diagnostics.count(containing: "malformed PROXY header") > 0)
      _ = sender
    }
  }

  @Test("S9.1: LOCAL and UNSPEC headers go and leave no flow") func noFlow() throws {
    for header in [
      HeaderBytes(command: 0x20, kind: 0x00),
      HeaderBytes(command: 0x20, kind: 0x11, addresses: HeaderScene.v4.addresses),
      HeaderBytes(kind: 0x00), HeaderBytes(kind: 0x00, addresses: [1, 2, 3]),
    ] {
      #expect(try HeaderScene.run(["C f", "R f 0", "recv f 5"], header.bytes) == [Self.none, Self.none, "hello"])
    }
  }

  @Test("S9.1: threads and a child that ask at once while it comes have one answer, and what follows is whole")
  func atOnce() throws {
    for command in ["threads C f hex", "both C f hex", "both R f hash"] {
      let results = try HeaderScene.run(
        [command, "recv f 5", "mark f"], HeaderScene.v4.bytes, ["bytes 0 20", "bytes 20 N", "send N END"],
        deferred: false)
      #expect(results[0].hasPrefix("0 - ") && !results[0].contains("but"), "\(results)")
      #expect(results[1...] == ["hello", "1"], "\(results)")
    }
  }
}
