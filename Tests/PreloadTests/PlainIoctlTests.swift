import Foundation
import Testing

/// SPEC S1, S12, S10.1, S10.6: the seam as a program sees it that links nothing of ours.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct PlainIoctlTests {
  @Test("S1.1: the request arrives sign-extended, or with anything above its 32 bits") func signExtended() throws {
    try Calls.check(
      [
        Row("S1.1", "R flow sign-extended", "0 - 128 wrote"), Row("S1.1", "C flow sign-extended", "0 - 256 wrote"),
        Row("S1.1", "S tcp sign-extended", "0 - 0 -"), Row("S1.1", "C flow code=0x980000DD", "0 - 256 wrote"),
        Row("S1.1", "C flow 0 code=0xffffffff980000dd", "-1 ENOBUFS 256 same"),
        Row("S1.1", "C closed sign-extended", "-1 ENOTSOCK kept same"),
      ], after: ["R flow keep"])
  }

  /// The codes beside ours and those of the kernel, on all kinds of descriptors: the same with and without the shim.
  @Test("S1.1, D8: every other request passes through untouched, errno included") func others() throws {
    let codes = [
      "0x980000db", "0x980000df", "0x980000d9", "0xd80000dd", "0x180000dc", "0x880000dd", "0x80dc", "0", "0x541b",
      "0x5421", "0x5411", "0x8905", "0xffffffff",
    ]
    let rows = combine(
      ["C"], ["tcp", "accepted", "udp", "unix", "pipe", "file", "closed", "epoll"], codes.map { "code=\($0)" })
    let with = try Calls.run(try Stage(), ["C flow"] + rows)
    #expect(with[0] == "0 - 256 wrote", "the shim is there")
    let without = try Calls(try Stage(), rows, preload: nil).results()
    for (row, (a, b)) in zip(rows, zip(with.dropFirst(), without)) { #expect(a == b, "\(row)") }
  }

  @Test("S1.2: without the preload the kernel's ENOTTY, and nothing is written") func withoutShim() throws {
    let calls = combine(["R", "C"], ["tcp", "accepted", "udp", "unix", "netlink", "listener"], ["0", "256"])
    let plain = try Calls(try Stage(), calls + ["S tcp in=zeros:128", "C tcp 256 req=null", "R closed"], preload: nil)
    let results = try plain.results()
    #expect(results.prefix(calls.count).allSatisfy { $0 == "-1 ENOTTY kept same" }, "\(results)")
    #expect(Array(results.suffix(3)) == ["-1 ENOTTY kept -", "-1 ENOTTY - same", "-1 EBADF kept same"])
    // The same program, with it.
    let shimmed = try Calls(try Stage(), ["C tcp 256", "C accepted", "R closed"]).results()
    #expect(shimmed == ["-1 ENOTCONN 0 same", "-1 EINVAL 0 same", "-1 ENOTSOCK kept same"])
  }

  @Test("S10.1, H3, H4, H7: no descriptor and no thread more than without the shim") func nothingAdded() throws {
    let calls = [
      "new p accepted", "count", "R flow keep", "C flow", "C flow 1048576", "C flow 256 out=none", "R tcp", "C p",
      "S tcp", "S tcp in=flip:3", "S listener", "R unix", "count",
    ]
    let results = try Calls.run(try Stage(), calls)
    #expect(results[2] == "0 - 128 wrote" && results[8] == "0 - 0 -")
    // 0, 1, 2, the listener, both ends of p, the flow, and the directory that is read; one thread.
    #expect(results[1] == "descriptors 8 threads 1" && results[12] == "descriptors 8 threads 1")
  }

  @Test("S10.1: no output of ours, with the log going elsewhere or nowhere") func silent() throws {
    let stage = try Stage()
    // Without an engine there would be nothing to log.
    try stage.load(Calls.policy("contoso", port: 5, ports: [4], context: nil), name: "contoso")
    let program = try Program(
      "ProbeIoctl", ["127.0.0.1", "S listener in=zeros:128", "R closed"], preload: shim,
      environment: ["WFPSHIM_ENGINE": stage.engine])
    let (status, lines) = try program.finish()
    #expect(status == 0 && lines.count == 3 && lines.last == "-1 ENOTSOCK kept same", "\(lines)")
    let logged = try stage.shimmed("ProbeIoctl", ["127.0.0.1", "S listener in=zeros:128", "R closed"]).finish()
    #expect(logged.lines.dropFirst() == lines.dropFirst() && stage.diagnostics.count == 1)
  }

  @Test("S2.12: the answer does not depend on a free descriptor", arguments: [256, 65536, 69632, 1_048_576])
  func descriptorLimit(size: Int) throws {
    let results = try Calls.run(try Stage(), ["limit C flow \(size)", "limit R flow 256", "new s tcp", "limit C s"])
    if size > 65536 {
      #expect(results[0] == "0 - 256 wrote")
    } else {
      #expect(results[0] == "0 - 256 wrote")
    }
    #expect(results.dropFirst() == ["0 - 128 wrote", "ok", "-1 ENOTCONN 0 same"])
  }

  static let strace = FileManager.default.isExecutableFile(atPath: "/usr/bin/strace")

  @Test("S10.6: send, sendto, sendmsg, write, read, recv, recvmsg: no call of ours", .enabled(if: strace, "no strace"))
  func dataPath() throws {
    let stage = try Stage()
    let trace = stage.folder + "/trace"
    let program = try Program(
      "/usr/bin/strace",
      [
        "-o", trace, "-E", "LD_PRELOAD=\(shim)", products.appending(path: "ProbeIoctl").path, "127.0.0.1",
        "accept flow",
      ]
        + ["C flow", "data flow"], environment: stage.environment)
    _ = stage.keep(program)
    let port = try program.port()
    try stage.load(
      Calls.policy("contoso", port: port, ports: [Calls.dialled], context: Calls.context), name: "contoso")
    let peer = try stage.shimmed("ProbePeer", ["127.0.0.1", "\(Calls.dialled)"])
    try #require(try peer.line() == "connected")
    let (status, lines) = try program.finish()
    #expect(status == 0 && Array(lines.suffix(2)) == ["0 - 256 wrote", "done 35"], "\(lines)")
    let calls = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n").map { line in
      String(line.prefix { $0 != "(" })
    }
    let marks = calls.indices.filter { calls[$0] == "getppid" }
    try #require(marks.count == 2)
    let asked = ["sendto", "sendto", "sendmsg", "write", "read", "recvfrom", "recvmsg"]
    #expect(Array(calls[(marks[0] + 1)..<marks[1]]) == Array(repeating: asked, count: 5).flatMap { $0 })
  }
}
