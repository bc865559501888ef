import Foundation
import Testing

/// Servers that become another user, or run as one, and have an environment of their own: what they read when they
/// were loaded is enough (S10.1).
@Suite(
  .disabled(if: sanitized, "a sanitized shim cannot be preloaded"), .enabled(if: isRoot, "changes the user"))
struct DroppedPrivilegeTests {
  /// S10.1, S10.4: nginx's workers are www-data, whom the engine's folder is closed to.
  @Test func nginx() throws {
    let stage = try Stage()
    let body = try Body(stage, size: 400_000)
    let origin = stage.keep(try Program(tool("python3"), [program("http_origin.py"), body.file]))
    let port = try origin.port()
    let service = try stage.service(
      "contoso", conditions: "{ip_protocol: tcp, ip_remote_port: \(port), ale_user_id: www-data}")
    let root = try stage.openFolder()
    try """
    daemon off; worker_processes 2; pid nginx.pid; error_log stderr notice; user www-data;
    events { worker_connections 64; }
    http {
      access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
      scgi_temp_path t5;
      server { listen unix:\(root)/front; location / { proxy_pass http://127.0.0.1:\(port); } }
    }
    """.write(toFile: root + "/nginx.conf", atomically: true, encoding: .utf8)
    let proxy = try stage.shimmed(tool("nginx"), ["-p", root, "-c", "nginx.conf"])
    for _ in 1...2 { _ = try proxy.line("start worker process ") }
    let refused = try Program(
      tool("setpriv"), Array(asUser("www-data").dropFirst()) + [tool("test"), "-e", stage.engine]
    ).finish()
    #expect(refused.status == 1, "the engine is not there for www-data")
    let file = stage.folder + "/got"
    for round in 1...10 {
      let arguments = ["-sS", "--fail", "--unix-socket", root + "/front", "-o", file, "http://front/"]
      #expect(try Program(tool("curl"), arguments).finish().status == 0)
      #expect(try Body.hash(of: file) == body.hash)
      #expect(service.redirected == round, "\(service.output)")
    }
    try proxy.stop(SIGQUIT)
  }

  /// S10.1, S4.1: a backend of PostgreSQL connects out by dblink, to its own server.
  @Test func postgreSQL() throws {
    let database = try Database()
    let service = database.service
    for preload in [nil, shim] {
      let server = try database.start(preload: preload)
      let lines = try database.ask(
        """
        create extension if not exists dblink;
        select dblink_connect('far', 'hostaddr=127.0.0.1 port=\(database.port) user=admin dbname=postgres');
        select * from dblink('far', 'select inet_server_port(), sum(i) from generate_series(1, 100000) i')
          as far(port int, sum bigint);
        \\! \(database.wfpctl) flows --json
        """)
      #expect(lines.contains("\(database.port)|5000050000"), "\(lines)")
      let flows = lines.drop { $0 != "{" }.joined(separator: "\n")
      let found = try JSONDecoder().decode(FlowList.self, from: Data(flows.utf8)).flows.filter { $0.state == "claimed" }
      #expect(found.map(\.application.path) == (preload == nil ? [] : [database.postgres]))
      #expect(found.map(\.destination) == (preload == nil ? [] : ["127.0.0.1:\(database.port)"]))
      #expect(service.redirected == (preload == nil ? 0 : 1), "\(service.output)")
      let log = try server.stop(SIGINT)
      #expect(log.contains { $0.contains("database system is shut down") }, "\(log)")
    }
  }

  /// A database cluster of the user postgres, and an engine and a service of the same user.
  struct Database {
    let stage: Stage
    let home: String
    let port: UInt16
    let postgres: String
    let wfpctl: String
    let service: Program
    private let user: [String]

    init() throws {
      stage = try Stage()
      let open = try stage.openFolder()
      home = open + "/home"
      port = try stage.freePort()
      user = try asUser("postgres")
      try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
      try #require(chmod(home, 0o700) == 0)
      try give(home, to: "postgres")
      // Copies: the folder in which they were built may be closed to this user.
      for path in [shim, products.path + "/ProbeService", products.path + "/wfpctl"] {
        try copyProgram(path, to: open + "/" + URL(fileURLWithPath: path).lastPathComponent)
      }
      wfpctl = open + "/wfpctl"
      let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
      let version = versions.max { (Int($0) ?? 0) < (Int($1) ?? 0) }
      postgres = try "/usr/lib/postgresql/" + #require(version, "apt-get install postgresql") + "/bin/postgres"
      let initdb = [
        String(postgres.dropLast("postgres".count)) + "initdb", "-D", home + "/data", "-A", "trust", "-U", "admin",
        "--no-sync", "-E", "UTF8", "--locale=C",
      ]
      let made = try Program(user[0], user.dropFirst() + initdb, directory: home).finish()
      try #require(made.status == 0, "\(made.lines)")
      let environment = ["LD_PRELOAD=\(open)/libwfpshim.so", "WFPSHIM_ENGINE=\(home)/engine"]
      let words = user + [try tool("env")] + environment + [open + "/ProbeService", "contoso", "127.0.0.1", "0"]
      service = stage.keep(try Program(words[0], Array(words.dropFirst())))
      let policy = home + "/contoso.yaml"
      try stage.redirect(
        "contoso", port: try service.port(), conditions: "{ip_protocol: tcp, ip_remote_port: \(port)}"
      ).write(toFile: policy, atomically: true, encoding: .utf8)
      let load = user + [wfpctl, "--engine", home + "/engine", "policy", "load", policy]
      let loaded = try Program(load[0], Array(load.dropFirst())).finish()
      try #require(loaded.status == 0, "\(loaded.lines)")
    }

    /// Starts the server with nothing else in its environment.
    func start(preload: String?) throws -> Program {
      let folder = URL(fileURLWithPath: wfpctl).deletingLastPathComponent().path
      var words = user + [try tool("env"), "-i", "PATH=/usr/bin:/bin", "WFPSHIM_ENGINE=\(home)/engine"]
      if preload != nil { words.append("LD_PRELOAD=\(folder)/libwfpshim.so") }
      words += [postgres, "-D", home + "/data", "-k", home, "-h", "127.0.0.1", "-p", "\(port)", "-F"]
      let server = stage.keep(try Program(words[0], Array(words.dropFirst()), directory: home))
      _ = try server.line("ready to accept connections")
      return server
    }

    func ask(_ script: String) throws -> [String] {
      let words =
        user + [
          try tool("psql", package: "postgresql"), "-X", "-q", "-A", "-t", "-h", home, "-p", "\(port)", "-U", "admin",
          "-d", "postgres", "-v", "ON_ERROR_STOP=1",
        ]
      let (status, lines) = try Program(
        words[0], Array(words.dropFirst()), environment: ["WFPSHIM_ENGINE": home + "/engine"], input: script + "\n",
        directory: home
      ).finish()
      try #require(status == 0, "\(lines)")
      return lines
    }
  }
}
