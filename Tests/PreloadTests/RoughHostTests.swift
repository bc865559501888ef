import Foundation
import Testing

/// Hosts that have little, refuse much, or hold more than one of everything: SPEC S10.1, S10.3, hazards H3, H5, H9, H13,
/// H32, H33, H40, H46.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct RoughHostTests {
  let stage: Stage
  let origin: (program: Program, port: UInt16)

  init() throws {
    stage = try Stage()
    origin = try stage.origin()
  }

  /// Runs `path` without and with the shim and expects the same lines, and `flows` redirected connections.
  private func same(
    _ path: String, _ arguments: [String], flows: Int, environment: [String: String] = [:], last: String? = nil,
    service options: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let service = try stage.service("contoso", redirecting: [origin.port], arguments: options)
    let plain = try stage.keep(Program(path, arguments, environment: environment)).finish()
    let shimmed = try stage.shimmed(path, arguments, environment: environment).finish()
    #expect(plain.status == 0 && (last == nil || plain.lines.last == last), "\(plain)", sourceLocation: sourceLocation)
    #expect(
      shimmed.status == plain.status && shimmed.lines == plain.lines, "\(shimmed)", sourceLocation: sourceLocation)
    #expect(service.output.count(containing: " flow ") == flows, sourceLocation: sourceLocation)
  }

  private var place: [String] { ["127.0.0.1", "\(origin.port)"] }
  private var hosts: String { products.appending(path: "ProbeHosts").path }

  /// Children connect in the parent's memory, and as programs; their ends take nothing away from those that follow.
  @Test("H5, H40, H46: storms of posix_spawn and vfork", arguments: [("spawn", 80), ("vforks", 240)])
  func storm(name: String, flows: Int) throws {
    try same(hosts, [name] + place, flows: flows, last: "echo 1")
    #expect(FileManager.default.fileExists(atPath: stage.engine))
    #expect(try stage.exchange(origin.port).good)
  }

  @Test("H13, H14: close says what the kernel says") func closes() throws {
    try same(hosts, ["closes"] + place, flows: 50, last: "echo 1")
  }

  /// Its service accepts in 50 threads, and asks in one for each connection.
  @Test("H15, H17: 500 threads connect, duplicate, ask and close") func crowd() throws {
    try same(hosts, ["crowd"] + place, flows: 1500, last: "echo 1", service: ["--acceptors", "50"])
  }

  /// The filter would redirect the port, but only of TCP. MSG_FASTOPEN means nothing to a datagram.
  @Test("H24: odd datagrams") func datagrams() throws {
    try same(hosts, ["datagrams"] + place, flows: 0, last: "echo 1")
  }

  /// The first sockets are descriptors 0, 1 and 2; what the shim opens for itself is neither among them nor written to.
  @Test("H3, S10.1: started without descriptors 0, 1 and 2") func bare() throws {
    let line = "exec 9>&1 0<&- 1>&- 2>&-; exec \"$0\" \"$@\""
    try same("/bin/sh", ["-c", line, hosts, "bare"] + place, flows: 3, last: "echo 1")
  }

  @Test("S10.1, H1: RLIMIT_NOFILE 3") func noDescriptorLeft() throws {
    try same(hosts, ["few"] + place, flows: 1, last: "echo 1")
  }

  /// 100 MB do not hold the address range that the flow table may grow into, but what is there now.
  @Test("S10.1: RLIMIT_AS that holds the engine") func smallAddressSpace() throws {
    let sockets = products.appending(path: "ProbeSockets").path
    let limited = ["-c", "ulimit -v 100000; exec \"$0\" \"$@\"", sockets, "plain"] + place + ["1"]
    try same("/bin/sh", limited, flows: 1, last: "echo")
    #expect(stage.diagnostics.isEmpty)
  }

  /// 6 MB hold true(1), and no engine beside it.
  @Test("S10.3: RLIMIT_AS that does not hold the engine", arguments: [false, true])
  func noAddressSpace(required: Bool) throws {
    let early = try library()
    let service = try stage.service("contoso", redirecting: [origin.port])
    let program = try Program(
      "/bin/sh", ["-c", "ulimit -v 6000; EARLY='127.0.0.1 \(origin.port)' exec true"], preload: "\(shim):\(early)",
      environment: stage.environment.merging(["WFPSHIM_REQUIRED": required ? "1" : "0"]) { $1 })
    let (status, lines) = try stage.keep(program).finish()
    #expect(status == 0 && lines.first == (required ? "constructor ENETDOWN" : "constructor echo"), "\(lines)")
    #expect(service.output.count(containing: " flow ") == 0)
    let refusals = stage.diagnostics.filter { $0.contains("refused: errno 12") && $0.contains("engine") }
    #expect(refusals.count == 1 && refusals == stage.diagnostics, "\(stage.diagnostics)")
  }

  static let mounts: Bool = {
    guard geteuid() == 0, let unshare = try? tool("unshare", package: "util-linux") else { return false }
    let program = try? Program(unshare, ["-m", "/bin/sh", "-c", "mount -t tmpfs none /proc"])
    return (try? program?.finish().status) == 0
  }()

  @Test("S10.1, H41: no /proc", .enabled(if: mounts, "needs root and mount(2)")) func noProc() throws {
    let sockets = products.appending(path: "ProbeSockets").path
    let line = "mount -t tmpfs none /proc; exec \"$0\" \"$@\""
    let arguments = ["-m", "/bin/sh", "-c", line, sockets, "plain"] + place + ["1"]
    try same(tool("unshare", package: "util-linux"), arguments, flows: 1, last: "echo")
  }

  /// The user's engine is looked for where it would be.
  @Test("S10.3: no /dev/shm", .enabled(if: mounts, "needs root and mount(2)"), arguments: [false, true])
  func noShm(required: Bool) throws {
    let sockets = products.appending(path: "ProbeSockets").path
    let line = "mount -t tmpfs none /dev; exec \"$0\" \"$@\""
    let settings = ["WFPSHIM_LOG": stage.log, "WFPSHIM_REQUIRED": required ? "1" : "0"]
    let arguments = ["-m", "/bin/sh", "-c", line, sockets, "plain"] + place + ["1"]
    let program = try Program(tool("unshare"), arguments, preload: shim, environment: settings)
    let lines = try stage.keep(program).finish().lines
    #expect(lines.first == (required ? "connect ENETDOWN" : "connect 0"), "\(lines)")
  }

  /// Compiles a library of Tests/Programs.
  private func library() throws -> String {
    let file = stage.folder + "/libearly.so"
    let build = try Program(tool("gcc"), ["-shared", "-fPIC", "-o", file, program("early.c")])
    let (status, said) = try build.finish()
    try #require(status == 0, "\(said)")
    return file
  }

  /// The loader runs the constructors of the last library in the list first.
  @Test("H9: constructors before and after the shim's, destructors, exit handlers", arguments: [true, false])
  func foreignConstructor(shimFirst: Bool) throws {
    let early = try library()
    let service = try stage.service("contoso", redirecting: [origin.port])
    let preload = (shimFirst ? [shim, early] : [early, shim]).joined(separator: ":")
    let environment = stage.environment.merging(["EARLY": "127.0.0.1 \(origin.port)"]) { $1 }
    let program = stage.keep(try Program(tool("true"), preload: preload, environment: environment))
    let (status, lines) = try program.finish()
    #expect(status == 0 && lines.sorted() == ["atexit echo", "constructor echo", "destructor echo"], "\(lines)")
    #expect(try service.stop().count(containing: " flow ") == 3)
    #expect(try origin.program.stop().count(containing: "accepted") == 3)
  }

  /// S10.3 too: before the settings were read nothing goes around an engine that is required.
  @Test("H9, S10.3: a constructor before the shim's, with WFPSHIM_REQUIRED=1") func requiredEarly() throws {
    let early = try library()
    let environment = stage.environment.merging(["EARLY": "127.0.0.1 \(origin.port)", "WFPSHIM_REQUIRED": "1"]) { $1 }
    let program = try Program(tool("true"), preload: "\(shim):\(early)", environment: environment)
    #expect(try stage.keep(program).finish().lines.first == "constructor ENETDOWN")
  }

  /// docs/limits.md: modules in a namespace of their own, or bound to libc first, go direct; others do not.
  @Test("H32: plug-ins", arguments: [("dlopen", 1), ("deepbind", 0), ("dlmopen", 0)])
  func plugin(how: String, flows: Int) throws {
    try same(hosts, [how] + place + [library()], flows: flows, last: "plugin echo")
  }

  /// A copy under another name beside the shim: the flow is published once, with the destination that was dialled,
  /// though the filter matches the service's endpoint too. And a program that has the copy alone, on the same engine.
  @Test("S10.1, H34: two libraries at once, one engine", arguments: [["shim", "copy"], ["copy", "shim"], ["copy"]])
  func twoLibraries(order: [String]) throws {
    let copy = stage.folder + "/libother.so"
    try FileManager.default.copyItem(atPath: shim, toPath: copy)
    let service = try stage.shimmed("ProbeService", ["contoso", "127.0.0.1", "0"])
    try stage.load(
      stage.redirect("contoso", port: try service.port(), conditions: "{ ip_protocol: tcp }"), name: "contoso")
    let preload = order.map { $0 == "copy" ? copy : shim }.joined(separator: ":")
    let client = try Program(
      "ProbeClient", place + ["--count", "10", "--parallel", "2"], preload: preload, environment: stage.environment)
    let (status, lines) = try stage.keep(client).finish()
    #expect(status == 0 && lines.last == "ok 10 failed 0 peer 127.0.0.1:\(origin.port)", "\(lines)")
    #expect(try service.stop().count(containing: "flow 127.0.0.1:\(origin.port) records 128 ") == 10)
    #expect(try origin.program.stop().count(containing: "accepted") == 10)
  }

  /// The documented order: the sanitizer's runtime first. A program that has it linked in needs none.
  @Test("H33: under AddressSanitizer", arguments: [true, false]) func addressSanitizer(linkedIn: Bool) throws {
    let gcc = try tool("gcc")
    let probes = repository.appending(path: "Tests/Probes").path
    let file = stage.folder + "/client"
    let flags = ["-fsanitize=address", "-pthread", "-I\(probes)/support/include", "-o", file]
    let sources = ["\(probes)/client/client.c", "\(probes)/support/probe.c"]
    let (status, said) = try Program(gcc, (linkedIn ? ["-static-libasan"] : []) + flags + sources).finish()
    try #require(status == 0, "\(said)")
    let runtime = try #require(try Program(gcc, ["-print-file-name=libasan.so"]).finish().lines.first)
    let service = try stage.service("contoso", redirecting: [origin.port])
    let preload = linkedIn ? shim : "\(runtime):\(shim)"
    let environment = stage.environment.merging(["ASAN_OPTIONS": "detect_leaks=0:exitcode=99"]) { $1 }
    let client = try Program(file, place + ["--count", "5"], preload: preload, environment: environment)
    let (result, lines) = try stage.keep(client).finish()
    #expect(result == 0 && lines.last?.hasPrefix("ok 5 failed 0 ") == true, "\(lines)")
    #expect(try service.stop().count(containing: " flow ") == 5)
  }
}
