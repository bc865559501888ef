import Foundation
import Policy
import Testing

/// docs/policy.md: its examples are policies, and its tables leave nothing out.
@Suite struct DocumentationTests {
  private let page: String

  init() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
    page = try String(contentsOf: root.appendingPathComponent("docs/policy.md"), encoding: .utf8)
  }

  private var examples: [String] {
    page.components(separatedBy: "```yaml\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
  }

  @Test func examplesAreGood() throws {
    #expect(examples.count == 5)
    for example in examples {
      let set = try PolicySet(text: example, file: "policy.md", name: "example") { $0 == "root" ? 0 : nil }
      let loaded = LoadedSet(set, loaded: 0, firstFilterID: 1)
      #expect(try loadedSets(in: try compilePolicy([loaded]) { _ in 0 }) == [loaded])
    }
  }

  /// Every field and every condition is used in an example.
  @Test func examplesUseEverything() throws {
    var kinds: Set<ContextField.Kind> = []
    var conditions: Set<UInt32> = []
    for example in examples {
      let set = try PolicySet(text: example, file: "policy.md", name: "example") { _ in 0 }
      for field in set.providers.flatMap({ $0.context ?? [] }) { kinds.insert(field.kind) }
      for condition in set.filters.flatMap(\.conditions) { conditions.insert(condition.kind) }
    }
    #expect(kinds == Set(ContextField.Kind.allCases))
    #expect(conditions == Set(1...8))
  }

  /// What the page says of the exemption: the permit is asked before the redirect, in one sublayer.
  @Test func exemption() throws {
    let example = try #require(examples.first { $0.contains("exempt-backup") })
    let set = try PolicySet(text: example, file: "policy.md", name: "example") { _ in 0 }
    let order = arbitrationOrder([LoadedSet(set, loaded: 0, firstFilterID: 1)])
    #expect(order.map(\.filter.name) == ["audit-root", "exempt-backup", "scan", "no-smtp"])
    #expect(order[1].sublayer == order[2].sublayer)
  }
}
