import FilterEngine
import Foundation
import Glibc
import Policy
import Testing

/// `wfpctl run` (S11.7). The library is a file that the loader leaves out, since what is tested is the start.
@Suite struct RunCommandTests {
  /// Runs `env` or another command with an engine and a library of its own.
  private func run(
    _ directory: borrowing PrivateDirectory, _ arguments: [String], _ environment: [String: String] = [:]
  ) throws -> CommandResult {
    let library = try directory.file("libwfpshim.so", "")
    return try wfpctl(
      ["run", "--engine", directory.engine, "--library", library] + arguments, environment: environment)
  }

  private func variable(_ name: String, _ output: String) -> String? {
    output.split(separator: "\n").first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
  }

  /// H36: nothing secret is in the environment; the engine's key is in its file alone.
  @Test func environment() throws {
    let directory = try PrivateDirectory()
    let result = try run(directory, ["--", "env"])
    #expect(result.code == 0)
    #expect(variable("LD_PRELOAD", result.output) == directory.path + "/libwfpshim.so")
    #expect(variable("WFPSHIM_ENGINE", result.output) == directory.engine)
    #expect(result.output.split(separator: "\n").filter { $0.hasPrefix("WFPSHIM_") }.count == 1)
    // The engine is there even without a policy.
    #expect(try FilterEngine(path: directory.engine).generation == 0)
    #expect(status(directory.engine).st_size > 0)
  }

  /// WFPSHIM_ENGINE is set in the child only when it was given here.
  @Test func engineOfTheEnvironment() throws {
    let directory = try PrivateDirectory()
    let library = try directory.file("lib.so", "")
    let result = try wfpctl(
      ["run", "env"], environment: ["WFPSHIM_ENGINE": directory.engine, "WFPSHIM_LIBRARY": library])
    #expect(result.code == 0 && variable("WFPSHIM_ENGINE", result.output) == directory.engine)
    #expect(variable("LD_PRELOAD", result.output) == library)
    #expect(status(directory.engine).st_size > 0)
  }

  /// A relative engine is made absolute: the program may change its folder.
  @Test func relativeEngine() throws {
    let directory = try PrivateDirectory()
    let library = try directory.file("lib.so", "")
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
    let script = "cd \(directory.path) && exec \(folder)/wfpctl run --engine ./engine --library \(library) env"
    let result = try runProgram("/bin/sh", ["-c", script], [:])
    #expect(variable("WFPSHIM_ENGINE", result.output) == directory.path + "/./engine")
  }

  /// H35: before what is preloaded already, and once.
  @Test func preloadTwice() throws {
    let directory = try PrivateDirectory()
    let library = directory.path + "/libwfpshim.so"
    let other = try directory.file("other.so", "")
    let first = try run(directory, ["env"], ["LD_PRELOAD": other])
    #expect(variable("LD_PRELOAD", first.output) == "\(library):\(other)")
    for already in ["\(other):\(library)", "\(other) \(library)", library] {
      let again = try run(directory, ["env"], ["LD_PRELOAD": already])
      #expect(variable("LD_PRELOAD", again.output) == already)
    }
    symlink("libwfpshim.so", directory.path + "/link.so")
    let linked = try run(directory, ["env"], ["LD_PRELOAD": directory.path + "/link.so"])
    #expect(variable("LD_PRELOAD", linked.output) == directory.path + "/link.so")
  }

  /// Everything behind the program's name is the program's.
  @Test(arguments: [["--"], []])
  func arguments(_ separator: [String]) throws {
    let directory = try PrivateDirectory()
    let result = try run(directory, separator + ["echo", "--policy", "x", "--engine", "--help", "-v", "--", "a b"])
    #expect(result.code == 0 && result.output == "--policy x --engine --help -v -- a b\n")
  }

