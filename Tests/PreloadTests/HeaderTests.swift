import Foundation
import Testing

/// S9.1: a redirect service whose connections come with a PROXY protocol v2 header. The sender is not under the shim.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct HeaderTests {
  private static let isPending = "C f code=0x980000DF"

  @Test("S9.1: records and context of a whole header, IPv4 and IPv6", arguments: [0, 1]) func whole(family: Int) throws
  {
    let header = [HeaderScene.v4, HeaderScene.v6][family]
    let context = HeaderScene.contexts[family]
    let results = try HeaderScene.run(
      ["C f hex", "R f", "C f 0", "recv f 5", "C f hex", "mark f"], header.checked.bytes,
      host: family == 0 ? "127.0.0.1" : "::1")
    let size = context.count / 2
    #expect(
      results == ["0 - \(size) wrote \(context)", "0 - 128 wrote", "-1 ENOBUFS \(size) same", "hello"]
        + ["0 - \(size) wrote \(context)", "1"])
  }

  /// A service that never asks must not find the header in its stream.
  @Test("S9.1: the accept takes a header that is there, unasked") func unasked() throws {
    #expect(try HeaderScene.run(["unread f", "recv f 5"], HeaderScene.v4.bytes) == ["5", "hello"])
    // The same without anything: so it is the shim that took it.
    let scene = try HeaderScene(["defer", "accept f", "unread f"], accepts: "preload")
    let sender = try scene.send(HeaderScene.v4.bytes)
    #expect(try scene.results() == ["\(HeaderScene.v4.bytes.count + 5)"])
    _ = sender
  }

  @Test("D6: accepted by a raw call, the first query takes it") func rawAccept() throws {
    let scene = try HeaderScene(["defer", "raw-accept f", "unread f", "C f hex", "recv f 5", "C f 0"])
    let sender = try scene.send(HeaderScene.v4.bytes)
    #expect(
      try scene.results() == ["ok", "33", "0 - 32 wrote \(HeaderScene.contexts[0])", "hello", "-1 ENOBUFS 32 same"])
    _ = sender
  }

  @Test("S5.7, S9.1: a blocking query waits for a header in single bytes, asleep", arguments: [0, 3000])
  func blocking(more: Int) throws {
    let header = more > 0 ? HeaderScene.v4.adding(0x04, .init(repeating: 0, count: more)) : HeaderScene.v4
    let results = try HeaderScene.run(
      ["quiet C f hex", "recv f 5", "mark f"], header.bytes, ["bytes 0 N", "send N END"], deferred: false)
    #expect(results[0].hasPrefix("0 - 32 wrote \(HeaderScene.contexts[0]) slept "), "\(results)")
    #expect(!results[0].hasSuffix("often") && results[1...] == ["hello", "1"], "\(results)")
  }

  @Test("S12.1, S9.1: a non-blocking one says EINPROGRESS, and poll wakes for what is needed", arguments: [0, 3000])
  func polled(more: Int) throws {
    let header = more > 0 ? HeaderScene.v4.adding(0x04, .init(repeating: 0, count: more)) : HeaderScene.v4
    let results = try HeaderScene.run(
      ["option f nonblocking", "until C f hex", "recv f 5", "mark f"], header.bytes, ["bytes 0 N", "send N END"],
      deferred: false)
    #expect(results[1].hasPrefix("0 - 32 wrote \(HeaderScene.contexts[0]) polls "), "\(results)")
    // Twelve bytes of signature, the fixed part, the rest: no more wakes than that.
    let polls = try #require(results[1].split(separator: " ").last.flatMap { Int($0) })
    #expect(polls <= 15 && results[2...] == ["hello", "1"], "\(results)")
  }

  @Test(
    "D11: the private code says whether a query would wait, and the socket when it would not",
    arguments: [1, 5, 12, 20])
  func pending(first: Int) throws {
    let scene = try HeaderScene(
      ["defer", "accept f", Self.isPending, "option f nonblocking", "C f", "R f 0", Self.isPending, "poll f 60"]
        + ["poll f 30000", "until \(Self.isPending)", "C f hex", "recv f 5", Self.isPending, "mark f"])
    let sender = try scene.send(HeaderScene.v4.bytes, ["send 0 \(first)", "wait", "send \(first) END"])
    _ = try scene.calls.program.line("timeout")
    sender.signal(SIGUSR1)
    let results = try scene.results()
    let none = "-1 EINPROGRESS kept same"
    #expect(
      Array(results.prefix(6)) == [none, "ok", "-1 EINPROGRESS 0 same", "-1 EINPROGRESS 0 same", none, "timeout"])
    #expect(results[6] == "readable" && results[7].hasPrefix("0 - kept same polls "), "\(results)")
    #expect(results[8...] == ["0 - 32 wrote \(HeaderScene.contexts[0])", "hello", "0 - kept same", "1"], "\(results)")
  }

  @Test("D11: other sockets never wait") func notPending() throws {
    let kinds = ["tcp", "listener", "accepted", "udp", "unix", "reset"]
    let scene = try HeaderScene(kinds.map { "C \($0) code=0x980000DF" } + ["C pipe code=0x980000DF"])
    #expect(
      try scene.results() == .init(repeating: "0 - kept same", count: kinds.count) + ["-1 ENOTSOCK kept same"])
  }

  @Test("S2.10, S2.11, S2.5: what a pending header does not put off") func order() throws {
    let scene = try HeaderScene(
      ["defer", "accept f", "option f nonblocking", "C f 2", "R f out=null", "C f req=null", "C listener", "C f 4"])
    let sender = try scene.send(HeaderScene.v4.bytes, ["send 0 20"])
    #expect(
      try scene.results() == [
        "ok", "-1 EINVAL 0 same", "-1 EFAULT kept -", "-1 EFAULT - same", "-1 ENOTCONN 0 same", "-1 EINPROGRESS 0 same",
      ])
    _ = sender
  }

  @Test("S12.1: SO_RCVTIMEO ends the wait of a blocking socket, and leaves it as it was") func timeout() throws {
    let scene = try HeaderScene(
      ["defer", "accept f", "option f timeout:100", "quiet C f", "mark f", "unread f", "option f timeout:0", "C f hex"]
        + ["recv f 5"])
    let sender = try scene.send(HeaderScene.v4.bytes, ["send 0 20", "wait", "send 20 END"])
    _ = try scene.calls.program.line("20")
    sender.signal(SIGUSR1)
    #expect(
      try scene.results() == [
        "ok", "-1 EINPROGRESS 0 same slept a few times", "1", "20", "ok",
        "0 - 32 wrote \(HeaderScene.contexts[0])", "hello",
      ])
  }

  @Test("S2.15: a signal ends the wait, whatever SA_RESTART says") func interrupted() throws {
    let results = try HeaderScene.run(
      ["interrupted C f", "mark f", "interrupted R f"], HeaderScene.v4.bytes, ["send 0 20"])
    #expect(results == ["-1 EINTR 0 same", "1", "-1 EINTR 0 same"])
  }

  /// The longest header is longer than a receive window.
  @Test(
    "S9.1: 65,551 bytes", arguments: ["send 0 N", "bytes 0 N"], ["", "option f nonblocking", "option f buffer:4096"])
  func longest(how: String, option: String) throws {
    let header = HeaderScene.v4.adding(0x04, .init(repeating: 7, count: 65535 - 12 - 3 - 7)).checked.bytes
    #expect(header.count == 65551)
    let setup = option.isEmpty ? [] : [option]
    let results = try HeaderScene.run(
      setup + ["until C f hex", "recv f 5", "mark f"], header, [how, "send N END"], deferred: false)
    #expect(results[setup.count].hasPrefix("0 - 32 wrote \(HeaderScene.contexts[0]) polls "), "\(results)")
    #expect(results[(setup.count + 1)...] == ["hello", "1"], "\(results)")
    let polls = try #require(results[setup.count].split(separator: " ").last.flatMap { Int($0) })
    #expect(polls <= 32, "\(results)")
  }
}
