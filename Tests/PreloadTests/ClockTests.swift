import Foundation
import Testing

/// Programs whose clocks are other ones: SPEC S10.5, time_namespaces(7).
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct ClockTests {
  static let isPermitted: Bool = {
    guard let unshare = try? tool("unshare", package: "util-linux") else { return false }
    return (try? Program(unshare, ["-T", "--monotonic", "-300", "/bin/true"]).finish().status) == 0
  }()

  /// A program of the tests under the shim, in a time namespace of its own.
  private func elsewhen(_ stage: Stage, _ offsets: [String], _ probe: String, _ arguments: [String]) throws -> Program {
    let path = products.appending(path: probe).path
    return try stage.shimmed(tool("unshare", package: "util-linux"), ["-T"] + offsets + [path] + arguments)
  }

  /// The service's process started, for those outside, at another time than for itself.
  @Test(
    "S10.5: the records on a service's socket are there for who looks from another time namespace",
    .enabled(if: isPermitted, "a time namespace of its own is not permitted here (unshare -T, five minutes back)"),
    arguments: [100_000, -1])
  func records(boottime: Int) throws {
    let stage = try Stage()
    let (_, port) = try stage.origin()
    let service = try elsewhen(stage, ["--boottime", "\(boottime)"], "ProbeService", ["contoso", "::", "0"])
    try stage.load(stage.policy("contoso", port: service.port(), redirecting: [port]), name: "contoso")
    let stream = try stage.shimmed("ProbeStream", ["127.0.0.1", "\(port)", "--hold"])
    _ = try stream.line("holding")
    #expect(try stage.flows().map(\.state).sorted() == ["carrying", "claimed"])
    // The other way round: looked at from where the clocks are ahead.
    let within = try Program(
      tool("unshare"), ["-T", "--boottime", "\(boottime)", products.appending(path: "wfpctl").path, "flows", "--json"],
      environment: stage.environment)
    let (status, lines) = try within.finish()
    #expect(status == 0 && lines.count(containing: "carrying") == 1, "\(lines)")
    stream.signal(SIGUSR1)
    #expect(try stream.finish().status == 0)
    try service.stop()
  }

  /// Seen from outside it last sent five minutes ago, or five minutes from now.
  @Test(
    "S8.4: a flow of datagrams is not idle because its application's clock is behind",
    .enabled(if: isPermitted, "a time namespace of its own is not permitted here (unshare -T, five minutes back)"),
    arguments: [-300, 300])
  func datagrams(monotonic: Int) throws {
    try sees { stage, script in try elsewhen(stage, ["--monotonic", "\(monotonic)"], "ProbeDatagram", script) }
  }

  /// libfaketime's offset is one to the real time, for CLOCK_MONOTONIC too.
  @Test(
    "S8.4: nor because a preload makes up times, before the shim in the list or behind it",
    arguments: [true, false])
  func madeUp(isBefore: Bool) throws {
    let faketime = try #require(NeighbourTests.neighbours.first { $0.name == "libfaketime" }?.path)
    let offset = seconds(of: CLOCK_MONOTONIC) - seconds(of: CLOCK_REALTIME) - 300
    try sees { stage, script in
      stage.keep(
        try Program(
          "ProbeDatagram", script, preload: isBefore ? "\(faketime):\(shim)" : "\(shim):\(faketime)",
          environment: stage.environment.merging(["FAKETIME": "\(offset)"]) { $1 }))
    }
  }

  private func seconds(of clock: clockid_t) -> Int {
    var time = timespec()
    clock_gettime(clock, &time)
    return time.tv_sec
  }

  /// The flow of a client that has sent is among the living, and its reply arrives.
  private func sees(_ start: (Stage, [String]) throws -> Program) throws {
    let stage = try Stage()
    let (_, port) = try stage.datagramEcho()
    let relay = try stage.relay("contoso", redirecting: [port])
    let client = try start(stage, ["new a 4", "sendto a 127.0.0.1 \(port) one", "hold", "recvfrom a"])
    _ = try client.line("holding")
    let flows = try stage.flows().filter { $0.client.path?.hasSuffix("ProbeDatagram") == true }
    #expect(flows.count == 1)
    client.signal(SIGUSR1)
    #expect(try client.finish().lines.last == "one from 127.0.0.1:\(port)")
    try relay.stop()
  }
}
