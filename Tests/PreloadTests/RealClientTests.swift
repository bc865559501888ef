import Foundation
import Testing

/// Programs that nobody changed, through A -> B to an origin that nobody changed: the main job, SPEC S4.1.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct RealClientTests {
  enum Client: String, CaseIterable, CustomTestStringConvertible {
    case curl, urllib, asyncio, node
    var testDescription: String { rawValue }

    var path: String {
      get throws {
        switch self {
        case .curl: try tool("curl")
        case .urllib, .asyncio: try tool("python3")
        case .node: try tool("node", package: "nodejs")
        }
      }
    }

    func arguments(_ url: String, into file: String) -> [String] {
      switch self {
      case .curl: ["-sS", "--fail", "--noproxy", "*", "-o", file, url]
      case .urllib: [program("fetch_urllib.py"), url]
      case .asyncio: [program("fetch_asyncio.py"), url]
      case .node: [program("fetch_http.js"), url]
      }
    }
  }

  /// A -> B, and an HTTP origin behind them.
  struct Scene {
    let stage: Stage
    let body: Body
    let origin: Program
    let port: UInt16
    let a: Program
    let b: Program

    init(size: Int) throws {
      stage = try Stage()
      body = try Body(stage, size: size)
      origin = stage.keep(try Program(tool("python3"), [program("http_origin.py"), body.file]))
      port = try origin.port()
      a = try stage.service("contoso", redirecting: [port], weight: 9)
      b = try stage.service("fabrikam", redirecting: [port], weight: 5)
    }

    /// The flows while a request is held in the middle, the application being `path`.
    func expectFlows(of path: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
      let flows = try stage.flows().filter { $0.state != "carrying" }
      #expect(flows.map(\.providers) == [["contoso"], ["contoso", "fabrikam"]], sourceLocation: sourceLocation)
      #expect(flows.map(\.application.path) == [path, path], sourceLocation: sourceLocation)
      #expect(
        flows.map(\.client.path) == [path, resolved(products.appending(path: "ProbeService").path)],
        sourceLocation: sourceLocation)
      #expect(flows.map(\.destination) == ["127.0.0.1:\(port)", "127.0.0.1:\(port)"], sourceLocation: sourceLocation)
    }

    func expectFlowsSeen(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) throws {
      #expect(try a.stop().count(containing: "records 128") == count, sourceLocation: sourceLocation)
      #expect(try b.stop().count(containing: "records 192") == count, sourceLocation: sourceLocation)
    }
  }

  /// The body arrives as it was, and the flow is shown with the client's own path while it lasts.
  @Test(arguments: Client.allCases) func client(client: Client) throws {
    let scene = try Scene(size: client == .curl ? 10_000_000 : 400_000)
    let file = scene.stage.folder + "/got"
    let fetching = try scene.stage.shimmed(
      client.path, client.arguments("http://127.0.0.1:\(scene.port)/hold", into: file))
    _ = try scene.origin.line("holding")
    try scene.expectFlows(of: resolved(client.path))
    scene.origin.signal(SIGUSR1)
    let (status, lines) = try fetching.finish()
    #expect(status == 0, "\(lines)")
    #expect(try client == .curl ? Body.hash(of: file) == scene.body.hash : lines.last == scene.body.hash)
    try scene.expectFlowsSeen(1)
  }

  /// nginx, its workers pre-forked, its environment cleared and its privileges dropped: S10.1, H20.
  @Test func nginxAsReverseProxy() throws {
    let scene = try Scene(size: 400_000)
    let socket = scene.stage.folder + "/front"
    let nginx = try tool("nginx")
    try configure(
      scene.stage, "nginx.conf",
      "server { listen unix:\(socket); location / { proxy_pass http://127.0.0.1:\(scene.port); proxy_buffering off; } }"
    )
    let proxy = try scene.stage.shimmed(nginx, ["-p", scene.stage.folder, "-c", "nginx.conf"])
    try started(proxy, scene.stage)
    let file = scene.stage.folder + "/got"
    func fetch(_ path: String) throws -> Program {
      scene.stage.keep(
        try Program(tool("curl"), ["-sS", "--fail", "--unix-socket", socket, "-o", file, "http://front" + path]))
    }
    let held = try fetch("/hold")
    _ = try scene.origin.line("holding")
    try scene.expectFlows(of: resolved(nginx))
    scene.origin.signal(SIGUSR1)
    #expect(try held.finish().status == 0)
    #expect(try Body.hash(of: file) == scene.body.hash)
    for _ in 0..<10 { #expect(try fetch("/").finish().status == 0) }
    try proxy.stop(SIGQUIT)
    try scene.expectFlowsSeen(11)
  }

  /// An nginx origin that sends with sendfile, and curl over IPv6.
  @Test func nginxAsOrigin() throws {
    let stage = try Stage()
    let body = try Body(stage, size: 10_000_000)
    let port = try stage.freePort()
    try configure(stage, "origin.conf", "server { listen [::1]:\(port); root \(stage.folder); sendfile on; }")
    let origin = stage.keep(try Program(tool("nginx"), ["-p", stage.folder, "-c", "origin.conf"]))
    try started(origin, stage)
    let a = try stage.service("contoso", redirecting: [port], weight: 9)
    let b = try stage.service("fabrikam", redirecting: [port], weight: 5)
    let file = stage.folder + "/got"
    let arguments = ["-sS", "--fail", "-g", "--noproxy", "*", "-o", file, "http://[::1]:\(port)/body"]
    let (status, lines) = try stage.shimmed(tool("curl"), arguments).finish()
    #expect(status == 0, "\(lines)")
    #expect(try Body.hash(of: file) == body.hash)
    #expect(try a.stop().count(containing: "records 128") == 1)
    #expect(try b.stop().count(containing: "records 192") == 1)
    try origin.stop(SIGQUIT)
  }

  /// nginx in the foreground with two workers. Its workers may read the folder of this test only as its own user.
  private func configure(_ stage: Stage, _ name: String, _ server: String) throws {
    let user = geteuid() == 0 ? "user root;" : ""
    let text = """
      daemon off; worker_processes 2; pid nginx.pid; error_log stderr notice; \(user)
      events { worker_connections 64; }
      http {
        access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
        scgi_temp_path t5;
        \(server)
      }
      """
    try text.write(toFile: stage.folder + "/" + name, atomically: true, encoding: .utf8)
  }

  private func started(_ nginx: Program, _ stage: Stage) throws {
    _ = try nginx.line("start worker process ")
    _ = try nginx.line("start worker process ")
  }
}
