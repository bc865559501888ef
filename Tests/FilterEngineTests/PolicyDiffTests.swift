import FilterEngine
import Foundation
import Testing

/// `wfpctl policy diff`: what a load would change, and that nothing is changed.
@Suite struct PolicyDiffTests {
  private static let before = """
    version: 1
    providers:
      - { name: contoso, endpoints: ["127.0.0.1:8888"] }
    filters:
      - { name: web, action: redirect, provider: contoso, weight: 5, conditions: { ip_remote_port: 80 } }
      - { name: mail, action: block, weight: 4, conditions: { ip_remote_port: 25 } }
    """

  private func diff(_ after: String, _ arguments: [String] = []) throws -> CommandResult {
    let directory = try PrivateDirectory()
    let engine = try FilterEngine(path: directory.engine)
    try engine.loadSet(name: "set", text: Self.before, file: "set.yaml")
    let file = try directory.file("set.yaml", after)
    let result = try wfpctl(["policy", "diff", "--engine", directory.engine, file] + arguments)
    #expect(engine.generation == 1)
    #expect(try engine.sets().map(\.set.source) == [Self.before])
    return result
  }

  @Test("The same policy, written otherwise, changes nothing") func same() throws {
    for text in [Self.before, "# a comment\n" + Self.before.replacingOccurrences(of: "port: 80", with: "port: [80]")] {
      let result = try diff(text)
      #expect(result.code == 0 && result.output.isEmpty && result.errors.isEmpty, "\(result)")
    }
  }

  @Test(
    "Each part that changes, and no other",
    arguments: [
      (
        "port: 80", "port: 443",
        ["- filter web redirect to contoso weight 5", "+ filter web redirect to contoso weight 5"]
      ),
      ("weight: 4", "weight: 3", ["- filter mail block weight 4", "+ filter mail block weight 3"]),
      ("127.0.0.1:8888", "127.0.0.1:9999", ["- provider contoso", "+ provider contoso"]),
      ("version: 1", "version: 1\noptions: {hopLimit: 3}", ["- option hopLimit 16", "+ option hopLimit 3"]),
      ("name: mail", "name: post", ["- filter mail block", "+ filter post block"]),
    ]) func changes(text: String, by other: String, expected: [String]) throws
  {
    let result = try diff(Self.before.replacingOccurrences(of: text, with: other))
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(result.code == 1 && lines.count == expected.count, "\(lines)")
    for (line, start) in zip(lines, expected) { #expect(line.hasPrefix(start), "\(line)") }
  }

  @Test("Filters whose order changes have changed; the last one can go") func order() throws {
    let swapped = try diff(Self.before.replacingOccurrences(of: "weight: 4", with: "weight: 4, sublayer: contoso"))
    #expect(swapped.code == 1 && swapped.output.contains("+ filter mail block weight 4 in contoso"))
    let lines = Self.before.split(separator: "\n").dropLast().joined(separator: "\n")
    let cut = try diff(lines)
    #expect(cut.output.hasPrefix("- ") && cut.output.contains("- filter mail block") && !cut.output.contains("+ "))
  }

  @Test("A set that is not loaded comes as a whole; a broken file is told") func others() throws {
    let new = try diff(Self.before, ["--name", "other", "--json"])
    let answer = try parsed(new.output)
    #expect(new.code == 1 && answer["version"] as? Int == 1 && answer["set"] as? String == "other")
    #expect((answer["removed"] as? [String]) == [] && (answer["added"] as? [String] ?? []).count > 6)
    let broken = try diff("version: 1\nfilters: 3\n")
    #expect(broken.code == 1 && broken.output.isEmpty && broken.errors.contains("set.yaml:2:10: "))
  }
}
