import Foundation
import Testing

/// The two libraries together: redirect data of UDP as Winsock's programs ask for it (SPEC S8.2).
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct DatagramOptionTests {
  private func build(_ stage: Stage) throws -> String {
    let made = stage.folder + "/datagram_options"
    let headers = repository.appending(path: "include/wfpshim").path
    let compiled = try Program(
      tool("gcc"),
      [
        "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-I\(headers)", program("datagram_options.c"), "-o", made,
        "-L\(products.path)", "-lws2_32", "-Wl,-rpath,\(products.path)",
      ]
    ).finish()
    try #require(compiled.status == 0, "\(compiled.lines)")
    return made
  }

  @Test("S8.2: the options at both levels: set, tell, too short, on a stream, off") func options() throws {
    let stage = try Stage()
    let program = try build(stage)
    let (status, lines) = try stage.shimmed(program, ["options"]).finish()
    let expected = ["0/70", "0/60", "41/70", "41/60"].map {
      "\($0): 0 set 0 get 1 short 10014 stream 10042 -10042 off 0 get 0"
    }
    #expect(status == 0 && lines == expected)
    // Without the preload nobody would deliver anything.
    let (_, plain) = try Program(program, ["options"]).finish()
    #expect(plain.allSatisfy { $0.contains("set 10042 get 0") })
  }

  @Test(
    "S8.2: context and records come at the level at which they were asked for, and go out from both",
    arguments: [("ip", "0/", "0/"), ("ipv6", "41/", "41/"), ("both", "0/", "41/")])
  func levels(asked: String, v4: String, v6: String) throws {
    let stage = try Stage()
    let service = try stage.shimmed(try build(stage), ["serve", asked])
    for (host, name) in [("127.0.0.1", "four"), ("[::1]", "six")] {
      let port = try service.line()
      try stage.load(
        """
        version: 1
        providers:
          - {name: \(name), endpoints: ["\(host):\(port)"], context: [{sockaddr_storage: remote}]}
        filters:
          - name: \(name)
            action: redirect
            provider: \(name)
            conditions:
              ip_protocol: udp
              ip_remote_address: \(name == "four" ? "192.0.2.0/24" : "\"2001:db8::/32\"")
        """, name: name)
    }
    let script = """
      import socket
      for family, host in (socket.AF_INET, '192.0.2.1'), (socket.AF_INET6, '2001:db8::1'):
        socket.socket(family, socket.SOCK_DGRAM).sendto(b'hello', (host, 53))
      """
    #expect(try stage.shimmed(tool("python3"), ["-c", script]).finish().status == 0)
    // The service itself listens on one socket of each family; nobody is at port 9, which is no filter's.
    #expect(try service.line().hasPrefix("\(v4)70 \(v4)60 "))
    #expect(try service.line() == "\(v6)70 \(v6)60  sent 2 cut -10022")
    #expect(try service.finish().status == 0)
  }
}
