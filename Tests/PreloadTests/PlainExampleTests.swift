import Foundation
import Testing

/// examples/plain-ioctl and examples/nio-relay: redirect services that know nothing of Winsock (SPEC S12), as their users
/// start them.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct PlainExampleTests {
  private static let folder = repository.appending(path: "examples/plain-ioctl").path

  /// The words that start the example.
  private func example(_ language: String, _ stage: Stage) throws -> [String] {
    let program = stage.folder + "/relay"
    let compiler: [String]
    switch language {
    case "python": return ["/usr/bin/python3", Self.folder + "/relay.py"]
    case "nio":  // `make test` builds it, by the command of its README
      let built = repository.appending(path: "examples/nio-relay/.build/debug/nio-relay").path
      try #require(FileManager.default.isExecutableFile(atPath: built), "run `make nio-relay` first")
      return [built]
    case "rust": compiler = ["rustc", "--edition", "2021", "-D", "warnings", Self.folder + "/relay.rs"]
    default:
      let headers = repository.appending(path: "include").path
      compiler = ["cc", "-Wall", "-Wextra", "-Werror", "-I", headers, Self.folder + "/relay.c"]
    }
    let (status, lines) = try Program("/usr/bin/env", compiler + ["-o", program]).finish()
    try #require(status == 0, "\(lines.joined(separator: "\n"))")
    return [program]
  }

  private func policy(_ stage: Stage, _ name: String, port: UInt16, origin: UInt16) -> String {
    stage.policy(name, port: port, redirecting: [origin])
      .replacingOccurrences(of: ", {sockaddr_storage: local} ]", with: " ]")
  }

  @Test(
    "S12: each relays to where the application dialled, and is not met again",
    arguments: ["c", "python", "rust", "nio"])
  func relays(language: String) throws {
    let stage = try Stage()
    let (_, port) = try stage.origin()
    let words = try example(language, stage)
    let service = try stage.shimmed(words[0], Array(words.dropFirst()) + ["127.0.0.1", "0"])
    try stage.load(policy(stage, "contoso", port: try service.port(), origin: port), name: "contoso")
    for _ in 0..<3 {
      let client = try stage.shimmed("ProbeClient", ["127.0.0.1", "\(port)"])
      #expect(try client.finish().status == 0)
      _ = try service.line("relaying to 127.0.0.1 port \(port)")
    }
    #expect(try service.stop().count(containing: "relaying") == 3)
  }

  @Test("S4: in a chain of the four each serves a connection once") func chain() throws {
    let stage = try Stage()
    let (_, port) = try stage.origin()
    var services: [Program] = []
    for (language, name) in [
      ("c", "contoso"), ("python", "fabrikam"), ("rust", "northwind"), ("nio", "litware"),
    ] {
      let words = try example(language, stage)
      services.append(try stage.shimmed(words[0], Array(words.dropFirst()) + ["127.0.0.1", "0"]))
      try stage.load(policy(stage, name, port: try services.last!.port(), origin: port), name: name)
    }
    #expect(try stage.shimmed("ProbeClient", ["127.0.0.1", "\(port)"]).finish().status == 0)
    for service in services {
      _ = try service.line("relaying")
      #expect(try service.stop().count(containing: "relaying") == 1)
    }
  }
}
