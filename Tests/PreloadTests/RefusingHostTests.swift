import Foundation
import Testing

/// Sandboxes that refuse the system calls which the shim makes of its own: SPEC S10.1, hazard H41. The host's calls go on
/// as without the shim, or as docs/limits.md says.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct RefusingHostTests {
  /// Every call of wfp_system.h but those of threads and programs themselves; `netlink` is socket(AF_NETLINK, ...).
  static let calls = [
    "openat", "close", "readlinkat", "newfstatat", "fallocate", "mmap", "munmap", "getsockopt", "setsockopt", "bind",
    "getsockname", "getpeername", "netlink", "sendto", "recvfrom", "capget", "getpid", "geteuid", "getegid", "getsid",
    "kill", "sched_yield", "getrandom", "futex",
  ]
  /// Without these a socket cannot be told from others.
  static let blinding = ["getsockopt", "getsockname"]

  /// A client whose filter stands before its first connect, and one whose filter comes after it.
  @Test("S10.1, H41: clients", arguments: calls, ["EPERM", "ENOSYS"]) func client(call: String, error: String) throws {
    let stage = try Stage()
    let (origin, other) = (try stage.origin(), try stage.origin())
    let service = try stage.service("contoso", redirecting: [origin.port])
    for time in ["first", "later"] {
      let before = service.output.count(containing: " flow ")
      let arguments = ["refuse", "127.0.0.1", "\(origin.port)", "\(other.port)", call, error, time]
      let (status, lines) = try stage.shimmed("ProbeHosts", arguments).finish()
      // A socket that cannot be bound cannot be published: the connect fails. What no filter matches is as ever.
      let expected = call == "bind" ? "\(error) echo \(error)" : "echo echo echo"
      #expect(status == 0 && lines == ["ready", expected], "\(time): \(lines)")
      let flows = call == "bind" || Self.blinding.contains(call) ? 0 : 2
      let seen = service.output.count(containing: " flow ") - before
      #expect(seen == flows + (time == "later" ? 1 : 0), "\(time)")
    }
  }

  /// Without WFPSHIM_REQUIRED such a socket goes where it was dialled (docs/limits.md).
  @Test("S10.3, H41: WFPSHIM_REQUIRED=1: a socket that cannot be told is no way past a filter", arguments: blinding)
  func required(call: String) throws {
    let stage = try Stage()
    let (origin, other) = (try stage.origin(), try stage.origin())
    let service = try stage.service("contoso", redirecting: [origin.port])
    let arguments = ["refuse", "127.0.0.1", "\(origin.port)", "\(other.port)", call, "EPERM", "first"]
    let program = try stage.shimmed("ProbeHosts", arguments, environment: ["WFPSHIM_REQUIRED": "1"])
    let (status, lines) = try program.finish()
    #expect(status == 0 && lines.last?.hasPrefix("ENETDOWN ") == true && lines.last?.hasSuffix(" ENETDOWN") == true)
    #expect(service.output.count(containing: " flow ") == 0)
    #expect(try origin.program.stop().count(containing: "accepted") == 0)
  }

  /// As of connects. The origin is without the shim.
  @Test("S8.1, S10.3, H41: datagrams of a socket that cannot be told", arguments: blinding, ["sendto", "sendmsg"])
  func datagrams(call: String, send: String) throws {
    let stage = try Stage()
    let (origin, port) = try stage.datagramEcho()
    let relay = try stage.relay("contoso", redirecting: [port])
    let script = ["new a 4", "refuse \(call) EPERM", "\(send) a 127.0.0.1 \(port) blind"]
    #expect(try stage.datagrams(script) == ["ok 0", "ok 0", "ok 5"])
    #expect(try origin.line("got ") == "got blind")
    let required = try stage.shimmed("ProbeDatagram", script, environment: ["WFPSHIM_REQUIRED": "1"])
    #expect(try required.finish().lines == ["ok 0", "ok 0", "ENETDOWN"])
    #expect(try relay.stop().count(containing: "flow") == 0)
  }

  /// Whether somebody listens cannot be asked: the connect itself finds out, and leaves no flow behind.
  @Test("S7.4, S10.2, H41: a service that is not there, without netlink") func absentService() throws {
    let stage = try Stage()
    let (origin, other) = (try stage.origin(), try stage.origin())
    try stage.load(stage.policy("contoso", port: try stage.freePort(), redirecting: [origin.port]), name: "contoso")
    let arguments = ["refuse", "127.0.0.1", "\(origin.port)", "\(other.port)", "netlink", "EPERM", "first"]
    let lines = try stage.shimmed("ProbeHosts", arguments).finish().lines
    #expect(lines == ["ready", "ECONNREFUSED echo ECONNREFUSED"])
    #expect(try stage.flows().isEmpty)
    #expect(try origin.program.stop().count(containing: "accepted") == 0)
  }

  /// sendto and recvfrom are the service's own too.
  @Test("S10.1, H41: services", arguments: calls.filter { !["sendto", "recvfrom", "close"].contains($0) })
  func service(call: String) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    // An engine that comes later could not be attached.
    try stage.load(stage.policy("contoso", port: 1, redirecting: [origin.port]), name: "contoso")
    for error in ["EPERM", "ENOSYS"] {
      let service = try stage.service(
        "contoso", redirecting: [origin.port], arguments: ["--steady", "--refuse", call, "--error", error])
      let good = try (0..<2).map { _ in try stage.exchange(origin.port).good }
      #expect(good == (Self.blinding.contains(call) ? [false, false] : [true, true]), "\(error)")
      service.signal(SIGTERM)
      let (status, lines) = try service.finish()
      #expect(status == 128 + SIGTERM, "it lived")
      let refusal = ["getsockopt": "records ENOTSOCK", "getsockname": "records EINVAL"][call]
      #expect(lines.count(containing: refusal ?? " flow ") == 2, "\(error): \(lines)")
    }
  }

  /// The pages of a buffer are judged with futex(2); a sandbox without it must not make a bad pointer a fault signal.
  @Test("S2.4, S10.1, H41: bad pointers without futex", arguments: ["EPERM", "ENOSYS"])
  func pointers(error: String) throws {
    let results = try Calls.run(
      try Stage(),
      [
        "refuse futex \(error)", "C flow out=null", "C flow 65536 out=late", "C flow 12288 out=hole",
        "R flow 256 out=readonly", "R flow 256 out=none", "C flow", "R flow",
      ])
    let refused = Array(repeating: "-1 EFAULT kept same", count: 4)
    #expect(results == ["ok", "-1 EFAULT kept -"] + refused + ["0 - 256 wrote", "0 - 128 wrote"])
  }
}
