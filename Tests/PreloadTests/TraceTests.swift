import Foundation
import Testing

/// `wfpctl trace`: what a program under the shim did, and what became of it.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct TraceTests {
  private struct Event: Decodable {
    struct Hop: Decodable {
      let provider: String?, filter: String?
      let inherited: Bool
    }
    let version: Int
    let call: String, outcome: String, program: String
    let pid: Int
    let seconds: Double
    let error: String?, code: String?, destination: String?, peer: String?, filter: String?, flow: String?
    let bytes: Int?, applicationPid: Int?
    let lineage: [Hop]
    let advice: String?
  }

  /// A traced program whose events go to a file.
  private func trace(_ stage: Stage, _ name: String, _ words: [String], json: Bool = true) throws -> Program {
    let options = ["trace", "--library", shim, "-o", "\(stage.folder)/\(name)"] + (json ? ["--json", "--"] : ["--"])
    return stage.keep(try Program("wfpctl", options + words, environment: stage.environment))
  }

  private func lines(_ stage: Stage, _ name: String) throws -> [String] {
    try String(contentsOfFile: "\(stage.folder)/\(name)", encoding: .utf8).split(separator: "\n").map(String.init)
  }

  private func events(_ stage: Stage, _ name: String) throws -> [Event] {
    try lines(stage, name).map { try JSONDecoder().decode(Event.self, from: Data($0.utf8)) }
  }

  private func probe(_ name: String) -> String { products.appending(path: name).path }

  /// A traced service, with its policy, and one traced client of it, to the end of both.
  private func oneConnection(_ stage: Stage, json: Bool = true, service arguments: [String] = []) throws -> UInt16 {
    let (_, port) = try stage.origin()
    let service = try trace(
      stage, "service", [probe("ProbeService"), "contoso", "127.0.0.1", "0"] + arguments, json: json)
    try stage.load(stage.policy("contoso", port: try service.port(), redirecting: [port]), name: "contoso")
    let client = try trace(stage, "client", [probe("ProbeClient"), "127.0.0.1", "\(port)"], json: json)
    _ = try client.finish()
    _ = try service.stop()
    return port
  }

  @Test("S11.7: each connect, accept and control code, with filter, lineage and time") func everyCall() throws {
    let stage = try Stage()
    let port = try oneConnection(stage)
    let client = try events(stage, "client")
    let connect = try #require(client.first { $0.call == "connect" })
    #expect(connect.outcome == "redirected" && connect.filter == "to-contoso" && connect.program == "ProbeClient")
    #expect(connect.destination == "127.0.0.1:\(port)" && connect.peer != connect.destination)
    #expect(connect.lineage.map(\.provider) == ["contoso"] && connect.error == nil && connect.advice == nil)
    #expect(connect.seconds > 0 && connect.version == 1)
    let service = try events(stage, "service")
    let calls = ["accept", "ioctl", "ioctl", "ioctl", "connect"]
    try #require(service.map(\.call) == calls, "\(service.map(\.call))")
    #expect(service[0].outcome == "claimed" && service[0].applicationPid == connect.pid)
    #expect(service[0].destination == connect.destination && service[0].flow == connect.flow)
    #expect(service[1].code == "SIO_QUERY_WFP_CONNECTION_REDIRECT_RECORDS" && service[1].bytes == 128)
    #expect(service[2].code == "SIO_QUERY_WFP_CONNECTION_REDIRECT_CONTEXT" && service[2].bytes == 256)
    #expect(service[3].code == "SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS" && service[3].error == nil)
    #expect(service[4].outcome == "direct" && service[4].lineage.map(\.provider) == ["contoso"])
    #expect(service.allSatisfy { $0.advice == nil })
  }

  @Test("A service that sets its records after connect is told so") func tooLate() throws {
    let stage = try Stage()
    _ = try oneConnection(stage, json: false, service: ["--late"])
    let line = try #require(try lines(stage, "service").first { $0.contains("SIO_SET_WFP") })
    #expect(line.contains("EINVAL") && line.contains("too late") && line.contains("before connect"), "\(line)")
  }

  @Test("S4.4: a service that sets none, and meets another's redirect, is told so") func never() throws {
    let stage = try Stage()
    let (_, port) = try stage.origin()
    _ = try stage.service("fabrikam", redirecting: [port], weight: 1)
    let service = try trace(stage, "service", [probe("ProbeService"), "contoso", "127.0.0.1", "0", "--no-set"])
    try stage.load(stage.policy("contoso", port: try service.port(), redirecting: [port], weight: 200), name: "contoso")
    _ = try stage.shimmed("ProbeClient", ["127.0.0.1", "\(port)"]).finish()
    _ = try service.stop()
    let connect = try #require(try events(stage, "service").first { $0.call == "connect" })
    #expect(connect.outcome == "redirected" && connect.lineage.map(\.inherited) == [true, false])
    #expect(try #require(connect.advice).contains("SIO_SET_WFP_CONNECTION_REDIRECT_RECORDS"))
  }

  @Test(
    "What fails says why: blocked, refused, no endpoint listening",
    arguments: ["block", "refused", "absent", "required"])
  func failures(how: String) throws {
    let stage = try Stage()
    let (origin, port) = try stage.origin()
    switch how {
    case "block":
      try stage.load(
        stage.filters(stage.filter("no", "block", conditions: "{ip_remote_port: \(port)}")), name: "blocks")
    case "absent": try stage.load(stage.policy("contoso", port: 1, redirecting: [port]), name: "contoso")
    case "refused": _ = try origin.stop()
    default: try stage.load(stage.policy("contoso", port: 1, redirecting: [port]), name: "contoso")
    }
    // The engine that wfpctl has made, which the program may not read.
    let start = how == "required" ? "chmod 755 \(stage.folder); WFPSHIM_REQUIRED=1 " : ""
    let client = "\(start)exec \(probe("ProbeClient")) 127.0.0.1 \(port)"
    _ = try trace(stage, "client", ["/bin/sh", "-c", client]).finish()
    chmod(stage.folder, 0o700)
    let connect = try #require(try events(stage, "client").first { $0.call == "connect" })
    let expected = [
      "block": ("blocked", "EACCES", "no"), "absent": ("notListening", "ECONNREFUSED", "to-contoso"),
      "refused": ("direct", "ECONNREFUSED", nil), "required": ("refused", "ENETDOWN", nil),
    ]
    let (outcome, error, filter) = try #require(expected[how])
    #expect(connect.outcome == outcome && connect.error == error && connect.filter == filter, "\(connect)")
  }

  @Test("S8.1: the first datagram to a destination, and none of the next") func datagrams() throws {
    let stage = try Stage()
    try stage.load(
      stage.filters(stage.filter("no", "block", conditions: "{ip_protocol: udp, ip_remote_port: 9}")), name: "blocks")
    let text =
      "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
      + "try: s.sendto(b'x', ('127.0.0.1', 9))\nexcept OSError as e: print(e.errno)\n"
    let python = try trace(stage, "client", ["python3", "-c", text])
    #expect(try python.finish().lines == ["13"])
    let sent = try events(stage, "client").filter { $0.call == "send" }
    #expect(sent.map(\.outcome) == ["blocked"] && sent.map(\.destination) == ["127.0.0.1:9"])
  }

  @Test("The exit code is the program's; so is a signal", arguments: [("exit 3", 3), ("kill -9 $$", 137)])
  func exitCode(script: String, code: Int32) throws {
    let stage = try Stage()
    let traced = try trace(stage, "none", ["/bin/sh", "-c", script])
    #expect(try traced.finish().status == code)
    #expect(try lines(stage, "none").isEmpty)
  }

  @Test("What ends wfpctl ends the program, and no file is left") func terminated() throws {
    let stage = try Stage()
    let options = ["trace", "--library", shim, "--", "/bin/sh", "-c", "echo $WFPSHIM_TRACE; exec sleep 60"]
    let traced = stage.keep(
      try Program("wfpctl", options, environment: stage.environment.merging(["TMPDIR": stage.folder]) { $1 }))
    let file = try traced.line("wfpctl-trace")
    #expect(file.hasPrefix(stage.folder) && FileManager.default.fileExists(atPath: file))
    traced.signal(SIGTERM)
    #expect(try traced.finish().status == 128 + SIGTERM)
    #expect(!FileManager.default.fileExists(atPath: file))
  }

  @Test("Who reads no more of the trace does not end the program, nor hide its exit code") func brokenPipe() throws {
    let stage = try Stage()
    let (origin, port) = try stage.origin()
    // Until nobody reads; then what is to be told.
    let program = "trap \"\" PIPE; while echo x >&2; do :; done; \(probe("ProbeClient")) 127.0.0.1 \(port); exit 3"
    let script = "\(probe("wfpctl")) trace --library \(shim) -- /bin/sh -c '\(program)' 2> >(exec true); echo code $?"
    let piped = stage.keep(try Program("/bin/bash", ["-c", script], environment: stage.environment))
    #expect(try piped.finish().lines.last == "code 3")
    #expect(try origin.stop().count(containing: "accepted") == 1)
  }

  @Test("A trace file that is not there, or is a link, is not made and not followed", arguments: [false, true])
  func otherFiles(isLink: Bool) throws {
    let stage = try Stage()
    let (_, port) = try stage.origin()
    let (file, target) = ("\(stage.folder)/trace", "\(stage.folder)/target")
    try #require(FileManager.default.createFile(atPath: target, contents: nil))
    if isLink { try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: target) }
    let client = try stage.shimmed(
      "ProbeClient", ["127.0.0.1", "\(port)"], environment: ["WFPSHIM_TRACE": file])
    #expect(try client.finish().status == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: target)).isEmpty)
    #expect(FileManager.default.fileExists(atPath: file) == isLink)
  }
}
