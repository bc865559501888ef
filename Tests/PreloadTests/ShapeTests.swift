import Foundation
import Testing

/// Proxies of four shapes, and one in C++, as redirect services: Windows source, unchanged, under the preload, with
/// clients that are redirected and do what clients do. S4.1, S5, S7.
@Suite(.serialized, .disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct ShapeTests {
  enum Shape: String, CaseIterable, CustomTestStringConvertible {
    case threads, select, events, port, classes
    var testDescription: String { rawValue }

    var source: String {
      let file =
        switch self {
        case .threads: "examples/redirect-service/redirect_service.c"
        case .select: "Tests/Programs/select_relay.c"
        case .events: "examples/event-relay/event_relay.c"
        case .port: "examples/port-relay/port_relay.c"
        case .classes: "examples/class-relay/class_relay.cpp"
        }
      return repository.appending(path: file).path
    }

    var isClasses: Bool { self == .classes }
    var standard: String { isClasses ? "-std=c++17" : "-std=gnu17" }

    func arguments(port: UInt16, count: Int?) -> [String] {
      (self == .threads ? ["service", "\(port)"] : ["\(port)"]) + (count.map { ["--count", "\($0)"] } ?? [])
    }
  }

  enum Host: String, CaseIterable, CustomTestStringConvertible {
    case four = "127.0.0.1"
    case six = "::1"
    var testDescription: String { self == .four ? "IPv4" : "IPv6" }
  }

  /// client -> service -> origin.
  final class Scene {
    let stage: Stage
    let origin: Program
    let service: Program
    let host: Host
    let port: UInt16

    init(_ shape: Shape, _ host: Host, count: Int? = nil, flags: [String] = [], environment: [String: String] = [:])
      throws
    {
      self.host = host
      stage = try Stage()
      let program = stage.folder + "/service"
      let headers = repository.appending(path: "include/wfpshim").path
      let compiled = try Program(
        tool(shape.isClasses ? "g++" : "gcc"),
        [shape.standard, "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-I\(headers)"] + flags + [
          shape.source, "-o", program, "-L\(products.path)", "-lws2_32", "-Wl,-rpath,\(products.path)",
        ]
      ).finish(seconds: 120)
      try #require(compiled.status == 0, "\(compiled.lines)")
      origin = stage.keep(try Program("ProbeShapes", ["origin", host.rawValue]))
      port = try origin.port()
      // Of the kernel's choice for one family it could be somebody else's in the other one.
      let endpoint = try stage.freePort()
      service = try stage.shimmed(
        program, shape.arguments(port: endpoint, count: count), environment: environment)
      try stage.load(stage.policy("contoso", port: try service.port(), redirecting: [port]), name: "contoso")
    }

    func client(_ what: String, size: Int? = nil) throws -> Program {
      try stage.shimmed("ProbeShapes", [what, host.rawValue, "\(port)"] + (size.map { ["\($0)"] } ?? []))
    }

    /// A client to its end.
    func expect(_ what: String, size: Int? = nil, sourceLocation: SourceLocation = #_sourceLocation) throws {
      let (status, lines) = try client(what, size: size).finish(seconds: 300)
      #expect(status == 0 && lines.last == "ok \(size ?? 1)", "\(what): \(lines)", sourceLocation: sourceLocation)
    }

    /// One small exchange of another client: the service is neither blocked nor gone.
    func expectItServes(sourceLocation: SourceLocation = #_sourceLocation) throws {
      let (status, lines) = try stage.shimmed("ProbeStream", [host.rawValue, "\(port)", "--size", "100000"]).finish()
      #expect(status == 0 && lines.last == "ok 100000", "\(lines)", sourceLocation: sourceLocation)
      _ = try origin.line("echoed", sourceLocation: sourceLocation)
    }
  }

  @Test("the source is a Windows program's", arguments: Shape.allCases) func mingw(shape: Shape) throws {
    let stage = try Stage()
    let compiler = try tool(
      "x86_64-w64-mingw32-" + (shape.isClasses ? "g++" : "gcc"), package: "g++-mingw-w64-x86-64 gcc-mingw-w64-x86-64")
    // mingw-w64's mstcpip.h lacks the three codes.
    let codes = [("QUERY", "RECORDS", 0xdc), ("QUERY", "CONTEXT", 0xdd), ("SET", "RECORDS", 0xde)].map {
      "-DSIO_\($0.0)_WFP_CONNECTION_REDIRECT_\($0.1)=0x980000\(String($0.2, radix: 16))u"
    }
    let (status, lines) = try Program(
      compiler,
      [shape.isClasses ? "-std=c++17" : "-std=gnu17", "-Wall", "-Wextra", "-Werror"] + codes + [
        shape.source, "-o", stage.folder + "/relay.exe", "-lws2_32",
      ]
    ).finish(seconds: 120)
    #expect(status == 0, "\(lines)")
  }

  @Test("S4.1: 32 MB there and back at once; the client half-closes", arguments: Shape.allCases, Host.allCases)
  func echo(shape: Shape, host: Host) throws {
    let scene = try Scene(shape, host, count: 1)
    let (status, lines) = try scene.stage.shimmed(
      "ProbeStream", [host.rawValue, "\(scene.port)", "--size", "\(32 << 20)"]
    ).finish(seconds: 300)
    #expect(status == 0 && lines.last == "ok \(32 << 20)", "\(lines)")
    _ = try scene.origin.line("echoed")
    // It went through the service, which ends with its connection.
    #expect(try scene.service.finish().status == 0)
  }

  @Test("a client that half-closes first reads all that comes afterwards", arguments: Shape.allCases, Host.allCases)
  func halfClose(shape: Shape, host: Host) throws {
    let scene = try Scene(shape, host, count: 1)
    try scene.expect("half", size: 32 << 20)
    #expect(try scene.origin.line("poured") == "poured \(32 << 20)")
    #expect(try scene.service.finish().status == 0)
  }

  @Test("a client that resets: the origin hears of an end, others are served", arguments: Shape.allCases, Host.allCases)
  func reset(shape: Shape, host: Host) throws {
    let scene = try Scene(shape, host)
    for _ in 0..<8 {
      try scene.expect("reset")
      let said = try scene.origin.line()
      // The one of threads shuts both sides down, as its author wrote it; the others pass the reset on.
      #expect(shape == .threads ? ["echoed", "lost"].contains(said) : said == "lost")
    }
    try scene.expectItServes()
  }

  @Test(
    "an origin that resets: the client hears of an end, others are served", arguments: Shape.allCases, Host.allCases)
  func originResets(shape: Shape, host: Host) throws {
    let scene = try Scene(shape, host)
    for _ in 0..<8 {
      try scene.expect("broken")
      #expect(try scene.origin.line() == "reset")
    }
    try scene.expectItServes()
  }

  @Test(
    "a client that stalls with more than all buffers on its way: others are served, and then it gets every byte",
    arguments: Shape.allCases, Host.allCases)
  func stall(shape: Shape, host: Host) throws {
    let scene = try Scene(shape, host)
    let size = 256 << 20
    let stalling = try scene.client("stall", size: size)
    _ = try stalling.line("stalled")
    for _ in 0..<4 { try scene.expectItServes() }
    #expect(!scene.origin.output.contains { $0.hasPrefix("poured") }, "the buffers had room for all")
    stalling.signal(SIGUSR1)
    let (status, lines) = try stalling.finish(seconds: 300)
    #expect(status == 0 && lines.last == "ok \(size)", "\(lines)")
    #expect(try scene.origin.line("poured") == "poured \(size)")
    try scene.expectItServes()
  }

  @Test("a client that sends 1 GB, each byte compared at the origin", arguments: Shape.allCases)
  func gigabyte(shape: Shape) throws {
    let scene = try Scene(shape, .four)
    try scene.expect("send", size: 1 << 30)
    #expect(try scene.origin.line("took") == "took \(1 << 30)")
  }

  @Test("32 MB over IPv6, each byte compared at the origin", arguments: Shape.allCases)
  func bytesOverIPv6(shape: Shape) throws {
    let scene = try Scene(shape, .six)
    try scene.expect("send", size: 32 << 20)
    #expect(try scene.origin.line("took") == "took \(32 << 20)")
  }

  @Test("24 clients of all kinds at a time", arguments: Shape.allCases, Host.allCases)
  func crowd(shape: Shape, host: Host) throws {
    let scene = try Scene(shape, host)
    let clients = try (0..<24).map { number in
      (number, try scene.client(["half", "send", "reset", "broken"][number % 4], size: number % 4 < 2 ? 1 << 20 : nil))
    }
    for (number, client) in clients {
      let (status, lines) = try client.finish(seconds: 300)
      #expect(status == 0 && lines.last == "ok \(number % 4 < 2 ? 1 << 20 : 1)", "\(lines)")
    }
    try scene.expectItServes()
  }

  @Test("S5.2: the same when every overlapped call has to pend", arguments: [Shape.events, .port, .classes])
  func pending(shape: Shape) throws {
    let scene = try Scene(shape, .four, environment: ["WFPSHIM_FORCE_PENDING": "1"])
    try scene.expect("half", size: 1 << 20)
    try scene.expect("send", size: 1 << 20)
    try scene.expect("reset")
    try scene.expect("broken")
    try scene.expectItServes()
  }

  @Test(
    "with the address sanitizer in the service", arguments: Shape.allCases)
  func instrumented(shape: Shape) throws {
    // The preload has to be loaded after the sanitizer's runtime, which wants to be the first.
    let runtime = try Program(tool("gcc"), ["-print-file-name=libasan.so"]).finish().lines.first ?? ""
    try #require(runtime.hasPrefix("/"), "libasan is missing: apt-get install libasan8")
    let scene = try Scene(
      shape, .four, flags: ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
      environment: ["LD_PRELOAD": "\(runtime):\(shim)", "ASAN_OPTIONS": "detect_leaks=0"])
    try scene.expect("half", size: 1 << 20)
    try scene.expect("send", size: 1 << 20)
    for _ in 0..<4 {
      try scene.expect("reset")
      try scene.expect("broken")
    }
    try scene.expectItServes()
  }
}
