import Foundation
import Testing

/// Connects that hang, fail late or are left: SPEC S7.3, S7.4, H16, H45. In the plain run the target itself does what
/// the service does in the other.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct ProgressTests {
  /// What redirects connects with `port` to `endpoint`.
  private func redirect(_ stage: Stage, _ port: UInt16, to endpoint: UInt16, name: String = "contoso") throws {
    try stage.load(stage.policy(name, port: endpoint, redirecting: [port]), name: name)
  }

  /// A listener whose queue is full, and that nobody serves.
  private func full(_ stage: Stage, _ host: String) throws -> (program: Program, port: UInt16) {
    let address = host.hasPrefix("::ffff:") ? "127.0.0.1" : host
    let program = stage.keep(try Program("ProbeSockets", ["full", address, "0", "1"]))
    return (program, try program.port())
  }

  /// S7.3: EINPROGRESS, then EALREADY; when the service dies SO_ERROR says ECONNREFUSED. S7.4: then the socket connects
  /// elsewhere.
  @Test(arguments: ["127.0.0.1", "::1", "::ffff:127.0.0.1"], [true, false])
  func serviceDiesMeanwhile(host: String, shimmed: Bool) throws {
    let stage = try Stage()
    let (origin, other) = (try stage.origin(), try stage.origin())
    let stuck = try full(stage, host)
    if shimmed { try redirect(stage, origin.port, to: stuck.port) }
    let target = shimmed ? origin.port : stuck.port
    let arguments = ["stuck", host, "\(target)", "\(other.port)"]
    let probe =
      shimmed ? try stage.shimmed("ProbeSockets", arguments) : stage.keep(try Program("ProbeSockets", arguments))
    _ = try probe.line("waiting")
    if shimmed { #expect(try stage.flows().map(\.state) == ["published"]) }
    try stuck.program.stop(SIGKILL)
    #expect(
      try probe.finish().lines == [
        "connect EINPROGRESS", "again EALREADY", "elsewhere EALREADY", "error 0", "waiting", "poll 1",
        "error ECONNREFUSED",
        "elsewhere ECONNABORTED", "elsewhere 0", "peer is the other", "echo",
      ])
    #expect(try origin.program.stop().count(containing: "accepted") == 0)
    #expect(try other.program.stop().count(containing: "accepted") == 1)
  }

  /// S7.3, H12: a connect that a signal interrupts goes on, so the flow stays published.
  @Test func interrupted() throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let stuck = try full(stage, "127.0.0.1")
    try redirect(stage, origin.port, to: stuck.port)
    let probe = try stage.shimmed("ProbeSockets", ["interrupted", "127.0.0.1", "\(origin.port)", "1", "--hold"])
    #expect(try probe.line("connect") == "connect EINTR")
    _ = try probe.line("holding")
    #expect(try stage.flows().map(\.state) == ["published"])
    probe.signal(SIGUSR1)
    #expect(try probe.finish().status == 0)
  }

  /// S7.3: SO_SNDTIMEO ends a connect with EINPROGRESS; after a disconnect the socket connects elsewhere.
  @Test(arguments: ["127.0.0.1", "::1", "::ffff:127.0.0.1"], [true, false])
  func sendTimeout(host: String, shimmed: Bool) throws {
    let stage = try Stage()
    let (origin, other) = (try stage.origin(), try stage.origin())
    let stuck = try full(stage, host)
    if shimmed { try redirect(stage, origin.port, to: stuck.port) }
    let target = shimmed ? origin.port : stuck.port
    let arguments = ["timeout", host, "\(target)", "\(other.port)"]
    let probe =
      shimmed ? try stage.shimmed("ProbeSockets", arguments) : stage.keep(try Program("ProbeSockets", arguments))
    #expect(
      try probe.finish().lines == [
        "connect EINPROGRESS", "again EALREADY", "blocking 1", "unspec 0", "elsewhere 0", "echo",
      ])
    #expect(try origin.program.stop().count(containing: "accepted") == 0)
  }

  /// S7.4: refused at once, the socket connects elsewhere, also when it tries again first.
  @Test(arguments: ["127.0.0.1", "::1", "::ffff:127.0.0.1"], [true, false])
  func refusedThenElsewhere(host: String, shimmed: Bool) throws {
    let stage = try Stage()
    let (origin, other, dead) = (try stage.origin(), try stage.origin(), try stage.freePort())
    if shimmed { try redirect(stage, origin.port, to: dead) }
    let arguments = ["elsewhere", host, "\(shimmed ? origin.port : dead)", "\(other.port)"]
    let probe =
      shimmed ? try stage.shimmed("ProbeSockets", arguments) : stage.keep(try Program("ProbeSockets", arguments))
    #expect(
      try probe.finish().lines == [
        "connect ECONNREFUSED", "elsewhere 0", "echo", "connect ECONNREFUSED", "again ECONNREFUSED", "elsewhere 0",
        "echo",
      ])
    #expect(try origin.program.stop().count(containing: "accepted") == 0)
  }

  /// S7.4, S10.5: two sockets of one port that go to two places, which is one place for the kernel when both are
  /// redirected: the second connect fails at once, and leaves no flow that nobody would ever end.
  @Test func failsAtOnce() throws {
    let stage = try Stage()
    let (origin, other) = (try stage.origin(), try stage.origin())
    _ = try stage.service("contoso", redirecting: [origin.port, other.port])
    let arguments = [program("one_port.py"), "\(origin.port)", "\(other.port)"]
    let plain = stage.keep(try Program(tool("python3"), arguments))
    #expect(try (0..<2).map { _ in try plain.line() } == ["connected", "connected"])
    let shimmed = try stage.shimmed(tool("python3"), arguments)
    #expect(try (0..<2).map { _ in try shimmed.line() } == ["connected", "EADDRNOTAVAIL"])
    let destinations = try stage.flows().map { $0.destination ?? "" }
    #expect(destinations.contains("127.0.0.1:\(origin.port)") && !destinations.contains("127.0.0.1:\(other.port)"))
  }

  /// H45: out of a blocked accept or connect by siglongjmp or pthread_cancel, three times; the hooks work on, in that
  /// thread and in others.
  @Test(arguments: ["jump-accept", "cancel-accept", "jump-connect", "cancel-connect"], [true, false])
  func leaveBlockedCall(how: String, shimmed: Bool) throws {
    let stage = try Stage()
    let (origin, hanging) = (try stage.origin(), try stage.origin())
    let stuck = try full(stage, "127.0.0.1")
    let service = try stage.service("contoso", redirecting: [origin.port])
    if shimmed { try redirect(stage, hanging.port, to: stuck.port, name: "stuck") }
    let arguments = ["leave:" + how, "127.0.0.1", "\(origin.port)", "\(shimmed ? hanging.port : stuck.port)"]
    let probe =
      shimmed ? try stage.shimmed("ProbeSockets", arguments) : stage.keep(try Program("ProbeSockets", arguments))
    let left = how.hasPrefix("jump") ? "jumped" : "cancelled"
    let round = [left, "same thread echo", "other thread echo"]
    #expect(try probe.finish().lines == round + round + round)
    #expect(try service.stop().count(containing: "flow") == (shimmed ? 6 : 0))
    #expect(try hanging.program.stop().count(containing: "accepted") == 0)
  }
}
