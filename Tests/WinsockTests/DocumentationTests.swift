import Foundation
import Testing

/// Issue 5: every public function has a doc comment with its parameters, units, errors and the page it follows.
@Suite struct DocumentationTests {
  private struct Function {
    let file: String
    let name: String
    let comment: String
  }

  /// The exported functions of a file, each with the comment lines right above it.
  private static func functions(of file: String, _ text: String) -> [Function] {
    var found: [Function] = []
    var comment: [Substring] = []
    var isExported = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("///") {
        comment.append(line)
      } else if line.hasPrefix("@c @implementation") {
        isExported = true
      } else {
        if isExported, let match = line.firstMatch(of: /public func (\w+)/) {
          found.append(Function(file: file, name: String(match.1), comment: comment.joined(separator: "\n")))
        }
        (comment, isExported) = ([], false)
      }
    }
    return found
  }

  private static func all() throws -> [Function] {
    let folder = TestPaths.package + "/Sources/Winsock"
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }.sorted()
    return try files.flatMap { functions(of: $0, try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8)) }
  }

  @Test("Issue 5: every exported function says what it does and names the page that it follows")
  func everyFunction() throws {
    let functions = try Self.all()
    #expect(functions.count > 120)
    for function in functions {
      let namesPage = function.comment.contains(/Page: \w+\.?/) || function.comment.contains(/Microsoft's page "\w+/)
      #expect(namesPage, "\(function.file): \(function.name)")
      let first = function.comment.split(separator: "\n").first ?? ""
      #expect(first.count > 12 && !first.hasPrefix("/// Page:") && !first.hasPrefix("/// - "), "\(function.name)")
    }
  }

  /// The list is whole: what the library exports is written in C or here.
  @Test("Issue 5: no exported function is missed by the one above")
  func theListIsWhole() throws {
    let map = try String(contentsOfFile: TestPaths.package + "/link/ws2.map", encoding: .utf8)
    let list = try #require(map.components(separatedBy: "global:").last?.components(separatedBy: "local:").first)
    let exported = Set(list.split(whereSeparator: { ";\n ".contains($0) }).map(String.init))
    #expect(exported.subtracting(try Self.all().map(\.name)).isEmpty)
  }

  @Test("Issue 5: a function without a page is found")
  func broken() {
    let text =
      "/// Does a thing.\n@c @implementation\npublic func Thing() {}\n\n@c @implementation\npublic func Other() {}\n"
    let found = Self.functions(of: "Broken.swift", text)
    #expect(found.map(\.name) == ["Thing", "Other"])
    #expect(found.map(\.comment) == ["/// Does a thing.", ""])
  }
}
