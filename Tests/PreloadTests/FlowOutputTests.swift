import Foundation
import Testing

/// What `wfpctl flows` and `status` show beside text and JSON: a picture, a terminal's table, and Prometheus' format.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded")) struct FlowOutputTests {
  /// A connection that is held through two services.
  private func chain(_ stage: Stage) throws -> UInt16 {
    let (_, port) = try stage.origin()
    _ = try stage.service("contoso", redirecting: [port], weight: 100)
    _ = try stage.service("fabrikam", redirecting: [port], weight: 50)
    let stream = try stage.shimmed("ProbeStream", ["127.0.0.1", "\(port)", "--hold"])
    _ = try stream.line("holding")
    return port
  }

  @Test("a picture: one chain for all hops of a connection") func picture() throws {
    let stage = try Stage()
    let port = try chain(stage)
    let file = stage.folder + "/flows.svg"
    try stage.wfpctl("flows", "--svg").joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
    func ask(_ path: String) throws -> [String] {
      let words = ["--xpath", path, file]
      let (status, lines) = try Program(tool("xmllint", package: "libxml2-utils"), words).finish()
      try #require(status == 0, "\(lines)")
      return lines
    }
    #expect(try ask("string(/*[local-name()='svg']/*[local-name()='title'])") == ["1 redirected connections"])
    #expect(try ask("count(//*[local-name()='g'])") == ["4"])
    let texts = try ask("//*[local-name()='g']/*[local-name()='text']/text()").joined(separator: " ")
    #expect(texts.contains("ProbeStream [") && texts.contains("contoso") && texts.contains("fabrikam"))
    #expect(texts.hasSuffix("127.0.0.1:\(port)"))
  }

  @Test("a picture of a program that is called like markup") func hostileName() throws {
    let stage = try Stage()
    let (_, port) = try stage.origin()
    _ = try stage.service("contoso", redirecting: [port])
    let folder = try stage.openFolder()
    let hostile = folder + "/<script>&\"'"
    try copyProgram(products.appending(path: "ProbeStream").path, to: hostile)
    let stream = try stage.shimmed(hostile, ["127.0.0.1", "\(port)", "--hold"])
    _ = try stream.line("holding")
    let file = stage.folder + "/flows.svg"
    try stage.wfpctl("flows", "--svg").joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
    let (status, lines) = try Program(
      tool("xmllint", package: "libxml2-utils"),
      ["--xpath", "//*[local-name()='script']|string(//*[local-name()='g'])", file]
    ).finish()
    #expect(status != 0, "an element of it: \(lines)")
    let text = try Program(
      tool("xmllint", package: "libxml2-utils"), ["--xpath", "string(//*[local-name()='g'])", file]
    ).finish()
    #expect(text.status == 0 && text.lines.joined().contains("<script>&\"'"), "\(text.lines)")
  }

  @Test("a picture when there is nothing") func emptyPicture() throws {
    let stage = try Stage()
    #expect(try stage.wfpctl("flows", "--svg").joined().contains("no redirected connection"))
  }

  /// Through script(1), which gives the command a terminal.
  private func onTerminal(_ stage: Stage, _ words: String, _ more: [String: String]) throws -> String {
    let wfpctl = products.appending(path: "wfpctl").path
    let environment = stage.environment.merging(["TERM": "xterm"]) { $1 }.merging(more) { $1 }
    let (status, lines) = try Program(
      tool("script", package: "bsdutils"), ["-qec", "stty cols 100; \(wfpctl) \(words)", "/dev/null"],
      environment: environment
    ).finish()
    try #require(status == 0, "\(lines)")
    return lines.joined(separator: "\n")
  }

  @Test("colours and a table only on a terminal, and none with NO_COLOR or TERM=dumb") func terminal() throws {
    let stage = try Stage()
    let port = try chain(stage)
    let escape = "\u{1B}["
    let plain = try stage.wfpctl("flows").joined(separator: "\n")
    #expect(!plain.contains(escape) && !plain.contains("APPLICATION") && plain.contains("  application  "))
    let coloured = try onTerminal(stage, "flows", [:])
    #expect(
      coloured.contains(escape + "32m") && coloured.contains("APPLICATION") && coloured.contains("contoso → fabrikam"))
    for more in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
      let table = try onTerminal(stage, "flows", more)
      #expect(
        !table.contains(escape) && table.contains("APPLICATION") && table.contains("127.0.0.1:\(port)"), "\(more)")
      #expect(table.split(whereSeparator: \.isNewline).allSatisfy { $0.count <= 100 })
    }
    #expect(try onTerminal(stage, "flows --details", [:]).contains("  application  "))
    #expect(try !onTerminal(stage, "flows --json", [:]).contains(escape))
  }

  @Test("OpenMetrics, as the reference parser reads it") func openMetrics() throws {
    let stage = try Stage()
    _ = try chain(stage)
    let file = stage.folder + "/metrics"
    try (stage.wfpctl("status", "--openmetrics").joined(separator: "\n") + "\n").write(
      toFile: file, atomically: true, encoding: .utf8)
    let script = """
      import sys
      from prometheus_client.openmetrics.parser import text_string_to_metric_families
      for family in text_string_to_metric_families(open(sys.argv[1]).read()):
        for sample in family.samples:
          print(family.type, sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items())), sample.value)
      """
    let (status, lines) = try Program(tool("python3"), ["-c", script, file]).finish()
    try #require(status == 0, "\(lines)")
    #expect(lines.contains("gauge wfpshim_flows_live 3"), "\(lines)")
    #expect(lines.contains("counter wfpshim_events_total what=claimed 2"))
    #expect(lines.contains("counter wfpshim_provider_events_total provider=fabrikam what=published 1"))
    #expect(lines.contains("gauge wfpshim_policy_sets 2"))
    // The dashboard asks for what there is.
    let dashboard = repository.appending(path: "docs/grafana.json")
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: dashboard)) as? [String: Any]
    let panels = try #require(object?["panels"] as? [[String: Any]])
    let asked = panels.flatMap { $0["targets"] as? [[String: Any]] ?? [] }.compactMap { $0["expr"] as? String }
    #expect(asked.count >= 6)
    let known = Set(lines.compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) })
    for expression in asked {
      for match in expression.matches(of: /wfpshim_\w+/) {
        #expect(known.contains(String(match.output)), "\(expression)")
      }
    }
  }

  @Test("what excludes each other is said") func exclusive() throws {
    for words in [
      ["flows", "--svg", "--json"], ["flows", "--svg", "--follow"], ["status", "--json", "--openmetrics"],
    ] {
      let (status, lines) = try Program("wfpctl", words).finish()
      #expect(status == 64 && lines.joined().contains("exclude"), "\(lines)")
    }
  }
}
