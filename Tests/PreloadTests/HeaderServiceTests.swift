import Foundation
import Testing

/// S5.7: a Winsock program asks for the context of a connection whose PROXY header is still on its way.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct HeaderServiceTests {
  /// Compiles Tests/Programs/header_service.c and runs it against a sender whose header stops at byte 20.
  /// - Returns: The service's lines from its first one behind `listening` on.
  private func run(_ mode: String, _ blocking: String, rest: [String] = ["bytes 20 N", "send N END"]) throws -> [String]
  {
    let stage = try Stage()
    let service = stage.folder + "/service"
    let headers = repository.appending(path: "include/wfpshim").path
    let compiled = try Program(
      tool("gcc"),
      [
        "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-I\(headers)", program("header_service.c"), "-o", service,
        "-L\(products.path)", "-lws2_32", "-Wl,-rpath,\(products.path)",
      ]
    ).finish()
    try #require(compiled.status == 0, "\(compiled.lines)")
    // The policy comes before the service, which accepts at once.
    let port = try stage.freePort()
    try stage.load(
      """
      version: 1
      providers: [{name: contoso, endpoints: ["127.0.0.1:\(port)"], accepts: proxy-v2, context: [{sockaddr: remote}]}]
      """, name: "contoso")
    let serving = try stage.shimmed(service, [mode, blocking, "\(port)"])
    _ = try serving.port()
    let bytes = stage.folder + "/bytes"
    let header = HeaderScene.v4.bytes
    try Data(header + Array("hello".utf8)).write(to: URL(fileURLWithPath: bytes))
    let numbers = ["N": "\(header.count)", "END": "\(header.count + 5)"]
    let commands = (["bytes 0 20", "wait"] + rest).map { command in
      command.split(separator: " ").map { numbers[String($0)] ?? String($0) }.joined(separator: " ")
    }
    let sender = stage.keep(try Program("ProbeSender", ["127.0.0.1", "\(port)", bytes] + commands))
    if mode != "close" && mode != "sync" {
      _ = try serving.line("pending")
      sender.signal(SIGUSR1)
    }
    let (status, lines) = try serving.finish()
    try #require(status == 0, "\(lines)")
    return Array(lines.dropFirst())
  }

  @Test(
    "S5.7: it is pending, and the header's last byte ends it, told by event, packet and routine",
    arguments: ["event", "port", "routine"], ["blocking", "nonblocking"])
  func arrival(mode: String, blocking: String) throws {
    #expect(try run(mode, blocking) == ["pending", "ended 0 bytes 16", "received hello"])
  }

  @Test("S5.7: a receive that begins meanwhile has none of the header's bytes", arguments: ["blocking", "nonblocking"])
  func receive(blocking: String) throws {
    #expect(try run("receive", blocking) == ["pending", "ended 0 bytes 16", "received hello"])
  }

  @Test("S5.5, S5.7: CancelIoEx ends it, and the next one is answered", arguments: ["blocking", "nonblocking"])
  func cancel(blocking: String) throws {
    #expect(
      try run("cancel", blocking) == ["ended 995 bytes 0", "pending", "ended 0 bytes 16", "received hello"])
  }

  @Test("S5.5, S5.7: closesocket ends it", arguments: ["blocking", "nonblocking"]) func close(blocking: String) throws {
    #expect(try run("close", blocking) == ["status c0000120 bytes 0"])
  }

  @Test("S5.7, S2.10: the peer's FIN ends it: there is no record", arguments: ["blocking", "nonblocking"])
  func end(blocking: String) throws {
    #expect(try run("fin", blocking, rest: ["fin"]) == ["pending", "ended 10022 bytes 0"])
  }

  @Test("S2.15: without an OVERLAPPED a signal ends the wait with WSAEINTR") func interrupted() throws {
    #expect(try run("sync", "blocking") == ["sync 10004 bytes 0"])
  }

  @Test("S5.7: without an OVERLAPPED a non-blocking socket says WSAEWOULDBLOCK") func wouldBlock() throws {
    #expect(try run("sync", "nonblocking") == ["sync 10035 bytes 0"])
  }
}
