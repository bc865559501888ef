import Foundation
import Testing

/// The flow table of a real engine beyond its first 4,096 flows: SPEC S10.5, DESIGN D2.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct GrowthTests {
  private static let destination = ["192.0.2.1", "9"]  // nobody is there: what reaches somebody was redirected

  private func hold(_ stage: Stage, _ count: Int) throws -> Program {
    let holder = try stage.shimmed(tool("python3"), [program("hold_flows.py")] + Self.destination + ["\(count)"])
    _ = try holder.line("holding \(count)")
    return holder
  }

  private func size(_ stage: Stage) -> off_t {
    var status = stat()
    stat(stage.engine, &status)
    return status.st_size
  }

  /// More live flows than the table began with: it grows, once, and everybody goes on with it, the manager too.
  @Test("S10.5: 5,000 live flows") func beyondTheFirstSegment() throws {
    let stage = try Stage()
    let service = try stage.relay("contoso", redirecting: [9])
    let before = size(stage)
    let holders = [try hold(stage, 2_500), try hold(stage, 2_500)]
    let grown = size(stage)
    #expect(grown > before)
    #expect(try stage.flows().count == 5_000)

    // A flow of the second segment is claimed, its context right.
    #expect(try stage.datagrams(["new a 4", "sendto a 192.0.2.1 9 x", "close a"]) == ["ok 0", "ok 1", "ok 0"])
    _ = try service.line("contoso flow 192.0.2.1:9 records 128")

    // Who maps the engine anew takes it as it is, and a policy that is loaded into it holds.
    let other = try stage.relay("fabrikam", redirecting: [10])
    #expect(try stage.datagrams(["new a 4", "sendto a 192.0.2.1 10 x"]) == ["ok 0", "ok 1"])
    _ = try other.line("fabrikam flow 192.0.2.1:10 records 128")

    // Flows that are over make room: the next 5,000 need no third segment.
    for holder in holders { try holder.stop(SIGKILL) }
    let again = [try hold(stage, 2_500), try hold(stage, 2_500)]
    #expect(try stage.flows().count >= 5_000)
    #expect(size(stage) == grown)
    for holder in again { try holder.stop() }
    #expect(stage.diagnostics.isEmpty, "\(stage.diagnostics)")
  }

  private static let hasNamespaces: Bool = {
    guard let unshare = try? tool("unshare", package: "util-linux"), let mount = try? tool("mount") else {
      return false
    }
    return (try? Program(unshare, ["-Urm", mount, "-t", "tmpfs", "small", "/mnt"]).finish().status) == 0
  }()

  /// A full file system when the engine is made, and when its table shall grow: an error that says so, hosts that go on,
  /// no flow lost; with room again all is as ever (Tests/Programs/full_disk.py).
  @Test("S10.1, S10.5, H47: a full file system", .enabled(if: hasNamespaces, "needs unshare -Urm and mount"))
  func fullFileSystem() throws {
    let stage = try Stage()
    let words = ["-Urm", try tool("python3"), program("full_disk.py"), stage.folder, products.path, shim]
    let run = stage.keep(try Program(tool("unshare", package: "util-linux"), words))
    let (status, lines) = try run.finish(seconds: 120)
    #expect(status == 0)
    #expect(
      lines == [
        "creation: 1 True []", "host: 1 all echo", "creation with room: 0", "held: {'810 all echo'}",
        "growth: True ENOBUFS echo size 0", "lost: 0 alive: True", "log: True", "growth with room: 100 all echo",
        "growth with room: 1 all echo", "lost: 0 grown: True",
      ], "\(lines)")
  }
}
