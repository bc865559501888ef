import Foundation
import Glibc
import Testing

/// `wfpctl doctor`: what a preload cannot reach is named before it surprises (hazards H31, H38, H42; SPEC S10.3).
@Suite struct DoctorCommandTests {
  private struct Answer {
    let code: Int32
    let names: [String: String]  // name to kind
    let text: String
  }

  private func doctor(_ arguments: [String], environment: [String: String] = [:]) throws -> Answer {
    let said = try wfpctl(["doctor", "--json"] + arguments, environment: environment)
    #expect(said.errors.isEmpty, "\(said.errors)")
    let answer = try parsed(said.output)
    #expect(answer["version"] as? Int == 1)
    let findings = try #require(answer["findings"] as? [[String: Any]])
    var names: [String: String] = [:]
    for finding in findings { names[finding["name"] as! String] = finding["kind"] as? String }
    return Answer(code: said.code, names: names, text: said.output)
  }

  /// Compiles a program that does nothing.
  private func compile(_ directory: borrowing PrivateDirectory, _ name: String, _ flags: String...) throws -> String {
    let source = try directory.file("\(name).s.c", "int main(void) { return 0; }\n")
    let path = "\(directory.path)/\(name)"
    let made = try runProgram("/usr/bin/gcc", flags + ["-o", path, source], [:])
    try #require(made.code == 0, "\(made.errors)")
    return path
  }

  @Test("A host as it should be, and a dynamic program") func good() throws {
    let directory = try PrivateDirectory()
    let file = try directory.file("web.yaml", webPolicy)
    #expect(try wfpctl(["policy", "load", file, "--engine", directory.engine]).code == 0)
    let program = try compile(directory, "plain")
    let answer = try doctor(["--engine", directory.engine, program])
    #expect(answer.code == 0, "\(answer.text)")
    for name in ["library", "engine", "cookie", "sock-diag", "dynamic"] {
      #expect(answer.names[name] == "good", "\(name)")
    }
    #expect(answer.names["resolver"] == "note" && answer.text.contains("1 sets, 2 filters"))
    let text = try wfpctl(["doctor", "--engine", directory.engine, program]).output
    #expect(text.contains("ok      \(program): dynamic, for /lib") && text.contains("note    names: glibc's resolver"))
  }

  @Test(
    "H31, H38, H42: programs that the preload does not reach",
    arguments: [
      ("static", ["-static"]), ("musl", ["-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1"]),
      ("go", ["-Wa,--noexecstack", "-x", "c", "-include", "GO"]), ("wrong-class", []), ("privileged", []),
    ]) func unreachable(name: String, flags: [String]) throws
  {
    let directory = try PrivateDirectory()
    // The note that Go's linker writes.
    let note = """
      __asm__(".section .note.go.buildid,\\"a\\",@note\\n.balign 4\\n.long 4, 4, 4\\n.ascii \\"Go\\\\0\\\\0\\"\\n.long 0\\n.text");

      """
    let header = try directory.file("go.h", note)
    let source = try directory.file("program.c", "int main(void) { return 0; }\n")
    let path = "\(directory.path)/program"
    let arguments = flags.map { $0 == "GO" ? header : $0 } + ["-o", path, source]
    try #require(try runProgram("/usr/bin/gcc", arguments, [:]).code == 0)
    if name == "wrong-class" { patch(path, at: 18, [3, 0]) }  // EM_386
    if name == "privileged" {
      try #require(geteuid() != 0 || chown(path, 65534, 65534) == 0)
      try #require(chmod(path, 0o4755) == 0)
      if geteuid() != 0 { return }  // one's own program changes nobody
    }
    let answer = try doctor(["--engine", directory.engine, path])
    #expect(answer.code == 1 && answer.names[name] == "problem", "\(answer.text)")
    #expect(answer.text.contains("iptables or nftables"))
  }

  @Test("A script is as its interpreter is") func scripts() throws {
    let directory = try PrivateDirectory()
    let program = try compile(directory, "still", "-static")
    for (number, line) in ["#!\(program)", "#! \(program) -x", "#!/usr/bin/env still", "#!/usr/bin/env -S A=1 still"]
      .enumerated()
    {
      let script = try directory.file("script\(number)", line + "\n")
      try #require(chmod(script, 0o755) == 0)
      let path = "\(directory.path):/usr/bin:/bin"
      let answer = try doctor(["--engine", directory.engine, "script\(number)"], environment: ["PATH": path])
      #expect(answer.code == 1 && answer.names["script"] == "good" && answer.names["static"] == "problem", "\(line)")
    }
    let lost = try directory.file("lost", "#!/nowhere/at/all\n")
    try #require(chmod(lost, 0o755) == 0)
    #expect(try doctor(["--engine", directory.engine, lost]).names["no-interpreter"] == "problem")
    let text = try directory.file("text", "hello\n")
    try #require(chmod(text, 0o755) == 0)
    #expect(try doctor(["--engine", directory.engine, text]).names["no-program"] == "problem")
    #expect(try doctor(["--engine", directory.engine, "no-such-program"]).names["not-found"] == "problem")
    let itself = "\(directory.path)/itself"
    _ = try directory.file("itself", "#!\(itself)\n")
    try #require(chmod(itself, 0o755) == 0)
    #expect(try doctor(["--engine", directory.engine, itself]).names["no-interpreter"] == "problem")
  }

  @Test("S10.4: an engine that programs refuse, and none") func engines() throws {
    let directory = try PrivateDirectory()
    let none = try doctor(["--engine", directory.engine])
    #expect(none.code == 0 && none.names["engine"] == "note" && directory.entries.isEmpty, "it makes none")
    let file = try directory.file("web.yaml", webPolicy)
    #expect(try wfpctl(["policy", "load", file, "--engine", directory.engine]).code == 0)
    try #require(chmod(directory.path, 0o755) == 0)
    let refused = try doctor(["--engine", directory.engine])
    #expect(refused.code == 1 && refused.names["engine"] == "problem")
    #expect(try doctor(["--engine", directory.engine, "--library", "/nowhere.so"]).names["library"] == "problem")
  }

  /// A file that calls itself a program and is none: every answer but a crash.
  @Test("Damaged programs") func damaged() throws {
    let directory = try PrivateDirectory()
    let whole = contents(try compile(directory, "plain"))
    var random = SystemRandomNumberGenerator()
    for round in 0..<60 {
      var bytes = round < 20 ? Array(whole.prefix(round * 8)) : Array(whole.prefix(4096))
      if round >= 20 {
        for _ in 0..<4 { bytes[Int.random(in: 4..<400, using: &random)] = UInt8.random(in: 0...255, using: &random) }
      }
      let path = "\(directory.path)/damaged"
      try write(bytes, to: path, mode: 0o755)
      let said = try wfpctl(["doctor", "--engine", directory.engine, path])
      #expect(said.code == 0 || said.code == 1, "\(bytes.prefix(400))")
    }
  }
}
