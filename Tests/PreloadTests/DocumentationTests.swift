import Foundation
import Testing

/// The pages of docs/ that a reader follows step by step: each command is typed into a terminal, each output shown must
/// appear. The tutorial is what a newcomer does, from the first command to the page, a broken policy and the end.
@Suite(.disabled(if: sanitized, "a sanitized shim cannot be preloaded"), .serialized) struct DocumentationTests {
  @Test(
    .enabled(
      if: DatagramHazardTests.canUnshareNetwork,
      "a network namespace of its own is not permitted here (unshare -n): the pages' ports may be taken"),
    arguments: ["tutorial", "how-to-chain", "how-to-context", "how-to-loop", "how-to-watch"])
  func page(name: String) throws {
    let script = repository.appending(path: "Tests/Documentation/follow.py").path
    let page = repository.appending(path: "docs/\(name).md").path
    let folders = [products.path, "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"].joined(separator: ":")
    for folder in ["tutorial", "chain", "context", "loop", "watch"] where name.hasSuffix(folder) {
      try? FileManager.default.removeItem(atPath: "/tmp/wfpshim-\(folder)")
    }
    let inside = "ip link set lo up && exec /usr/bin/python3 '\(script)' '\(page)' '\(folders)'"
    let (status, lines) = try Program(tool("unshare", package: "util-linux"), ["-n", "sh", "-c", inside]).finish(
      seconds: 300)
    #expect(status == 0 && lines.last?.hasSuffix(" commands") == true, "\(lines.joined(separator: "\n"))")
  }

  @Test("every policy that a page shows is one") func policies() throws {
    let stage = try Stage()
    let folder = repository.appending(path: "docs").path
    let pages = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".md") }
    var count = 0
    for page in pages.map({ folder + "/" + $0 }) + [repository.path + "/README.md"] {
      let text = try String(contentsOfFile: page, encoding: .utf8)
      for block in text.matches(of: #/```yaml\n(version: 1\n[^`]*)```/#).map({ String($0.output.1) }) {
        count += 1
        let file = stage.folder + "/policy.yaml"
        try block.write(toFile: file, atomically: true, encoding: .utf8)
        let (status, lines) = try Program("wfpctl", ["policy", "check", file]).finish()
        #expect(status == 0, "\(page): \(lines)")
      }
    }
    #expect(count >= 9)
  }

  @Test("every link of the documentation leads somewhere") func links() throws {
    let tracked = try Program(tool("git"), ["-C", repository.path, "ls-files", "*.md"]).finish().lines
    try #require(tracked.count > 20)
    for file in tracked {
      let folder = (repository.path + "/" + file as NSString).deletingLastPathComponent
      let text = try String(contentsOfFile: repository.path + "/" + file, encoding: .utf8)
      for link in text.matches(of: #/\]\(([^)#\s]+)(#[^)]*)?\)/#).map({ String($0.output.1) })
      where !link.contains("://") {
        #expect(FileManager.default.fileExists(atPath: folder + "/" + link), "\(file): \(link)")
      }
    }
  }
}
