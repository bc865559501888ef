import Testing

/// Places in a host from which it connects: the core needs no allocation, no lock, little stack, no file.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct HostTests {
  /// H1 and H2 (closed: close_range, and every number by itself), H6 (forks: of a process whose threads connect), H10 (key: thread-specific data being torn
  /// down), and D8, H11, H12: a 16 KiB stack, a signal handler (alarms: 10,000 a second), an exit handler, a sandbox that was closed before the first connect
  /// (H41 as far as a sandbox refuses; one that kills cannot be helped). The connection is redirected all the same.
  @Test(arguments: ["stack", "signal", "alarms", "atexit", "closed", "key", "forks", "sandbox"]) func place(
    name: String
  ) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.service("contoso", redirecting: [origin.port])
    let arguments = [name, "127.0.0.1", "\(origin.port)"]
    let plain = try stage.keep(Program("ProbeHosts", arguments)).finish()
    #expect(plain.status == 0 && plain.lines == ["ready", "echo 1"], "plain: \(plain.lines)")
    let shimmed = try stage.shimmed("ProbeHosts", arguments).finish()
    #expect(shimmed.status == 0 && shimmed.lines == ["ready", "echo 1"], "\(shimmed.lines)")
    let seen = service.output.filter { $0.contains(" flow ") }
    let many = ["signal": 5, "alarms": 301, "forks": 300]
    #expect(many[name].map { seen.count >= $0 } ?? (seen.count == 1), "\(seen.count)")
    #expect(try origin.program.stop().filter { $0.contains("accepted") }.count >= 2)
  }
}
