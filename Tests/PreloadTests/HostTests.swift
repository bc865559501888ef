import Testing

/// Places in a host from which it connects: the core needs no allocation, no lock, little stack, no file.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct HostTests {
  /// D8, H11, H12: a 16 KiB stack, a signal handler, an exit handler, a sandbox that was closed before the first connect
  /// (H41 as far as a sandbox refuses; one that kills cannot be helped). The connection is redirected all the same.
  @Test(arguments: ["stack", "signal", "atexit", "sandbox"]) func place(name: String) throws {
    let stage = try Stage()
    let origin = try stage.origin()
    let service = try stage.service("contoso", redirecting: [origin.port])
    let arguments = [name, "127.0.0.1", "\(origin.port)"]
    let plain = try stage.keep(Program("ProbeHosts", arguments)).finish()
    #expect(plain.status == 0 && plain.lines == ["ready", "echo 1"], "plain: \(plain.lines)")
    let shimmed = try stage.shimmed("ProbeHosts", arguments).finish()
    #expect(shimmed.status == 0 && shimmed.lines == ["ready", "echo 1"], "\(shimmed.lines)")
    let seen = service.output.filter { $0.contains(" flow ") }
    #expect(name == "signal" ? seen.count >= 5 : seen.count == 1, "\(seen)")
    #expect(try origin.program.stop().filter { $0.contains("accepted") }.count >= 2)
  }
}
