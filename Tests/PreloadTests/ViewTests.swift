import Foundation
import Testing

/// `wfpctl view`: its page in a browser, its metrics, and who may not see either. `make view` builds the program.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded"), .serialized) struct ViewTests {
  private struct View {
    let program: Program
    let address: String, token: String

    init(_ stage: Stage, _ arguments: [String] = []) throws {
      let built = repository.appending(path: ".build-view/debug/wfpctl-view").path
      try #require(FileManager.default.isExecutableFile(atPath: built), "run `make view` first")
      program = stage.keep(
        try Program(
          built, ["--wfpctl", products.appending(path: "wfpctl").path, "--interval", "50"] + arguments,
          environment: stage.environment))
      let line = try program.line("http://")
      let parts = line.split(separator: "?token=").map(String.init)
      try #require(parts.count == 2, "\(line)")
      (address, token) = (parts[0], parts[1])
    }

    var url: String { "\(address)?token=\(token)" }

    /// curl's answer: the status, then the lines.
    func get(_ path: String, _ arguments: String...) throws -> (status: String, body: String) {
      let words = ["-sS", "--noproxy", "*", "-w", "\n%{http_code}"] + arguments + [address + path]
      let (_, lines) = try Program(tool("curl"), words).finish()
      return (lines.last ?? "", lines.dropLast().joined(separator: "\n"))
    }
  }

  /// Runs the steps in Chromium; a screenshot is kept where WFPSHIM_TEST_SCREENSHOTS says.
  private func browse(_ view: View, _ stage: Stage, _ name: String, _ steps: [(String, String)]) throws -> [String] {
    let folder = ProcessInfo.processInfo.environment["WFPSHIM_TEST_SCREENSHOTS"] ?? stage.folder
    let picture = "\(folder)/\(name).png"
    let script = repository.appending(path: "Tests/View/browse.py").path
    let (status, lines) = try Program(
      tool("python3"), [script, view.url, picture] + steps.flatMap { [$0.0, $0.1] }
    ).finish(seconds: 120)
    try #require(status == 0, "\(lines.suffix(8).joined(separator: "\n"))")
    #expect((try? Data(contentsOf: URL(fileURLWithPath: picture)).count) ?? 0 > 5_000)
    return lines
  }

  @Test("one chain of two services: its context, its counters, by keys alone") func oneChain() throws {
    let stage = try Stage()
    let (_, port) = try stage.origin()
    let denied = try stage.freePort()
    let loop = "  - {name: deny, action: block, conditions: {ip_remote_port: \(denied)}}"
    _ = try stage.service("contoso", redirecting: [port], weight: 100, filter: loop)
    _ = try stage.service("fabrikam", redirecting: [port], weight: 50)
    let stream = try stage.shimmed("ProbeStream", ["127.0.0.1", "\(port)", "--hold"])
    _ = try stream.line("holding")
    #expect(try stage.exchange(denied).said == "failed connect EACCES")
    let view = try View(stage)
    let chain = "ProbeStream → contoso → fabrikam → 127.0.0.1:\(port)"
    let lines = try browse(
      view, stage, "one",
      [
        ("rows", "1"), ("text", "#state"), ("wait", "#engine=\(stage.engine)"), ("wait", "#rows=\(chain)"),
        ("wait", "#counter-rows=contoso"), ("unnamed", ""),
        // By keys alone: from the top of the page to the table, into the connection, and back.
        ("keys", "TAB,ENTER"), ("focus", ""), ("keys", "DOWN"), ("selected", ""), ("keys", "ENTER"),
        ("wait", "#detail-heading=Connection"), ("focus", ""), ("text", "#lineage"), ("keys", "ESCAPE"), ("focus", ""),
        ("keys", "/"), ("focus", ""), ("keys", "nothing-like-this"), ("rows", "0"),
        ("keys", "BACKSPACE" + String(repeating: ",BACKSPACE", count: 16)), ("keys", "fabrikam"), ("rows", "1"),
        ("errors", ""),
      ])
    #expect(lines.contains("text: live") && lines.contains("unnamed: []") && lines.contains("errors: []"), "\(lines)")
    #expect(
      lines.filter { $0.hasPrefix("focus: ") } == ["focus: flows", "focus: detail", "focus: flows", "focus: filter"])
    #expect(
      lines.contains("selected: 2") && lines.filter { $0.hasPrefix("rows: ") } == ["rows: 1", "rows: 0", "rows: 1"])
    let lineage = try #require(lines.first { $0.contains("by filter to-contoso") })
    #expect(lineage.contains("by filter to-fabrikam") && lineage.contains("Context of contoso, 256 bytes"))
    #expect(lineage.contains("sockaddr_storage remote 127.0.0.1:\(port)"), "\(lineage)")
  }

  @Test("what begins and ends is seen without a reload, and why one was blocked") func live() throws {
    let stage = try Stage()
    let (_, port) = try stage.origin()
    _ = try stage.service("contoso", redirecting: [port], weight: 9, arguments: ["--no-set"])
    _ = try stage.service("fabrikam", redirecting: [port], arguments: ["--no-set"])
    let view = try View(stage)
    let script = repository.appending(path: "Tests/View/browse.py").path
    let browser = stage.keep(
      try Program(
        tool("python3"),
        [
          script, view.url, stage.folder + "/live.png", "rows", "0", "wait", "#reasons=loop", "wait",
          "#counter-rows=16", "rows", "0",
        ]))
    _ = try browser.line("rows: 0", seconds: 60)
    #expect(try !stage.exchange(port).good)  // round and round, until it is stopped: SPEC S4.4
    let (status, lines) = try browser.finish(seconds: 60)
    #expect(status == 0, "\(lines)")
  }

  @Test("ten thousand live connections: few rows drawn wherever one looks") func tenThousand() throws {
    let stage = try Stage()
    let port = try stage.freePort()
    let service = try stage.shimmed(tool("python3"), [program("hold.py"), "accept"])
    try stage.load(stage.policy("contoso", port: try service.port(), redirecting: [port]), name: "contoso")
    let client = try stage.shimmed(tool("python3"), [program("hold.py"), "connect", "\(port)", "10000"])
    _ = try client.line("holding 10000", seconds: 60)
    let view = try View(stage)
    let lines = try browse(
      view, stage, "many",
      [
        ("rows", "10000"), ("after", "document.getElementById('flows').scrollTop = 150000"),
        ("after", "document.getElementById('hops').click()"), ("keys", "TAB,ENTER,END"), ("selected", ""),
        ("keys", "ENTER"), ("wait", "#facts=127.0.0.1:\(port)"), ("errors", ""),
      ])
    let drawn = try #require(lines.first.flatMap { Int($0.dropFirst(6)) })
    #expect(drawn > 5 && drawn < 100)
    let places = lines.filter { $0.hasPrefix("after: ") }.map { $0.split(separator: " ").compactMap { Int($0) } }
    try #require(places.count == 2 && places.allSatisfy { $0.count == 2 }, "\(lines)")
    #expect((4_600...4_700).contains(places[0][0]) && (6..<100).contains(places[0][1]))
    #expect(places[1][0] == 2 && (6..<100).contains(places[1][1]))  // another choice begins at the top
    #expect(lines.contains("selected: 10001"), "\(lines)")
    #expect(lines.last == "errors: []")
  }

  @Test("only who has the token, on this machine, under its own name") func access() throws {
    let stage = try Stage()
    try stage.wfpctl("status")
    let view = try View(stage)
    for path in ["", "events", "metrics", "flows.svg", "view.js", "style.css", "flows/1"] {
      #expect(try view.get(path).status == "403", "\(path)")
      #expect(try view.get(path + "?token=" + String(view.token.reversed())).status == "403", "\(path)")
      #expect(try view.get(path + "?token=").status == "403", "\(path)")
    }
    #expect(try view.get("?token=\(view.token)").status == "200")
    #expect(try view.get("metrics", "-H", "Authorization: Bearer \(view.token)").status == "200")
    // A page elsewhere whose name leads here (DNS rebinding).
    #expect(try view.get("?token=\(view.token)", "-H", "Host: attacker.example").status == "421")
    #expect(try view.get("flows/nothing?token=\(view.token)").status == "404")
    let port = try #require(UInt16(view.address.split(separator: ":").last?.dropLast() ?? ""))
    let listening = try Program(tool("ss", package: "iproute2"), ["-ltnH", "sport = :\(port)"]).finish().lines
    #expect(listening.count == 1 && listening[0].contains("127.0.0.1:\(port)"), "\(listening)")
    let fields = try view.get("?token=\(view.token)", "-I", "-X", "GET").body.lowercased()
    for field in [
      "content-security-policy: default-src 'none'", "referrer-policy: no-referrer", "cache-control: no-store",
    ] {
      #expect(fields.contains(field), "\(field)")
    }
  }

  @Test("the token of a file: only of one that others cannot read") func tokenFile() throws {
    let stage = try Stage()
    let file = stage.folder + "/token"
    try "abcdefghijklmnop-0123\n".write(toFile: file, atomically: true, encoding: .utf8)
    try #require(chmod(file, 0o644) == 0)
    let built = repository.appending(path: ".build-view/debug/wfpctl-view").path
    let refused = try Program(built, ["--token-file", file]).finish()
    #expect(
      refused.status == 1 && refused.lines.joined().contains("\(file): others may read it (mode 644); expected 600"))
    try #require(chmod(file, 0o600) == 0)
    #expect(try View(stage, ["--token-file", file]).token == "abcdefghijklmnop-0123")
    try "short".write(toFile: file, atomically: true, encoding: .utf8)
    try #require(chmod(file, 0o600) == 0)
    let short = try Program(built, ["--token-file", file]).finish()
    #expect(short.status == 1 && short.lines.joined().contains("not a token; expected 16 or more"))
  }

  @Test("without an engine that can be used the page says what is wrong, and goes on when it is there") func noEngine()
    throws
  {
    let stage = try Stage()
    _ = FileManager.default.createFile(
      atPath: stage.engine, contents: Data("scribbled".utf8), attributes: [.posixPermissions: 0o600])
    let view = try View(stage)
    let script = repository.appending(path: "Tests/View/browse.py").path
    let browser = stage.keep(
      try Program(
        tool("python3"),
        [
          script, view.url, stage.folder + "/none.png", "wait", "#trouble=\(stage.engine)", "wait",
          "#engine=\(stage.engine)", "text", "#trouble",
        ]))
    _ = try browser.line("wait: yes", seconds: 60)
    try #require(unlink(stage.engine) == 0)
    let (status, lines) = try browser.finish(seconds: 60)
    #expect(status == 0 && lines.last == "text: ", "\(lines)")
  }

  @Test("`wfpctl view` starts it, and its wfpctl ends with it") func started() throws {
    let stage = try Stage()
    let folder = stage.folder + "/bin"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try copyProgram(products.appending(path: "wfpctl").path, to: folder + "/wfpctl")
    let environment = stage.environment.merging(["LD_LIBRARY_PATH": products.path]) { $1 }
    let missing = try Program(folder + "/wfpctl", ["view"], environment: environment).finish()
    #expect(missing.status == 1 && missing.lines.joined().contains("make view"), "\(missing.lines)")
    try FileManager.default.createSymbolicLink(
      atPath: folder + "/wfpctl-view",
      withDestinationPath: repository.appending(path: ".build-view/debug/wfpctl-view").path)
    let program = stage.keep(
      try Program(folder + "/wfpctl", ["view", "--interval", "20"], environment: environment))
    _ = try program.line("http://127.0.0.1:")
    let waiting = "until pgrep -P \(program.pid) -f -- --follow; do sleep 0.05; done"
    let found = try Program(tool("timeout"), ["20", "sh", "-c", waiting]).finish()
    let child = try #require(found.lines.last.flatMap { Int32($0) })
    try program.stop()
    #expect(try Program(tool("timeout"), ["20", "tail", "--pid=\(child)", "-f", "/dev/null"]).finish().status == 0)
  }
}