  /// S11.7: sets that are loaded stay.
  @Test func policies() throws {
    let directory = try PrivateDirectory()
    let web = try directory.file("web.yaml", webPolicy)
    let other = try directory.file("other.yaml", otherPolicy)
    #expect(try run(directory, ["--policy", web, "--policy", other, "--", "true"]).code == 0)
    #expect(try FilterEngine(path: directory.engine).sets().map(\.set.name) == ["other", "web"])
  }

  @Test func badPolicy() throws {
    let directory = try PrivateDirectory()
    let bad = try directory.file("bad.yaml", "version: 0\n")
    let result = try run(directory, ["--policy", bad, "echo", "started"])
    #expect(result.code == 1 && result.output.isEmpty)
    #expect(result.errors == "\(bad):1:10: version 0 is out of range; expected a number from 1 to 1\n")
  }

  /// The program's own exit code, and the shell's codes where there is no program.
  @Test func exitCodes() throws {
    let directory = try PrivateDirectory()
    #expect(try run(directory, ["sh", "-c", "exit 7"]).code == 7)
    let missing = try run(directory, ["no-such-program-here"])
    #expect(missing.code == 127 && missing.errors == "no-such-program-here: not found\n")
    #expect(try run(directory, [directory.path + "/none"]).code == 127)
    // A folder of PATH that may not be searched does not make a name one that is found.
    mkdir(directory.path + "/closed", 0)
    let closed = try run(directory, ["no-such-program-here"], ["PATH": directory.path + "/closed:/usr/bin:/bin"])
    #expect(closed.code == 127)
    let plain = try directory.file("plain", "text")
    let unrunnable = try run(directory, ["plain"], ["PATH": directory.path])
    #expect(unrunnable.code == 126 && unrunnable.errors == "plain: not executable: Permission denied\n")
    let refused = try run(directory, [plain])
    #expect(refused.code == 126 && refused.errors == "\(plain): not executable: Permission denied\n")
    #expect(try run(directory, [directory.path]).code == 126)
  }

  @Test func libraries() throws {
    let directory = try PrivateDirectory()
    let missing = try wfpctl(["run", "--engine", directory.engine, "--library", "/nowhere.so", "true"])
    #expect(missing.code == 1 && missing.errors == "/nowhere.so: no such library; expected libwfpshim.so\n")
    // No engine is made for a run that cannot begin.
    #expect(access(directory.engine, F_OK) != 0)
    let blank = try directory.file("a b.so", "")
    let refused = try wfpctl(["run", "--engine", directory.engine, "--library", blank, "true"])
    #expect(refused.code == 1 && refused.errors.contains("LD_PRELOAD cannot name this"))
  }

  /// Beside wfpctl, as in the build tree; else in ../lib of its real folder, as when installed.
  @Test func whereTheLibraryIsFound() throws {
    let directory = try PrivateDirectory()
    let built = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
    let root = directory.path + "/root"
    defer { try? FileManager.default.removeItem(atPath: root) }
    for folder in ["", "/bin", "/lib"] { mkdir(root + folder, 0o700) }
    // Not in this process: one that it starts meanwhile would hold the copy open for writing (ETXTBSY).
    #expect(try runProgram("/bin/cp", [built + "/wfpctl", root + "/bin/wfpctl"], [:]).code == 0)
    symlink(root + "/bin/wfpctl", root + "/wfpctl")
    let arguments = ["run", "--engine", directory.engine, "env"]
    #expect(try runProgram(root + "/wfpctl", arguments, [:]).code == 1)
    try write([], to: root + "/lib/libwfpshim.so", mode: 0o600)
    let installed = try runProgram(root + "/wfpctl", arguments, [:])
    #expect(variable("LD_PRELOAD", installed.output) == root + "/lib/libwfpshim.so")
    try write([], to: root + "/bin/libwfpshim.so", mode: 0o600)
    let beside = try runProgram(root + "/wfpctl", arguments, [:])
    #expect(variable("LD_PRELOAD", beside.output) == root + "/bin/libwfpshim.so")
  }
}
