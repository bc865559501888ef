import Foundation
import Testing

/// docs/man: wfpctl(1), wfp-policy(5), libwfpshim(7) say what the commands, the schema and docs/environment.md say.
/// WSAIoctl(3): WinsockTests/ManualTests.
@Suite struct ManualPageTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  private func page(_ name: String) throws -> String {
    try String(contentsOfFile: "\(Self.root)/docs/man/\(name)", encoding: .utf8)
  }

  /// As `man` shows it, words one blank apart.
  private func shown(_ name: String) throws -> String {
    let result = try runProgram("/usr/bin/mandoc", ["-T", "ascii", "\(Self.root)/docs/man/\(name)"], [:])
    try #require(result.code == 0, "\(result.errors)")
    let plain = result.output.replacing(/.\u{8}/, with: "")
    return plain.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  private func help(_ words: [String]) throws -> String {
    let result = try wfpctl(words + ["--help"])
    #expect(result.code == 0 && result.errors.isEmpty, "\(words): \(result.errors)")
    return result.output
  }

  private func subcommands(_ help: String) -> [String] {
    let part = help.components(separatedBy: "SUBCOMMANDS:").dropFirst().first ?? ""
    return part.matches(of: #/\n  ([a-z]+) /#).map { String($0.output.1) }
  }

  @Test("The pages are good mdoc", arguments: ["wfpctl.1", "wfp-policy.5", "libwfpshim.7"])
  func markup(name: String) throws {
    let lint = ["-T", "lint", "-W", "warning"]
    let result = try runProgram("/usr/bin/mandoc", lint + ["\(Self.root)/docs/man/\(name)"], [:])
    #expect(result.code == 0 && (result.output + result.errors).isEmpty, "\(result.output)\(result.errors)")
    let directory = try PrivateDirectory()
    let broken = try directory.file(name, try page(name).replacingOccurrences(of: ".El\n", with: ""))
    #expect(try runProgram("/usr/bin/mandoc", lint + [broken], [:]).code != 0, "the check sees a fault")
  }

  @Test("wfpctl(1) has every subcommand and every option of --help") func commands() throws {
    let manual = try shown("wfpctl.1")
    let commands = subcommands(try help([]))
    #expect(commands.count >= 7 && commands.contains("trace"))
    let nested = subcommands(try help(["policy"])).map { ["policy", $0] }
    #expect(nested.count >= 6)
    for words in commands.map({ [$0] }) + nested where words != ["policy"] {
      #expect(manual.contains(words.joined(separator: " ")), "\(words)")
      let options = Set(try help(words).matches(of: /--[a-z-]+/).map { String($0.output) })
      #expect(options.contains("--help"))
      for option in options { #expect(manual.contains(option), "\(words) \(option)") }
    }
  }

  @Test("wfp-policy(5) has every key of the schema but the context's fields") func policy() throws {
    let manual = try shown("wfp-policy.5")
    let schema = try parsed(try wfpctl(["policy", "schema"]).output)
    var keys = Set((try #require(schema["properties"] as? [String: Any])).keys)
    let definitions = try #require(schema["$defs"] as? [String: Any])
    for name in ["options", "provider", "filter", "sublayer", "conditions"] {
      guard let properties = (definitions[name] as? [String: Any])?["properties"] as? [String: Any] else { continue }
      keys.formUnion(properties.keys)
    }
    #expect(keys.count > 10)
    for key in keys { #expect(manual.contains(key), "\(key)") }
  }

  @Test("libwfpshim(7) has every variable of the preload; wfpctl(1) those of wfpctl") func environment() throws {
    let text = try String(contentsOfFile: "\(Self.root)/docs/environment.md", encoding: .utf8)
    let rows = text.matches(of: /\| `([A-Z_]+)` \| ([^|]+) \|/).map { (String($0.output.1), String($0.output.2)) }
    let (preload, command) = (try shown("libwfpshim.7"), try shown("wfpctl.1"))
    #expect(rows.filter { $0.1.contains("preload") }.count >= 4)
    for (name, reader) in rows {
      if reader.contains("preload") { #expect(preload.contains(name), "\(name)") }
      if reader.contains("wfpctl") { #expect(command.contains(name), "\(name)") }
    }
  }

  @Test("The policy of wfp-policy(5) is one") func example() throws {
    let text = try page("wfp-policy.5")
    let part = try #require(text.components(separatedBy: ".Bd -literal -offset indent\n").last)
    let directory = try PrivateDirectory()
    let file = try directory.file("contoso.yaml", part.components(separatedBy: ".Ed")[0])
    #expect(try wfpctl(["policy", "check", file]).code == 0)
  }
}
