import Foundation
import Testing

/// `make docs`: every page of docs/ and every manual page is on the site, DocC has no complaint, and the tutorial of the
/// Swift library ends with the example that the tests run.
@Suite struct SiteTests {
  @Test func pages() throws {
    let stage = try Stage()
    let environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
    let (status, lines) = try Program(
      tool("bash"), [repository.path + "/tools/site", stage.folder], environment: environment
    ).finish(seconds: 300)
    try #require(status == 0, "\(lines)")
    let site = stage.folder + "/site"
    let documentation = repository.appending(path: "docs")
    func names(_ folder: URL, _ suffix: String) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(suffix) }
        .map { String($0.dropLast(suffix.count)) }
    }
    let pages =
      try names(documentation, ".md")
      + names(documentation.appending(path: "decisions"), ".md").map { "decision-\($0)" }
      + ["manual-wfpctl", "manual-WSAIoctl", "manual-wfp-policy", "manual-libwfpshim"]
    try #require(pages.count > 30)
    for page in pages {
      let data = "\(site)/data/documentation/wfpshim/\(page.lowercased()).json"
      #expect(FileManager.default.fileExists(atPath: data), "\(page)")
      #expect(
        FileManager.default.fileExists(atPath: "\(site)/documentation/wfpshim/\(page.lowercased())/index.html"),
        "\(page)")
    }
    for symbol in ["redirectsocket", "redirectsocket/setredirectrecords(_:)", "redirecterror", "redirectcontext"] {
      let found = try Program(
        tool("find"), ["\(site)/data/documentation/wfpredirect", "-path", "*/\(symbol)*.json"]
      ).finish().lines
      #expect(!found.isEmpty, "\(symbol)")
    }
    #expect(FileManager.default.fileExists(atPath: "\(site)/data/tutorials/wfpredirect/relay.json"))
  }

  @Test func tutorialEndsWithTheExample() throws {
    let last = repository.appending(path: "Sources/WFPRedirect/WFPRedirect.docc/Resources/relay-3.swift")
    let example = repository.appending(path: "examples/nio-relay/Sources/Relay.swift")
    let text = try String(contentsOf: example, encoding: .utf8)
    #expect(try String(contentsOf: last, encoding: .utf8) == text)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
    let readme = try String(contentsOf: repository.appending(path: "README.md"), encoding: .utf8)
    #expect(lines < 100 && readme.contains("(examples/nio-relay) in \(lines) lines"))
  }
}
